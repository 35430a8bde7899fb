import assert from "node:assert/strict";
import { test } from "node:test";
import { handler as attackHandler } from "../../functions/attack.ts";
import { handler } from "../../functions/reduce.ts";
import { EMF_METRICS, emfOfChunk, emfOfReport } from "../../lib/live/outputs/emf.ts";
import { assign } from "../../lib/plan/assign.ts";
import { scheduleRun } from "../../lib/plan/runSchedule.ts";
import { FolderStore } from "../../lib/store/folderStore.ts";
import { assignmentsKey, planKey, scheduleKey } from "../../lib/store/keys.ts";
import { temporaryFolder } from "../support/folder.ts";
import { checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";
import { chunksOf, fixture, RUN, writeSummary } from "../support/results.ts";
import { answeringServer, jsonResponse, RELAY } from "../support/servers.ts";

const ORIGIN = "http://127.0.0.1:1";

/** What CloudWatch finds in a line: by the specification of the embedded metric format, or nothing. */
function metricsIn(line: string): {
  atMs: number;
  stack: unknown;
  figures: Record<string, [value: number, unit: string]>;
} {
  assert.match(line, /^\{.*\}\n$/, "one line, which begins with the object");
  const { _aws, ...members } = JSON.parse(line);
  const [{ Namespace, Dimensions, Metrics }] = _aws.CloudWatchMetrics;
  assert.equal(Namespace, "Volley");
  assert.deepEqual(Dimensions, [["Stack"]]);
  assert.ok(Number.isInteger(_aws.Timestamp));
  const figures = Metrics.map(({ Name, Unit }: { Name: string; Unit: string }) => [Name, [members[Name], Unit]]);
  return { atMs: _aws.Timestamp, stack: members.Stack, figures: Object.fromEntries(figures) };
}

test("a flush of a worker is a line with what it sent, and what became of it", (t) => {
  const { plan, assignments } = fixture(t);
  const [assignment] = assignments;
  assert.ok(assignment);
  const [, chunk] = chunksOf(plan, assignment, 1, 4);
  const [series] = chunk?.series ?? [];
  assert.ok(chunk && series);
  Object.assign(series, { valid: 20, errors: { ECONNRESET: 2 }, invalid: { "http-503": 3 }, missed: { late: 4 } });
  assert.deepEqual(metricsIn(emfOfChunk("volley", chunk, 1_700_000_000_000)), {
    atMs: 1_700_000_000_500,
    stack: "volley",
    figures: { Sent: [25, "Count"], Relays: [20, "Count"], Failed: [5, "Count"], Missed: [4, "Count"] },
  });
});

test("a run's report is a line with its p99; without one there is no line", () => {
  const report = madeReport({ plan: checkedPlan(ORIGIN) });
  const line = emfOfReport("volley", report, 1_000.4) ?? assert.fail();
  const { figures, atMs } = metricsIn(line);
  assert.equal(atMs, 1_000);
  assert.deepEqual(figures, { ResponseTimeP99: [report.total.responseTimeAllMs?.p99, EMF_METRICS.ResponseTimeP99] });
  report.total.responseTimeAllMs = null;
  assert.equal(emfOfReport("volley", report, 0), undefined);
});

test("Reduce leaves the line in its log if the deployment has a name for it, and not otherwise", async (t) => {
  const before = { ...process.env };
  t.after(() => {
    process.env = before;
  });
  const { plan, assignments } = fixture(t);
  const { schedule } = scheduleRun(plan, { runId: RUN, startAtMs: 0, leadMs: 0 });
  const folder = temporaryFolder(t);
  process.env.VOLLEY_STORE = `file:${folder}`;
  const own = new FolderStore(folder);
  await own.put(planKey(RUN), JSON.stringify(plan));
  await own.put(scheduleKey(RUN), JSON.stringify(schedule));
  await own.put(assignmentsKey(RUN), JSON.stringify(assignments));
  for (const each of assignments) await writeSummary({ store: own, plan, assignments }, chunksOf(plan, each, 1, 2));
  const lines: string[] = [];
  t.mock.method(process.stdout, "write", (text: string) => lines.push(String(text)) > 0);
  await handler({ runId: RUN });
  const without = lines.splice(0).filter((line) => line.includes("_aws"));
  process.env.VOLLEY_METRICS_STACK = "volley";
  await handler({ runId: RUN });
  t.mock.restoreAll();
  const found = lines.filter((line) => line.includes("_aws"));
  assert.deepEqual([without.length, found.length], [0, 1]);
  assert.equal(metricsIn(found[0] ?? "").stack, "volley");
});

test("a worker leaves a line for each flush in its log, and together they have all that it sent", async (t) => {
  const before = { ...process.env };
  t.after(() => {
    process.env = before;
  });
  const { origin } = await answeringServer(t, () => jsonResponse(RELAY));
  const plan = checkedPlan(origin, { workers: 1, duration: "1s" });
  const folder = temporaryFolder(t);
  process.env.VOLLEY_STORE = `file:${folder}`;
  process.env.VOLLEY_METRICS_STACK = "volley";
  await new FolderStore(folder).put(planKey(RUN), JSON.stringify(plan));
  const [assignment] = assign(plan, { runId: RUN, startAtMs: Date.now() + 1_000, leadMs: 1_000 });
  assert.ok(assignment);
  const lines: string[] = [];
  t.mock.method(process.stdout, "write", (text: string) => lines.push(String(text)) > 0);
  await attackHandler({ assignment });
  t.mock.restoreAll();
  const found = lines.filter((line) => line.includes("_aws")).map((line) => metricsIn(line).figures);
  const sum = (name: string): number => found.reduce((all, figures) => all + (figures[name]?.[0] ?? 0), 0);
  assert.equal(sum("Sent") + sum("Missed"), 100);
  assert.equal(sum("Relays"), sum("Sent"));
});
