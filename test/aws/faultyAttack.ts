import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { handler as attack } from "../../functions/attack.ts";
import { StateError } from "../../lib/stepfunctions/stateError.ts";

/* The worker's handler, whose first calls fail as `failures.json` in the store's folder says: by names of errors. */

export async function handler(event: Parameters<typeof attack>[0]) {
  const folder = (process.env.VOLLEY_STORE ?? "").replace(/^file:/, "");
  const failures = JSON.parse(readFileSync(`${folder}/failures.json`, "utf8")) as string[];
  for (const [call, failure] of failures.entries()) {
    const mark = `${folder}/call-${call}`;
    if (existsSync(mark)) continue;
    writeFileSync(mark, "");
    throw new StateError(failure, "a fault of the test");
  }
  return attack(event);
}
