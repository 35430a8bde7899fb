import assert from "node:assert/strict";
import { test } from "node:test";
import type { Assignment } from "../../lib/plan/assign.ts";
import type { Report } from "../../lib/report/schema.ts";
import { balances } from "../../lib/results/ledger.ts";
import { planTask } from "../../lib/stages/plan.ts";
import { reduceTask } from "../../lib/stages/reduce.ts";
import { planKey, reportKey } from "../../lib/store/keys.ts";
import { requireJson } from "../../lib/store/store.ts";
import { doneByHost, FLEET_PORTS, type FleetByHand, startFleetByHand } from "../support/fleetByHand.ts";
import { metadataService } from "../support/metadata.ts";
import { checkedPlan } from "../support/plans.ts";
import { startVolley } from "../support/volley.ts";

/** Writes an assignment's task, and again as often as a host gives it back; resolves when it is done. */
async function doTask(fleet: FleetByHand, assignment: Assignment): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await doneByHost(fleet, assignment, attempt);
    } catch (error) {
      assert.equal((error as Error).name, "Volley.HostLeaves");
    }
  }
}

test("a Spot host gives its task to a spare, which goes on, and the report names it", {
  timeout: 120_000,
}, async (t) => {
  const fleet = await startFleetByHand(t);
  const { origin, store, where } = fleet;
  const notices: string[] = [];
  const metadata = await metadataService(t, notices);
  for (const name of ["doomed", "heir"]) {
    const env = name === "doomed" ? { VOLLEY_METADATA: metadata.endpoint } : {};
    const host = startVolley(["host", "--name", name, ...where], env);
    t.after(() => host.child.kill("SIGKILL"));
    await host.printed(/free$/m);
  }
  const plan = checkedPlan(origin, { mode: "fleet", workers: 1, duration: "14s" });
  await store.put(planKey("spot"), JSON.stringify(plan));
  const { assignmentsKey } = await planTask(store, "spot", { planKey: planKey("spot") }, FLEET_PORTS);
  const [assignment] = await requireJson<Assignment[]>(store, assignmentsKey);
  assert.ok(assignment);
  const noticed = setTimeout(
    () => notices.push(JSON.stringify({ action: "terminate", time: new Date().toISOString() })),
    assignment.startAtMs - Date.now(),
  );
  t.after(() => clearTimeout(noticed));
  await doTask(fleet, assignment);
  await reduceTask(store, { runId: "spot" });
  const report = await requireJson<Report>(store, reportKey("spot", "json"));
  assert.match(report.findings.join("\n"), /^w000-s00: doomed gave it back: EC2 took its Spot instance away$/m);
  assert.deepEqual(report.workers[0]?.hosts, ["doomed", "heir"]);
  assert.deepEqual(report.workers[0]?.outcomes, ["superseded", "completed"]);
  for (const { ledger } of report.chains) assert.ok(balances(ledger));
  assert.equal(report.total.ledger.sent + report.total.ledger.missed, report.total.ledger.scheduled);
  // The successor joins in the middle of the schedule; what lies between the two is booked as missed.
  assert.ok(report.total.ledger.missed < report.total.ledger.scheduled / 4, JSON.stringify(report.total.ledger));
});
