import assert from "node:assert/strict";
import { test } from "node:test";
import type { Assignment } from "../../lib/plan/assign.ts";
import type { Report } from "../../lib/report/schema.ts";
import { balances } from "../../lib/results/ledger.ts";
import { planTask } from "../../lib/stages/plan.ts";
import { reduceTask } from "../../lib/stages/reduce.ts";
import { Callbacks } from "../../lib/stepfunctions/callbacks.ts";
import { FolderStore } from "../../lib/store/folderStore.ts";
import { planKey, reportKey, tasksPrefix } from "../../lib/store/keys.ts";
import { requireJson, type Store } from "../../lib/store/store.ts";
import { temporaryFolder } from "../support/folder.ts";
import { metadataService } from "../support/metadata.ts";
import { PLAN_PORTS } from "../support/planPorts.ts";
import { checkedPlan } from "../support/plans.ts";
import { answeringServer, jsonResponse, RELAY } from "../support/servers.ts";
import { startVolley } from "../support/volley.ts";

const PORTS = {
  ...PLAN_PORTS,
  fleetWaitMs: 30_000,
  times: () => ({ nowMs: Date.now(), leadMs: 4_000, leadPerWorkerMs: 0, leadPerMbMs: 0 }),
};

/** Writes an assignment's task, and again as often as a host gives it back; resolves when it is done. */
async function doTask(store: Store, callbacks: Callbacks, assignment: Assignment): Promise<void> {
  const { runId } = assignment;
  for (let attempt = 1; ; attempt++) {
    const { token: taskToken, result } = callbacks.open();
    const returned = result(undefined, new AbortController().signal).then(
      () => true,
      ({ name }: Error) => {
        assert.equal(name, "Volley.HostLeaves");
        return false;
      },
    );
    const key = `${tasksPrefix(runId)}${assignment.id}/${attempt}/task.json`;
    await store.put(key, JSON.stringify({ taskToken, input: { assignment, runId } }));
    if (await returned) return;
  }
}

test("a Spot host gives its task to a spare, which goes on, and the report names it", {
  timeout: 120_000,
}, async (t) => {
  const server = await answeringServer(t as never, () => jsonResponse(RELAY));
  const folder = temporaryFolder(t);
  const store = new FolderStore(folder);
  const callbacks = new Callbacks();
  const endpoint = await callbacks.listen();
  t.after(() => callbacks.close());
  const notices: string[] = [];
  const metadata = await metadataService(t, notices);
  for (const name of ["doomed", "heir"]) {
    const env = name === "doomed" ? { VOLLEY_METADATA: metadata.endpoint } : {};
    const host = startVolley(["host", "--name", name, "--store", `file:${folder}`, "--endpoint", endpoint], env);
    t.after(() => host.child.kill("SIGKILL"));
    await host.printed(/free$/m);
  }
  const plan = checkedPlan(server.origin, { mode: "fleet", workers: 1, duration: "14s" });
  await store.put(planKey("spot"), JSON.stringify(plan));
  const { assignmentsKey } = await planTask(store, "spot", { planKey: planKey("spot") }, PORTS);
  const [assignment] = await requireJson<Assignment[]>(store, assignmentsKey);
  assert.ok(assignment);
  const noticed = setTimeout(
    () => notices.push(JSON.stringify({ action: "terminate", time: new Date().toISOString() })),
    assignment.startAtMs - Date.now(),
  );
  t.after(() => clearTimeout(noticed));
  await doTask(store, callbacks, assignment);
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
