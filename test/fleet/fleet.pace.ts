import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { LocalRun, type LocalRunResult } from "../../lib/local/run.ts";
import { balances } from "../../lib/results/ledger.ts";
import { temporaryFolder } from "../support/folder.ts";
import { checkedPlan } from "../support/plans.ts";
import { answeringServer, jsonResponse, RELAY } from "../support/servers.ts";

interface FleetRun {
  duration: string;
  /** Called with the hosts' process ids when both workers have written something. */
  inMidRun?(pids: readonly number[]): void;
}

/** Runs a plan of two workers in fleet mode. */
async function runFleet(
  t: TestContext,
  { duration, inMidRun }: FleetRun,
): Promise<LocalRunResult & { pids: number[] }> {
  const server = await answeringServer(t as never, () => jsonResponse(RELAY));
  const plan = checkedPlan(server.origin, { duration, mode: "fleet", workers: 2, timeout: "2s" });
  const pids: number[] = [];
  const run = new LocalRun({
    plan,
    runId: "fleet",
    folder: temporaryFolder(t),
    onProcess: (name, pid, running) => {
      if (name === "host" && running) pids.push(pid);
    },
  });
  const looking = setInterval(async () => {
    const chunks = await run.store.list("runs/fleet/chunks/");
    if (!chunks.some((key) => key.includes("w000")) || !chunks.some((key) => key.includes("w001"))) return;
    clearInterval(looking);
    inMidRun?.(pids);
  }, 200);
  t.after(() => clearInterval(looking));
  return { ...(await run.run()), pids };
}

test("a fleet of hosts runs a plan: each worker is a host, and the report is as ever", async (t) => {
  const { execution, report, pids } = await runFleet(t, { duration: "2s" });
  assert.equal(execution.status, "SUCCEEDED", JSON.stringify(execution));
  assert.equal(pids.length, 2);
  assert.equal(report?.total.ledger.valid, 200);
  assert.deepEqual(report?.verdict.reasons, []);
});

test("a host that dies is noticed, another goes on with its assignment, and the ledger balances", {
  timeout: 120_000,
}, async (t) => {
  const inMidRun = ([first = 0]: readonly number[]): void => void process.kill(-first, "SIGKILL");
  const { report } = await runFleet(t, { duration: "14s", inMidRun });
  assert.ok(report);
  for (const { ledger } of report.chains) assert.ok(balances(ledger));
  const hit = report.workers.find(({ outcomes }) => outcomes.includes("orphaned"));
  assert.ok(hit, "one attempt was lost");
  assert.match(report.findings.join(" "), /attempt 1 stopped at [\d.]+ s: host-\d had gone/);
  assert.equal(report.verdict.valid, false);
});

test("a run whose hosts all die ends long before its time, and its report says why", {
  timeout: 240_000,
}, async (t) => {
  const beganMs = performance.now();
  const inMidRun = (pids: readonly number[]): void => {
    for (const pid of pids) process.kill(-pid, "SIGKILL");
  };
  const { report } = await runFleet(t, { duration: "10m", inMidRun });
  assert.ok(performance.now() - beganMs < 200_000, "ten minutes are not waited for");
  assert.equal(report?.verdict.valid, false);
  const findings = report?.findings.join("\n") ?? "";
  for (const worker of ["w000", "w001"])
    assert.match(findings, new RegExp(`^${worker}-s00: its host was lost, and no other host took over$`, "m"));
});
