import assert from "node:assert/strict";
import { test } from "node:test";
import { autoWorkers, workerNames } from "../../lib/fleet/workers.ts";
import type { Assignment } from "../../lib/plan/assign.ts";
import type { Report } from "../../lib/report/schema.ts";
import { planTask } from "../../lib/stages/plan.ts";
import { reduceTask } from "../../lib/stages/reduce.ts";
import { planKey, reportKey } from "../../lib/store/keys.ts";
import { requireJson } from "../../lib/store/store.ts";
import { doneByHost, FLEET_PORTS, type FleetByHand, startFleetByHand } from "../support/fleetByHand.ts";
import { checkedPlan } from "../support/plans.ts";
import { startVolley } from "../support/volley.ts";

/** Runs a plan's assignments by the hosts that are there, and returns its report. */
async function runByHosts(fleet: FleetByHand, runId: string): Promise<Report> {
  const { store } = fleet;
  const { assignmentsKey } = await planTask(store, runId, { planKey: planKey(runId) }, FLEET_PORTS);
  const assignments = await requireJson<Assignment[]>(store, assignmentsKey);
  await Promise.all(assignments.map((assignment) => doneByHost(fleet, assignment)));
  await reduceTask(store, { runId });
  return requireJson<Report>(store, reportKey(runId, "json"));
}

test("a host with two workers counts as two, runs two assignments at once, and the report tells them apart", {
  timeout: 90_000,
}, async (t) => {
  const fleet = await startFleetByHand(t);
  const { origin, store, where } = fleet;
  const host = startVolley(["host", "--name", "big", "--workers", "2", ...where]);
  t.after(() => host.child.kill("SIGKILL"));
  await host.printed(/^big: 2 workers wait for runs in /m);
  await store.put(planKey("two"), JSON.stringify(checkedPlan(origin, { mode: "fleet", workers: 2 })));

  const report = await runByHosts(fleet, "two");
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
