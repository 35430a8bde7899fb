import { resolve } from "node:path";
import { LocalRun, newRunId } from "../../lib/local/run.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { loadPlan } from "../../lib/planfile/loadPlan.ts";
import { calibrationText } from "../../lib/report/calibrate.ts";
import type { Report } from "../../lib/report/schema.ts";
import { reportKey } from "../../lib/store/keys.ts";
import { readJson } from "../../lib/store/store.ts";
import { confirmLoad } from "../confirm.ts";
import { INTERNAL_ERROR, INVALID_RUN, OK } from "../exitCodes.ts";
import { follow, liveOutput } from "../live.ts";
import { loadOptions, type PlanOptions } from "../options.ts";
import { onSignals } from "../signals.ts";
import { textStyle } from "../terminal.ts";
import { openDeployment, runRemotely } from "./remote.ts";

export interface CalibrateOptions extends PlanOptions {
  out: string;
  stack?: string;
  yes?: boolean;
}

/** Runs a plan in both modes, and prints the differences and their causes. */
export async function calibrate(path: string, options: CalibrateOptions): Promise<void> {
  const plan = loadPlan(path, loadOptions(options));
  await confirmLoad(plan, path, options.yes === true);
  const reports: Report[] = [];
  for (const mode of ["lambda", "fleet"] as const) {
    const report = await runOnce({ ...structuredClone(plan), mode }, options);
    if (!report) {
      process.exitCode = INTERNAL_ERROR;
      return;
    }
    reports.push(report);
  }
  const [lambda, fleet] = reports;
  if (lambda && fleet)
    process.stdout.write(`\n${calibrationText(lambda, fleet, textStyle(process.stdout, {}).columns)}`);
  process.exitCode = reports.every(({ verdict }) => verdict.valid) ? OK : INVALID_RUN;
}

async function runOnce(plan: Plan, { out, stack }: CalibrateOptions): Promise<Report | undefined> {
  const runId = newRunId(`${plan.name}-${plan.mode}`, new Date());
  if (stack !== undefined) {
    await runRemotely(plan, runId, stack, {});
    return readJson<Report>((await openDeployment(stack)).store, reportKey(runId, "json"));
  }
  const local = new LocalRun({ plan, runId, folder: resolve(out) });
  const release = onSignals((signal) => local.abort({ kind: "signal", signal }));
  const following = follow(local.store, runId, plan, liveOutput({}, process.stdout));
  try {
    const { report, execution } = await local.run();
    if (!report) process.stderr.write(`volley: the run ${runId} left no report: ${JSON.stringify(execution)}\n`);
    return report;
  } finally {
    release();
    await following.stop();
  }
}
