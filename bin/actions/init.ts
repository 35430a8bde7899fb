import { writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { InputError } from "../../lib/plan/problems.ts";
import { firstPlan } from "../../lib/planfile/firstPlan.ts";

export interface InitOptions {
  origin?: string;
  out: string;
}

/** Writes a first plan, from a URL or another tool's file. */
export async function init(source: string, { origin, out }: InitOptions): Promise<void> {
  const { plan, notes } = firstPlan(source, out === "-" ? "." : dirname(out), origin);
  const text = `${JSON.stringify(plan, null, 2)}\n`;
  for (const note of notes) process.stderr.write(`${note}\n`);
  if (out === "-") {
    process.stdout.write(text);
    return;
  }
  try {
    writeFileSync(out, text, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new InputError(out, [{ where: "--out", found: "a file that is there", expected: "one that is not yet" }]);
  }
  process.stdout.write(`${out}: look at its rates and its SLO, then\n  volley ping ${out}\n  volley run ${out}\n`);
}
