import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { startGatewayProcess } from "../../lib/gateway/gatewayProcess.ts";
import { FUNCTIONS } from "../../lib/local/functions.ts";
import { LocalRun } from "../../lib/local/run.ts";
import { gatewaySchema } from "../../lib/plan/gatewaySchema.ts";
import { checkPlan } from "../../lib/plan/load.ts";
import type { HistoryEvent } from "../../lib/stepfunctions/interpreter.ts";
import { StateError } from "../../lib/stepfunctions/stateError.ts";
import { abortKey, runPrefix, scheduleKey, summariesPrefix } from "../../lib/store/keys.ts";
import { S3Store } from "../../lib/store/s3Store.ts";
import { readJson, type Store } from "../../lib/store/store.ts";
import { temporaryFolder } from "../support/folder.ts";
import { planInput } from "../support/plans.ts";
import { type Deployed, startDeployed } from "./deploy.ts";
import type { AwsStandIn } from "./standIn.ts";

/* The same definition and plan, executed by this project's interpreter and by the stand-in's Step Functions. */

const FAULTY_ATTACK = fileURLToPath(new URL("./faultyAttack.ts", import.meta.url));

/** What happened in an execution, as both tell it. */
interface Told {
  status: string | undefined;
  error: string | undefined;
  /** States in the order in which they were entered, of the execution itself and of its Watch branch. */
  states: string[];
  watch: string[];
  /** The types of all events of the execution's history, in order of their names. */
  events: string[];
  /** How often the worker's function was called. */
  attacks: number;
  /** Kinds of objects that the run left. */
  keys: string[];
  /** The report's JSON paths, with figures and names left out. */
  paths: string[];
  ledger: unknown;
}

const WATCH_STATES = new Set(["Watch", "All workers done?", "Watched", "Unwatched"]);

interface Scenario {
  name: string;
  /** Errors of the worker's function, for its first calls. */
  failures: string[];
  /** When the run is aborted, in ms from its start instant. */
  abortAtMs?: number;
}

const SCENARIOS: Scenario[] = [
  { name: "all goes well", failures: [] },
  { name: "a worker that fails is lost", failures: ["Error", "Error"] },
  { name: "a worker whose call is throttled is called again", failures: ["Lambda.TooManyRequestsException"] },
  { name: "a worker is aborted", failures: [], abortAtMs: 1_000 },
];

const TOLERANT = { sendLagP99Ms: 60_000, startSkewMs: 60_000 };

test("the embedded runner and Step Functions go through the same states, and leave the same objects", {
  timeout: 280_000,
}, async (t) => {
  const gateway = await startGatewayProcess(
    gatewaySchema.parse({ chains: [{ name: "ethereum", endpoint: "ETHEREUM", latencyMs: { p50: 2, p99: 4 } }] }),
  );
  t.after(() => gateway.stop());
  const started = await startDeployed(t, { allowedHosts: new URL(gateway.origin).host });
  if (!started) return;
  const { aws, deployed } = started;
  const plan = planInput(gateway.origin, { duration: "4s", timeout: "1s", limits: TOLERANT });
  const both = await Promise.all(
    SCENARIOS.map(async (scenario, index) =>
      Promise.all([
        inStepFunctions(aws, deployed, plan, scenario, `scenario-${index}`),
        embedded(temporaryFolder(t), plan, scenario),
      ]),
    ),
  );
  for (const [index, [there, here]] of both.entries()) {
    assert.deepEqual(here, there, SCENARIOS[index]?.name);
    const [status, attacks] = [here.status, here.attacks];
    if (index === 1) assert.deepEqual([status, attacks], ["FAILED", 1], "a failure is not tried again");
    if (index === 2) assert.deepEqual([status, attacks], ["SUCCEEDED", 2], "a throttled call is");
  }
});

