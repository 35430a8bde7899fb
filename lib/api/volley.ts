import { resolve } from "node:path";
import { LocalRun, newRunId } from "../local/run.ts";
import type { Plan } from "../plan/schema.ts";
import { type Comparison, compareRuns } from "../report/compare.ts";
import type { Report } from "../report/schema.ts";
import { TOLERANCES, type Tolerances } from "../report/tolerances.ts";

/* What `import … from "volley"` gives. */

export type { Problem } from "../plan/problems.ts";
// biome-ignore lint/performance/noBarrelFile: the package's entry
export { InputError } from "../plan/problems.ts";
export type { Chain, Plan, Target } from "../plan/schema.ts";
export { type LoadOptions, loadPlan } from "../planfile/loadPlan.ts";
export type { Comparison, Difference } from "../report/compare.ts";
export type { LatencyMs, Report, ReportChain, ReportWorker } from "../report/schema.ts";
export type { Figure, Tolerances } from "../report/tolerances.ts";

/** How a run goes. */
export interface RunOptions {
  /** The folder in which `runs/<id>/` is made; the working directory by default. */
  folder?: string;
  /** Stops the workers when it is aborted; what was measured until then is reported. */
  signal?: AbortSignal;
  /** Called with what is odd about the run and does not end it. */
  onWarning?(text: string): void;
}

/**
 * Runs a plan on this machine, with a process for each worker, and returns its report, which `runs/<id>/` holds too.
 * Throws an InputError where the plan cannot be run here, and an Error where the run ended without a report.
 */
export async function run(plan: Plan, options: RunOptions = {}): Promise<Report> {
  const { folder = ".", signal, onWarning } = options;
  const runId = newRunId(plan.name, new Date());
  const local = new LocalRun({ plan, runId, folder: resolve(folder), ...(onWarning && { onWarning }) });
  const stop = (): void => void local.abort({ kind: "other", text: "the program that started the run stopped it" });
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const { execution, report } = await local.run();
    if (report) return report;
    const why = execution.status === "FAILED" ? `${execution.error}: ${execution.cause}` : "it wrote no report";
    throw new Error(`the run ${runId} failed before its report: ${why}`);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** Compares a run with an earlier one, chain by chain, and says which differences are real, as `volley compare` does. */
export function compare(before: Report, after: Report, tolerances: Partial<Tolerances> = {}): Comparison {
  return compareRuns(before, after, { ...TOLERANCES, ...tolerances });
}
