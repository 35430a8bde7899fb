import assert from "node:assert/strict";
import { test } from "node:test";
import { autoWorkers, workerNames } from "../../lib/fleet/workers.ts";
import type { Assignment } from "../../lib/plan/assign.ts";
import type { Report } from "../../lib/report/schema.ts";
import { type PlanPorts, planTask } from "../../lib/stages/plan.ts";
import { reduceTask } from "../../lib/stages/reduce.ts";
import { Callbacks } from "../../lib/stepfunctions/callbacks.ts";
import { FolderStore } from "../../lib/store/folderStore.ts";
import { planKey, reportKey, tasksPrefix } from "../../lib/store/keys.ts";
import { requireJson, type Store } from "../../lib/store/store.ts";
import { temporaryFolder } from "../support/folder.ts";
import { PLAN_PORTS } from "../support/planPorts.ts";
import { checkedPlan } from "../support/plans.ts";
import { answeringServer, jsonResponse, RELAY } from "../support/servers.ts";
import { startVolley } from "../support/volley.ts";

/** What Plan needs for a run on this machine whose hosts somebody else starts. */
const PORTS: PlanPorts = {
  ...PLAN_PORTS,
  fleetWaitMs: 30_000,
  times: () => ({ nowMs: Date.now(), leadMs: 4_000, leadPerWorkerMs: 0, leadPerMbMs: 0 }),
};

/** Runs a plan's assignments by the hosts that are there, and returns its report. */
async function runByHosts(store: Store, runId: string, callbacks: Callbacks): Promise<Report> {
  const { assignmentsKey } = await planTask(store, runId, { planKey: planKey(runId) }, PORTS);
  const assignments = await requireJson<Assignment[]>(store, assignmentsKey);
  const never = new AbortController().signal;
  await Promise.all(
    assignments.map(async (assignment) => {
      const { token: taskToken, result } = callbacks.open();
      const returned = result(undefined, never);
      const task = { taskToken, input: { assignment, runId } };
      await store.put(`${tasksPrefix(runId)}${assignment.id}/1/task.json`, JSON.stringify(task));
      return returned;
    }),
  );
  await reduceTask(store, { runId });
  return requireJson<Report>(store, reportKey(runId, "json"));
}

test("a host with two workers counts as two, runs two assignments at once, and the report tells them apart", {
  timeout: 90_000,
}, async (t) => {
  const server = await answeringServer(t as never, () => jsonResponse(RELAY));
  const folder = temporaryFolder(t);
  const store = new FolderStore(folder);
  const callbacks = new Callbacks();
  const endpoint = await callbacks.listen();
  t.after(() => callbacks.close());
  const where = ["--store", `file:${folder}`, "--endpoint", endpoint];
  const host = startVolley(["host", "--name", "big", "--workers", "2", ...where]);
  t.after(() => host.child.kill("SIGKILL"));
  await host.printed(/^big: 2 workers wait for runs in /m);
  await store.put(planKey("two"), JSON.stringify(checkedPlan(server.origin, { mode: "fleet", workers: 2 })));

  const report = await runByHosts(store, "two", callbacks);
  assert.equal(report.total.ledger.valid, 200);
  assert.deepEqual(report.workers.flatMap(({ hosts }) => hosts).sort(), ["big#1", "big#2"]);

  host.child.kill("SIGTERM");
  assert.equal((await host.ended).code, 0);
  assert.deepEqual(await store.list("hosts/"), ["hosts/big%231.json", "hosts/big%232.json"]);
  for (const key of await store.list("hosts/")) assert.match((await store.get(key)) ?? "", /"atMs":null/, "it left");
});

test("auto is a worker for each core, less one for the machine from four cores on", () => {
  assert.deepEqual([1, 2, 3, 4, 8, 64].map(autoWorkers), [1, 2, 3, 3, 7, 63]);
});

test("a host's only worker has the host's name", () => {
  assert.deepEqual(workerNames("ip-10-0-0-7", 1), ["ip-10-0-0-7"]);
  assert.deepEqual(workerNames("ip-10-0-0-7", 2), ["ip-10-0-0-7#1", "ip-10-0-0-7#2"]);
});
