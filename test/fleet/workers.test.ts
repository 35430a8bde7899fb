import assert from "node:assert/strict";
import { test } from "node:test";
import { autoWorkers, workerNames } from "../../lib/fleet/workers.ts";
import { LOCAL_ACTIVITY } from "../../lib/local/fleet.ts";
import type { Assignment } from "../../lib/plan/assign.ts";
import type { Report } from "../../lib/report/schema.ts";
import { type PlanPorts, planTask } from "../../lib/stages/plan.ts";
import { reduceTask } from "../../lib/stages/reduce.ts";
import { Activities } from "../../lib/stepfunctions/activities.ts";
import { FolderStore } from "../../lib/store/folderStore.ts";
import { planKey, reportKey } from "../../lib/store/keys.ts";
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

/** Runs a plan's assignments by the hosts that poll the activity, and returns its report. */
async function runByHosts(store: Store, runId: string, activities: Activities): Promise<Report> {
  const { assignmentsKey } = await planTask(store, runId, { planKey: planKey(runId) }, PORTS);
  const assignments = await requireJson<Assignment[]>(store, assignmentsKey);
  const never = new AbortController().signal;
  await Promise.all(
    assignments.map((assignment) => activities.run(LOCAL_ACTIVITY, { assignment, runId } as never, undefined, never)),
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
  const activities = new Activities(LOCAL_ACTIVITY);
  const endpoint = await activities.listen();
  t.after(() => activities.close());
  const where = ["--activity", LOCAL_ACTIVITY, "--store", `file:${folder}`, "--endpoint", endpoint];
  const host = startVolley(["host", "--name", "big", "--workers", "2", ...where]);
  t.after(() => host.child.kill("SIGKILL"));
  await host.printed(/^big: 2 workers wait for assignments of /m);
  await store.put(planKey("two"), JSON.stringify(checkedPlan(server.origin, { mode: "fleet", workers: 2 })));

  const report = await runByHosts(store, "two", activities);
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
