import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "../../lib/plan/problems.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { renderText } from "../../lib/render/text.ts";
import type { Report } from "../../lib/report/schema.ts";
import { renderTable } from "../../lib/report/table.ts";
import { type AbortCause, encodeAbort } from "../../lib/store/abort.ts";
import { FolderStore } from "../../lib/store/folderStore.ts";
import { abortKey, planKey, reportKey, runPrefix } from "../../lib/store/keys.ts";
import { forEachAtOnce, readJson } from "../../lib/store/store.ts";
import { serveRun } from "../dashboard.ts";
import type { Deployment } from "../deployment.ts";
import { BAD_INPUT, INTERNAL_ERROR, RUN_GOES_ON, verdictCode } from "../exitCodes.ts";
import { type ExecutionStatus, followExecution, LeftError, patiently } from "../following.ts";
import { follow, type LiveOutput, liveOutput } from "../live.ts";
import type { SendTarget } from "../options.ts";
import { printData, printError } from "../output.ts";
import { withSending } from "../sending.ts";
import { onSignals } from "../signals.ts";
import { type OutputOptions, textStyle } from "../terminal.ts";

/** Loads the AWS clients on demand: a run on this machine does not need them, and starts sooner without them. */
export async function openDeployment(stack: string): Promise<Deployment> {
  const { openDeployment: open } = await import("../deployment.ts");
  return open(stack);
}

/** The deployment that a command uses. */
export interface Stack {
  stack: string;
}

/** Options for following a run in AWS. */
export interface RemoteOptions extends OutputOptions {
  /** Serve the run's page while it is running, on this port of loopback; `true` for a free one. */
  dashboard?: number | true;
  /** Receivers of live figures, which this command sends while it follows the run. */
  send?: SendTarget[];
}

/** How long the live view may take to end, in ms: AWS may have stopped responding. */
const STOP_MS = 3_000;

/** The dependencies of `patiently`; notes go to the live view. */
function patience(output: LiveOutput) {
  return { nowMs: Date.now, sleep: (ms: number) => sleep(ms), note: (text: string) => output.note(text) };
}

/** Uploads a checked plan, starts it in a deployment, and follows it to its report. */
export async function runRemotely(plan: Plan, runId: string, stack: string, options: RemoteOptions): Promise<void> {
  const deployment = await openDeployment(stack);
  const { output, sending } = await withSending(plan.name, options.send ?? [], liveOutput(options, process.stdout));
  await patiently(() => deployment.store.put(planKey(runId), JSON.stringify(plan)), patience(output));
  await patiently(() => deployment.start(runId, planKey(runId)), patience(output));
  output.started({ runId, place: `in AWS, stack ${stack}` });
  await followRemotely(deployment, { runId, plan }, options, output).finally(() => sending?.close());
}

/** Follows a run to its end, from its current position, and prints its report. Ctrl-C stops its workers. */
async function followRemotely(
  deployment: Deployment,
  { runId, plan }: { runId: string; plan: Plan },
  options: RemoteOptions,
  output: LiveOutput,
): Promise<void> {
  const { store } = deployment;
  const release = onSignals(async (signal) => {
    output.note(`stopping the workers (${signal}); press Ctrl-C again to exit and let the run end by itself`);
    await requestAbort(deployment, runId, { kind: "signal", signal });
  });
  const { dashboard: port } = options;
  const following = follow(store, runId, plan, output);
  const dashboard = port === undefined ? undefined : await serveRun(port === true ? 0 : port, store, runId);
  if (dashboard) output.note(`dashboard: ${dashboard.url}`);
  try {
    const ended = await followExecution({
      ...patience(output),
      status: () => deployment.status(runId),
      isReported: async () => (await store.list(reportKey(runId, "json"))).length > 0,
    });
    await following.stop();
    const report = await patiently(() => readJson<Report>(store, reportKey(runId, "json")), patience(output));
    await dashboard?.end(report);
    if (report) print(report, options);
    else tellFailed(runId, deployment.stack, ended);
  } catch (error) {
    if (!(error instanceof LeftError)) throw error;
    await Promise.race([following.stop(), sleep(STOP_MS, undefined, { ref: false })]);
    tellLeft(runId, deployment.stack, error);
  } finally {
    release();
    await dashboard?.end(undefined);
  }
}

