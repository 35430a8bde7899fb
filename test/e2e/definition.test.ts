import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { DEFINITION_PATH } from "../../lib/local/functions.ts";
import { LocalRun, type LocalRunResult } from "../../lib/local/run.ts";
import { temporaryFolder } from "../support/folder.ts";
import { checkedPlan } from "../support/plans.ts";
import { answeringServer, jsonResponse, RELAY } from "../support/servers.ts";

/* The local run executes the definition's file and nothing beside it: what changes there changes the run. */

type Machine = { StartAt: string; States: Record<string, Record<string, unknown>> };

async function runWith(
  t: TestContext,
  change: (machine: Machine) => void,
  changes: Record<string, unknown> = {},
): Promise<LocalRunResult & { functions: string[] }> {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const machine = JSON.parse(readFileSync(DEFINITION_PATH, "utf8")) as Machine;
  change(machine);
  const functions: string[] = [];
  const run = new LocalRun({
    plan: checkedPlan(server.origin, { duration: "1s", timeout: "1s", ...changes }),
    runId: "run",
    folder: temporaryFolder(t),
    definition: JSON.stringify(machine),
    onProcess: (name, _pid, running) => running && functions.push(name),
  });
  return { ...(await run.run()), functions };
}

function state(machine: Machine, name: string): Record<string, unknown> {
  return machine.States[name] ?? assert.fail(`no state ${name}`);
}

test("as deployed: Plan, then the worker and Watch, then Reduce", async (t) => {
  const { execution, functions, report } = await runWith(t, () => {});
  assert.equal(execution.status, "SUCCEEDED", JSON.stringify(execution));
  assert.equal(report?.total.ledger.valid, 100);
  assert.equal(functions[0], "plan");
  assert.deepEqual(functions.slice(1, 3).sort(), ["attack", "watch"]);
  assert.deepEqual(functions.slice(3), ["reduce"]);
});

test("a run too large for one reducer is reduced by several, and then by one that has what they made", async (t) => {
  process.env.VOLLEY_WORKERS_PER_REDUCER = "1";
  t.after(() => delete process.env.VOLLEY_WORKERS_PER_REDUCER);
  const { execution, functions, report } = await runWith(t, () => {}, { perWorkerRps: 50 });
  assert.equal(execution.status, "SUCCEEDED", JSON.stringify(execution));
  assert.deepEqual(
    functions.filter((each) => each === "reduce"),
    ["reduce", "reduce", "reduce"],
  );
  assert.equal(report?.workers.length, 2);
  assert.equal(report?.total.ledger.valid, 100);
});

test("reordered, so that Reduce comes before the run: nothing was sent when the report is written", async (t) => {
  const { report, functions } = await runWith(t, (machine) => {
    // Reduce would hand on its verdict alone: here it hands on what Run needs.
    state(machine, "Plan").Next = "Reduce";
    const { OutputPath: _, ...reduce } = state(machine, "Reduce");
    machine.States.Reduce = { ...reduce, ResultPath: "$.reduced", Next: "Run" };
    state(machine, "Run").Next = "Passed";
    state(machine, "Run").Catch = [{ ErrorEquals: ["States.ALL"], ResultPath: "$.error", Next: "Passed" }];
    const parts = ["Too large for one reducer?", "Reduce in parts"];
    for (const name of [
      ...parts,
      "Verdict",
      "SLO missed",
      "Invalid run",
      "Trial of a search?",
      "Next trial",
      "Search over?",
    ])
      delete machine.States[name];
  });
  assert.deepEqual(functions.slice(0, 2), ["plan", "reduce"]);
  assert.ok(functions.includes("attack"));
  assert.equal(report?.total.ledger.sent, 0);
});

/** What the Map runs for each assignment. */
function itemProcessor(machine: Machine): Machine {
  const [branch] = state(machine, "Run").Branches as Machine[];
  return state(branch ?? assert.fail(), "Attack").ItemProcessor as Machine;
}

/** Makes the worker's invocation fail: its payload lacks the assignment. */
function breakWorker(machine: Machine): Record<string, unknown> {
  const worker = state(itemProcessor(machine), "Worker");
  worker.Parameters = { FunctionName: "${attack}", Payload: {} };
  return worker;
}

test("a Catch decides what becomes of a worker that fails", async (t) => {
  const caught = await runWith(t, (machine) => void breakWorker(machine));
  assert.equal(caught.report?.total.missed.lost, 100);
  assert.equal(caught.execution.status, "FAILED");
  assert.equal((caught.execution as { error: string }).error, "Volley.InvalidRun");

  const uncaught = await runWith(t, (machine) => {
    delete breakWorker(machine).Catch;
    const { States } = itemProcessor(machine);
    for (const lost of ["Lost host", "Lost worker"]) delete States[lost];
    for (const other of ["Host", "Other region"]) delete States[other]?.Catch;
    const [branch] = state(machine, "Run").Branches as Machine[];
    delete branch?.States.Attack?.ToleratedFailurePercentage;
    delete state(machine, "Run").Catch;
  });
  assert.equal((uncaught.execution as { error: string }).error, "States.ExceedToleratedFailureThreshold");
  assert.equal(uncaught.report, undefined);
});

test("a Retry decides how often a worker that fails is called", async (t) => {
  const { functions } = await runWith(t, (machine) => {
    breakWorker(machine).Retry = [
      { ErrorEquals: ["TypeError"], IntervalSeconds: 1, MaxAttempts: 2, BackoffRate: 1, JitterStrategy: "FULL" },
    ];
  });
  assert.equal(functions.filter((name) => name === "attack").length, 3);
});
