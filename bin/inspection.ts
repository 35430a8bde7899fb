import { GetFunctionConfigurationCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { type Check, checked } from "../lib/doctor/check.ts";
import type { InsideInput } from "../lib/doctor/inside.ts";
import {
  type FunctionFacts,
  fleetCheck,
  functionChecks,
  leftoverChecks,
  ownClockCheck,
  type RunFacts,
  stackChecks,
} from "../lib/doctor/outside.ts";
import type { Plan } from "../lib/plan/schema.ts";
import { VERSION } from "../lib/report/version.ts";
import { PROBE_KEY, reportKey } from "../lib/store/keys.ts";
import type { DeployedRun, Deployment } from "./deployment.ts";

/** Maximum size of a function's input in bytes. */
const MAX_PAYLOAD_BYTES = 6 * 2 ** 20;

/** Maximum number of runs to check, newest first. */
const MAX_RUNS = 20;

const LACKS = "the operator policy of the stack (output OperatorPolicyArn) allows it";

/** All checks of a deployment from outside and inside; with a plan, also whether it can be run. */
export async function inspect(deployment: Deployment, plan?: Plan): Promise<Check[]> {
  const { status, outputs } = deployment.facts;
  const names = functionNames(outputs);
  const runs = deployment.list().then((all) => Promise.all(all.slice(0, MAX_RUNS).map(runFacts(deployment))));
  const parts = await Promise.all([
    checked("functions", LACKS, async () => functionChecks(await Promise.all([...names].map(functionFacts)))),
    checked("inside", `${LACKS}; its log says more`, async () => askInside(names.get("doctor"), plan ? { plan } : {})),
    checked("earlier runs", LACKS, async () => leftoverChecks(await runs, deployment.stack, Date.now())),
    fleet(outputs.get("FleetGroup"), runs),
  ]);
  // Uses the object that the function has just written.
  const clock = await checked("clock here", "run it again", () => clockHere(deployment));
  return [...stackChecks(status, outputs.get("Version"), VERSION), ...parts.flat(), ...clock];
}

/** The deployed names of the functions, by their names in functions/. */
function functionNames(outputs: ReadonlyMap<string, string>): Map<string, string> {
  const pairs = (outputs.get("Functions") ?? "").split(",").map((pair) => pair.split("=") as [string, string]);
  return new Map(pairs.filter(([, name]) => name !== undefined));
}

async function functionFacts([name, FunctionName]: [string, string]): Promise<FunctionFacts> {
  const found = await new LambdaClient().send(new GetFunctionConfigurationCommand({ FunctionName }));
  const { State: state = "Active", StateReason: reason = "", LastUpdateStatus: update = "" } = found;
  return { name, state, reason, update };
}

/** Runs the checks in the deployment's doctor function. Rejects with its error if it failed. */
async function askInside(functionName: string | undefined, input: InsideInput): Promise<Check[]> {
  if (functionName === undefined) throw new Error("the stack has no doctor function: deploy this version");
  const Payload = Buffer.from(JSON.stringify(input));
  if (Payload.length > MAX_PAYLOAD_BYTES) throw new Error("the plan is too large for one call: leave its replays out");
  const client = new LambdaClient({ maxAttempts: 1, requestHandler: { socketTimeout: 320_000 } });
  const answer = await client.send(new InvokeCommand({ FunctionName: functionName, Payload }));
  const result = JSON.parse(Buffer.from(answer.Payload ?? []).toString() || "null") as Check[] & {
    errorMessage?: string;
  };
  if (answer.FunctionError !== undefined) throw new Error(result.errorMessage ?? answer.FunctionError);
  return result;
}

async function clockHere({ store }: Deployment): Promise<Check> {
  const beforeMs = Date.now();
  const theirs = await store.time(PROBE_KEY);
  if (!theirs) throw new Error("S3 reported no time");
  return ownClockCheck(theirs.atMs + theirs.resolutionMs / 2, beforeMs, Date.now());
}

function runFacts({ store }: Deployment) {
  return async ({ runId, status, startedAt }: DeployedRun): Promise<RunFacts> => {
    const isReported = (await store.list(reportKey(runId, "json"))).length > 0;
    return { runId, status, startedAtMs: startedAt?.getTime(), isReported };
  };
}

async function fleet(group: string | undefined, runs: Promise<RunFacts[]>): Promise<Check[]> {
  if (group === undefined) return [];
  return checked("fleet", LACKS, async () => {
    const { AutoScalingClient, DescribeAutoScalingGroupsCommand } = await import("@aws-sdk/client-auto-scaling");
    const command = new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [group] });
    const { AutoScalingGroups = [] } = await new AutoScalingClient().send(command);
    const isRunning = (await runs).some(({ status }) => status === "RUNNING");
    return fleetCheck(AutoScalingGroups[0]?.DesiredCapacity ?? 0, isRunning);
  });
}

/** Lambda's billing lines for the worker's function since an instant, in ms; empty if it has no log. */
export async function billedCalls({ facts }: Deployment, sinceMs: number): Promise<string[]> {
  const logGroupName = facts.outputs.get("WorkerLog");
  if (logGroupName === undefined) return [];
  const { CloudWatchLogsClient, paginateFilterLogEvents } = await import("@aws-sdk/client-cloudwatch-logs");
  const query = { logGroupName, startTime: sinceMs, filterPattern: "REPORT" };
  const lines: string[] = [];
  for await (const { events = [] } of paginateFilterLogEvents({ client: new CloudWatchLogsClient() }, query)) {
    for (const { message = "" } of events) lines.push(message);
  }
  return lines;
}
