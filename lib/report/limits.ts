import type { Remedy } from "./reasons.ts";
import type { Report } from "./schema.ts";

/** A machine whose cores were in use to this share, averaged over a flush interval, had no CPU left. */
const FULL = 0.9;

/** The remedy for a generator that was too slow: if the cores are full, more workers do not help. */
export function remedyOf({ run, generator }: Pick<Report, "run" | "generator">): Remedy {
  if (run.mode === "fleet") return "hosts";
  return generator.all.some(({ machineCpu }) => (machineCpu ?? 0) >= FULL) ? "cores" : "workers";
}
