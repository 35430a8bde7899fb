import { emfOfReport } from "../lib/live/outputs/emf.ts";
import type { Report } from "../lib/report/schema.ts";
import { type ReduceInput, reduceTask } from "../lib/stages/reduce.ts";
import { deployedStore } from "./ports/environment.ts";

/** Merges the workers' results, judges the run, and writes the report. */
export async function handler(input: ReduceInput) {
  return reduceTask(await deployedStore(), input, publish);
}

/** Leaves a run's metrics in the function's log, if the deployment has a name for them. */
function publish(report: Report): void {
  const { VOLLEY_METRICS_STACK: stack } = process.env;
  const line = stack === undefined ? undefined : emfOfReport(stack, report, Date.now());
  if (line !== undefined) process.stdout.write(line);
}
