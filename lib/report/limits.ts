import type { Remedy } from "./reasons.ts";
import type { Report } from "./schema.ts";

/** A machine whose cores were in use to this share, on the whole of a flush interval, had none left. */
const FULL = 0.9;

/** What helps a generator that was not quick enough: on full cores more workers do not. */
export function remedyOf({ run, generator }: Pick<Report, "run" | "generator">): Remedy {
  if (run.mode === "fleet") return "hosts";
  return generator.all.some(({ machineCpu }) => (machineCpu ?? 0) >= FULL) ? "cores" : "workers";
}