function tellFailed(runId: string, stack: string, ended: ExecutionStatus | undefined): void {
  const why = ended ? [ended.status, ended.error].filter(Boolean).join(": ") : "no execution of this name is known";
  const isInput = ended?.error.startsWith("InputError") === true;
  const next = isInput || !ended ? "" : `\nvolley report ${runId} --stack ${stack} makes one of what there is`;
  printError(`volley: the run ${runId} ended without a report: ${why}${next}`);
  process.exitCode = isInput ? BAD_INPUT : INTERNAL_ERROR;
}

function tellLeft(runId: string, stack: string, { why, message }: LeftError): never {
  const reason = why === "credentials" ? "AWS no longer accepts these credentials" : "AWS does not answer";
  const renew =
    why === "credentials" ? "Renew them (aws sso login, or new keys in the environment), then follow" : "Follow";
  printError(
    `volley: ${reason} (${message}). The run ${runId} continues without this command.\n` +
      `${renew} it with: volley watch ${runId} --stack ${stack}`,
  );
  // Pending calls would keep this process alive for minutes.
  process.exit(RUN_GOES_ON);
}

/** Prints a run's report; false if there is none yet. */
export async function printReport({ store }: Deployment, runId: string, options: OutputOptions): Promise<boolean> {
  const report = await readJson<Report>(store, reportKey(runId, "json"));
  if (report) print(report, options);
  return report !== undefined;
}

/** Prints a report, and sets the exit code. */
export function print(report: Report, options: OutputOptions): void {
  const { colour, columns } = textStyle(process.stdout, options);
  if (options.json) printData(`${JSON.stringify(report, null, 2)}\n`);
  else process.stdout.write(`\n${renderText(report, colour, columns)}\n`);
  process.exitCode = verdictCode(report.verdict);
}

async function requestAbort({ store }: Deployment, runId: string, cause: AbortCause): Promise<void> {
  await store.putIfAbsent(abortKey(runId), encodeAbort(cause, Date.now()));
}

async function planOf({ store }: Deployment, runId: string): Promise<Plan> {
  const text = await store.get(planKey(runId));
  if (text === undefined) {
    throw new InputError(runId, [
      { where: "--stack", found: "no such run in it", expected: "an id that `volley list` shows" },
    ]);
  }
  return JSON.parse(text) as Plan;
}

/** Copies all of a run's objects from a deployment into a folder, and returns their number. */
async function fetchRun({ store }: Deployment, runId: string, folder: string): Promise<number> {
  const local = new FolderStore(folder);
  const keys = await store.list(runPrefix(runId));
  // Ticks are only keys, and only useful while the run is in progress.
  const kept = keys.filter((key) => !key.includes("/ticks/"));
  await forEachAtOnce(kept, async (key) => {
    const body = await store.get(key);
    if (body !== undefined) await local.put(key, body);
  });
  return kept.length;
}

/** Follows a run in AWS to its report. */
export async function watchRun(runId: string, { stack, ...options }: RemoteOptions & Stack): Promise<void> {
  const deployment = await openDeployment(stack);
  const plan = await planOf(deployment, runId);
  const { output, sending } = await withSending(plan.name, options.send ?? [], liveOutput(options, process.stdout));
  await followRemotely(deployment, { runId, plan }, options, output).finally(() => sending?.close());
}

/** Downloads a run from AWS into a folder. */
export async function fetchInto(runId: string, { stack, out }: Stack & { out: string }): Promise<void> {
  const deployment = await openDeployment(stack);
  await planOf(deployment, runId);
  const count = await fetchRun(deployment, runId, resolve(out));
  process.stdout.write(`${resolve(out, runPrefix(runId))}: ${count} objects\n`);
}

/** Stops a run in AWS. */
export async function abortRun(runId: string, { stack }: Stack): Promise<void> {
  const deployment = await openDeployment(stack);
  await planOf(deployment, runId);
  await requestAbort(deployment, runId, { kind: "command" });
  process.stdout.write(
    `${runId}: its workers stop within 2 s; volley watch ${runId} --stack ${stack} shows the report\n`,
  );
}

/** Lists the runs in AWS, newest first. */
export async function listRuns({ stack }: Stack): Promise<void> {
  const runs = await (await openDeployment(stack)).list();
  const rows = runs.map(({ runId, status, startedAt }) => [
    runId,
    status.toLowerCase(),
    startedAt?.toISOString() ?? "–",
  ]);
  process.stdout.write(
    rows.length === 0
      ? "no runs yet\n"
      : `${renderTable(["run", "status", "started"], rows, textStyle(process.stdout, {}).columns)}\n`,
  );
}