async function inStepFunctions(
  aws: AwsStandIn,
  deployed: Deployed,
  plan: Record<string, unknown>,
  { failures, abortAtMs }: Scenario,
  name: string,
): Promise<Told> {
  const states = new SFNClient({});
  const waiting = [...failures];
  let attacks = 0;
  const others = aws.invoked.before;
  aws.invoked.before = (called, payload) => {
    if (called !== deployed.functions.attack || !JSON.stringify(payload).includes(`"${name}"`)) {
      return others(called, payload);
    }
    attacks++;
    const failure = waiting.shift();
    return failure === undefined ? undefined : new StateError(failure, "a fault of the test");
  };
  const { stateMachineArn } = deployed;
  const input = JSON.stringify(plan);
  const { executionArn } = await states.send(new StartExecutionCommand({ stateMachineArn, name, input }));
  const store = new S3Store(deployed.bucket);
  if (abortAtMs !== undefined) await abortAt(store, name, abortAtMs);
  let execution = await states.send(new DescribeExecutionCommand({ executionArn }));
  for (let tries = 0; execution.status === "RUNNING" && tries < 160; tries++) {
    await new Promise((done) => setTimeout(done, 500));
    execution = await states.send(new DescribeExecutionCommand({ executionArn }));
  }
  const { events = [] } = await states.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1_000 }));
  const entered = events.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []);
  return {
    status: execution.status,
    error: execution.error,
    ...split(entered),
    events: events.map(({ type }) => type ?? "").sort(),
    attacks,
    ...(await left(store, name)),
  };
}

async function embedded(folder: string, plan: Record<string, unknown>, scenario: Scenario): Promise<Told> {
  writeFileSync(`${folder}/failures.json`, JSON.stringify(scenario.failures));
  const history: HistoryEvent[] = [];
  const run = new LocalRun({
    plan: checkPlan(plan, ".", "the test's plan"),
    runId: "embedded",
    folder,
    // As in AWS a call that is made again is still in time.
    leadMs: 15_000,
    functions: { ...FUNCTIONS, attack: FAULTY_ATTACK },
    onEvent: (event) => history.push(event),
  });
  const running = run.run();
  if (scenario.abortAtMs !== undefined) await abortAt(run.store, "embedded", scenario.abortAtMs);
  const { execution } = await running;
  // What happens in an item of the Map is in a history of its own.
  const own = history.filter(({ path }) => !path.includes("Attack["));
  const entered = own
    .filter(({ type }) => type.endsWith("StateEntered"))
    .map(({ path }) => path.split("/").at(-1) ?? "");
  return {
    status: execution.status,
    error: execution.status === "FAILED" ? execution.error : undefined,
    ...split(entered),
    events: own.map(({ type }) => type).sort(),
    attacks: history.filter(({ type, detail }) => type === "TaskScheduled" && detail === "attack").length,
    ...(await left(run.store, "embedded")),
  };
}

async function abortAt(store: Store, runId: string, abortAtMs: number): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    const schedule = await readJson<{ startAtMs: number }>(store, scheduleKey(runId));
    if (schedule) {
      await new Promise((done) => setTimeout(done, schedule.startAtMs + abortAtMs - Date.now()));
      await store.putIfAbsent(abortKey(runId), JSON.stringify({ reason: "the test's", atMs: Date.now() }));
      return;
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error("the run was never planned");
}

function split(entered: readonly string[]): Pick<Told, "states" | "watch"> {
  return {
    states: entered.filter((name) => !WATCH_STATES.has(name)),
    watch: entered.filter((name) => WATCH_STATES.has(name)),
  };
}

async function left(store: Store, runId: string): Promise<Pick<Told, "keys" | "paths" | "ledger">> {
  const prefix = runPrefix(runId);
  const keys = (await store.list(prefix)).map((key) =>
    key
      .slice(prefix.length)
      .replace(/\d{6}\.json$/, "…")
      .replace(/^ticks\/.*/, "ticks/…"),
  );
  const report = await readJson<{ total: { ledger: { scheduled: number } } }>(store, `${prefix}report.json`);
  const summaries = await store.list(summariesPrefix(runId));
  return {
    // The embedded runner keeps its history and its own lease beside the run: Step Functions needs neither.
    keys: [...new Set(keys)].filter((key) => key !== "history.json" && !key.startsWith("runners/")).sort(),
    paths: [...new Set(pathsOf(report, "$"))].sort(),
    ledger: { scheduled: report?.total.ledger.scheduled, summaries: summaries.length },
  };
}

/** Where what there is depends on what happened to the very request. */
const TALLIES = /\.(missed|errors|invalid|statuses|faults|classes|events|hints|heat)$/;

function pathsOf(value: unknown, path: string): string[] {
  if (TALLIES.test(path)) return [path];
  if (Array.isArray(value)) return value.flatMap((each) => pathsOf(each, `${path}[]`));
  if (typeof value !== "object" || value === null) return [path.replace(/\[\]$/, "")];
  return Object.entries(value).flatMap(([key, each]) => pathsOf(each, `${path}.${key}`));
}
