import { resolve } from "node:path";
import type { RegionDelays } from "../../lib/local/regionNetworks.ts";
import { LocalRun, type LocalRunResult, newRunId } from "../../lib/local/run.ts";
import { InputError } from "../../lib/plan/problems.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { secretReferences } from "../../lib/plan/secretReferences.ts";
import { loadPlan } from "../../lib/planfile/loadPlan.ts";
import { renderText } from "../../lib/render/text.ts";
import type { Report } from "../../lib/report/schema.ts";
import { reportKey, runPrefix } from "../../lib/store/keys.ts";
import { openStore } from "../../lib/store/store.ts";
import { confirmLoad } from "../confirm.ts";
import { serveRun } from "../dashboard.ts";
import { BAD_INPUT, INTERNAL_ERROR, stoppedBy, verdictCode } from "../exitCodes.ts";
import { follow, type LiveOutput, liveOutput } from "../live.ts";
import { loadOptions, type PlanOptions, type SendTarget } from "../options.ts";
import { printData, printError } from "../output.ts";
import { withSending } from "../sending.ts";
import { onSignals } from "../signals.ts";
import { type OutputOptions, textStyle } from "../terminal.ts";
import { runRemotely } from "./remote.ts";

export interface RunOptions extends OutputOptions, PlanOptions {
  out: string;
  stack?: string;
  mode?: Plan["mode"];
  dashboard?: number | true;
  store?: string;
  yes?: boolean;
  send?: SendTarget[];
  regions?: RegionDelays;
}

/** Runs a plan file. */
export async function run(path: string, options: RunOptions): Promise<void> {
  return runPlan(loadPlan(path, loadOptions(options)), path, options);
}

/** The options for running a plan that is already loaded. */
export type RunPlanOptions = Omit<RunOptions, keyof PlanOptions> & { print?: (report: Report) => string };

/** Runs a plan, on this machine or in AWS, and prints its report. `path` identifies the plan in error messages. */
export async function runPlan(plan: Plan, path: string, options: RunPlanOptions): Promise<void> {
  if (options.mode !== undefined) plan.mode = options.mode;
  const runId = newRunId(plan.name, new Date());
  if (options.stack === undefined) checkSecrets(plan, path);
  if (options.regions && (options.stack ?? options.store) !== undefined) throw new InputError(path, [DELAYS_IN_AWS]);
  await confirmLoad(plan, path, options.yes === true);
  if (options.stack !== undefined) return runRemotely(plan, runId, options.stack, options);
  const folder = resolve(options.out);
  const { output, sending } = await withSending(plan.name, options.send ?? [], liveOutput(options, process.stdout));
  const { store: uri, regions } = options;
  const remote = uri === undefined ? undefined : { uri, store: await openStore(uri) };
  const onWarning = (text: string): void => output.note(`warning: ${text}`);
  const local = new LocalRun({
    plan,
    runId,
    folder,
    onWarning,
    ...(remote && { remote }),
    ...(regions && { regionDelays: regions }),
  });
  const signals = stopOnSignals(local, output);
  const port = options.dashboard === true ? 0 : options.dashboard;
  const dashboard = port === undefined ? undefined : await serveRun(port, local.store, runId);
  const placeOf = (key: string): string => (uri ? `${uri.replace(":", "://")}/${key}` : resolve(folder, key));
  output.started({ runId, place: placeOf(runPrefix(runId)), ...(dashboard && { dashboard: dashboard.url }) });
  const following = follow(local.store, runId, plan, output);
  try {
    const result = await local.run();
    await following.stop();
    await dashboard?.end(result.report);
    finishRun(result, { runId, placeOf, stopped: signals.stopped() }, options);
  } finally {
    signals.release();
    await following.stop();
    await dashboard?.end(undefined);
    await sending?.close();
  }
}

/** A run in AWS has real distances, and a bucket cannot be reached from a region's network. */
const DELAYS_IN_AWS = {
  where: "--regions",
  found: "delays beside --stack or --store",
  expected: "a run on this machine, with a folder",
};

/** Throws an InputError for secrets that the workers on this machine would not find. */
function checkSecrets(plan: Plan, path: string): void {
  const problems = [...secretReferences(plan)]
    .filter(([reference]) => !(reference.startsWith("env://") && reference.slice("env://".length) in process.env))
    .map(([reference, where]) => ({
      where,
      found: `the secret ${reference}`,
      expected: "env:// and the name of an environment variable that is set here",
    }));
  if (problems.length > 0) throw new InputError(path, problems);
}

/** Stops a run's workers on the first signal, and exits on the second; returns which one it was. */
export function stopOnSignals(
  local: LocalRun,
  output: LiveOutput,
): { stopped(): NodeJS.Signals | undefined; release(): void } {
  let stopped: NodeJS.Signals | undefined;
  const release = onSignals(
    async (signal) => {
      stopped = signal;
      output.note(`stopping the workers (${signal}); press Ctrl-C again to exit at once`);
      await local.abort({ kind: "signal", signal });
    },
    () => local.leave(),
  );
  return { stopped: () => stopped, release };
}

/** A run that has ended. */
interface FinishedRun {
  runId: string;
  /** Where an object is in the run's store. */
  placeOf(key: string): string;
  /** The signal that stopped it. */
  stopped: NodeJS.Signals | undefined;
}

/** Prints a run's result, and sets the exit code: the verdict's, or that of the signal that stopped the run. */
export function finishRun(
  { execution, report }: LocalRunResult,
  { runId, placeOf, stopped }: FinishedRun,
  options: OutputOptions & { print?: (report: Report) => string },
): void {
  if (!report) {
    const why = execution.status === "FAILED" ? `${execution.error}: ${execution.cause}` : "it wrote no report";
    printError(`volley: the run ${runId} failed before its report: ${why}`);
    process.exitCode = execution.status === "FAILED" && execution.error === "InputError" ? BAD_INPUT : INTERNAL_ERROR;
    return;
  }
  const files = { json: reportKey(runId, "json"), html: reportKey(runId, "html") };
  if (options.print) {
    printData(options.print(report));
  } else if (options.json) {
    printData(`${JSON.stringify({ event: "report", runId, verdict: report.verdict, files })}\n`);
  } else {
    const { colour, columns } = textStyle(process.stdout, options);
    process.stdout.write(`\n${renderText(report, colour, columns)}\n`);
    process.stdout.write(`${placeOf(files.html)}\n${placeOf(files.json)}\n`);
  }
  process.exitCode = stopped ? stoppedBy(stopped) : verdictCode(report.verdict);
}
