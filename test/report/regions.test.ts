import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Assignment } from "../../lib/plan/assign.ts";
import { partsOf, scheduleRun } from "../../lib/plan/runSchedule.ts";
import { renderHtml } from "../../lib/render/html.ts";
import { renderText } from "../../lib/render/text.ts";
import { isOfGenerator, type Reason, reasonText } from "../../lib/report/reasons.ts";
import type { ReportRegion } from "../../lib/report/regionSchema.ts";
import { regionReasons } from "../../lib/report/regions.ts";
import type { Report } from "../../lib/report/schema.ts";
import { judge } from "../../lib/report/verdict.ts";
import type { Chunk } from "../../lib/results/chunk.ts";
import { regionSlo } from "../../lib/results/slo.ts";
import { writePart } from "../../lib/stages/parts.ts";
import { writeReport } from "../../lib/stages/reportRun.ts";
import { assignmentsKey, planKey, scheduleKey, summaryKey } from "../../lib/store/keys.ts";
import { requireJson } from "../../lib/store/store.ts";
import { checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";
import { chunksOf, type Fixture, fixture, RUN, writeSummary } from "../support/results.ts";

const REGIONS = { "us-east-1": 0.5, "eu-west-1": 0.3, "ap-south-1": 0.2 };
const ORIGIN = "http://127.0.0.1:1";

/** A run of 100 requests per second for 4 s from three regions; `chunks` may change or drop what a worker wrote. */
async function runFrom(
  t: TestContext,
  change: (assignment: Assignment, chunks: Chunk[]) => Chunk[] = (_, chunks) => chunks,
  changes: Record<string, unknown> = {},
): Promise<Fixture> {
  const run = fixture(t, { perWorkerRps: 20, regions: REGIONS, ...changes });
  for (const assignment of run.assignments) {
    const chunks = change(assignment, chunksOf(run.plan, assignment, 1, 2));
    if (chunks.length > 0) await writeSummary(run, chunks);
  }
  await run.store.put(planKey(RUN), JSON.stringify(run.plan));
  await run.store.put(assignmentsKey(RUN), JSON.stringify(run.assignments));
  await writeSchedule(run);
  return run;
}

async function writeSchedule({ store, plan }: Fixture, workersPerReducer = 100) {
  const options = { runId: RUN, startAtMs: 0, leadMs: 0, workersPerReducer };
  const { schedule } = scheduleRun({ ...plan, segmentMs: 2_000 }, options);
  await store.put(scheduleKey(RUN), JSON.stringify(schedule));
  return schedule;
}

const statesOf = ({ regions = [] }: Report): object =>
  Object.fromEntries(regions.map(({ name, state }) => [name, state]));

test("each region has the figures of its workers; together they are the chain's, whether reduced in parts or not", async (t) => {
  const run = await runFrom(t, undefined, { limits: { breaker: false } });
  const report = await writeReport(run.store, RUN);
  const { regions = [], chains, verdict } = report;
  assert.deepEqual(verdict.reasons, []);
  assert.deepEqual(
    regions.map(({ name, workers, ledger, offeredRps }) => [name, workers, ledger.valid, offeredRps]),
    [
      ["us-east-1", 3, 200, 50],
      ["eu-west-1", 2, 120, 30],
      ["ap-south-1", 1, 80, 20],
    ],
  );
  const [first] = regions;
  assert.equal(first?.startSkewMs, 1);
  assert.equal(first?.chains[0]?.share, 0.5);
  assert.equal(first?.chains[0]?.responseTimeMs?.p50, chains[0]?.responseTimeMs?.p50);
  const counted = first?.chains[0]?.intervals.reduce((sum, { count }) => sum + count, 0);
  assert.equal(counted, 200);
  assert.deepEqual([...new Set(report.workers.map(({ region }) => region))], Object.keys(REGIONS));

  const parts = partsOf(await writeSchedule(run, 2));
  assert.equal(parts.length, 3);
  for (const part of parts) await writePart(run.store, part);
  assert.deepEqual(await writeReport(run.store, RUN), report);
});

test("a region that failed is named, the run is invalid, and the other regions report", async (t) => {
  const run = await runFrom(t, ({ region }, chunks) => (region === "eu-west-1" ? [] : chunks));
  const report = await writeReport(run.store, RUN);
  assert.equal(report.verdict.valid, false);
  assert.ok(
    report.verdict.reasons.includes("eu-west-1 failed: its 2 workers sent none of 120 requests."),
    report.verdict.reasons.join("\n"),
  );
  assert.deepEqual(statesOf(report), { "us-east-1": "in order", "eu-west-1": "failed", "ap-south-1": "in order" });
  assert.deepEqual(
    report.regions?.map(({ ledger }) => ledger.valid),
    [200, 0, 80],
  );
  assert.match(renderText(report, false, 120), /eu-west-1 +failed +2 +– +– +– +–\n/);
});

test("a region that lost a worker, or that started late, is named by what was found", async (t) => {
  const run = await runFrom(t, ({ id }, chunks) => (id === "w004-s00" ? [] : chunks));
  const late = run.assignments.find(({ region, segment }) => region === "ap-south-1" && segment === 0);
  const key = summaryKey(RUN, late?.id ?? "", 1);
  const summary = await requireJson<object>(run.store, key);
  await run.store.put(key, JSON.stringify({ ...summary, startSkewMs: 1_200 }));
  const report = await writeReport(run.store, RUN);
  assert.deepEqual(statesOf(report), { "us-east-1": "in order", "eu-west-1": "late", "ap-south-1": "late" });
  const reasons = report.verdict.reasons.join("\n");
  assert.match(
    reasons,
    /^eu-west-1: 30 of 120 requests \(25 %\) were not sent, because its workers were late or lost\.$/m,
  );
  assert.match(reasons, /^ap-south-1 was late: start skew 1200 ms, above 1s\.$/m);
});

test("an SLO holds in each region, unless it says otherwise for one; a region's rate is its share", () => {
  const slo = { p50Ms: 15, relayRps: 90, regions: { "ap-south-1": { p50Ms: 5 } } };
  const plan = checkedPlan(ORIGIN, { regions: REGIONS, slo });
  const report = madeReport({ plan });
  assert.deepEqual(report.verdict.causes, [
    { kind: "response-time", chain: "ethereum", region: "ap-south-1", percentile: "p50", foundMs: 10.007, limitMs: 5 },
  ]);
  assert.equal(report.verdict.valid, true);
  assert.equal(report.verdict.pass, false);
  assert.equal(report.verdict.reasons[0], "ethereum from ap-south-1: response time p50 10 ms is above 5 ms.");
  assert.deepEqual(regionSlo(plan, "ethereum", "eu-west-1"), { success: 0.99, p50Ms: 15, relayRps: 27 });
  assert.match(renderText(report, false, 120), /ethereum from ap-south-1 +p50 of all sent +≤ 5 ms +10 ms +✗/);
  assert.throws(() => checkedPlan(ORIGIN, { slo }), /\$\.slo\.regions\["ap-south-1"\].*expected a plan with regions/s);
});

test("a report without regions has nothing about them", () => {
  const report = madeReport({ plan: checkedPlan(ORIGIN) });
  assert.equal(report.regions, undefined);
  assert.doesNotMatch(renderText(report, false, 120), /region/);
  assert.ok(renderHtml(report).length > 0);
});

test("a region is late if its workers missed requests, lagged or started late; what an abort left does not count", () => {
  const plan = checkedPlan(ORIGIN, { regions: REGIONS, slo: { p99Ms: 100 }, limits: { startSkewMs: 50 } });
  const [region] = madeReport({ plan }).regions ?? [];
  assert.ok(region?.sendLagMs);
  const { ledger, sendLagMs } = region;
  const reasonsOf = (changes: Partial<ReportRegion>): Reason[] => regionReasons({ ...region, ...changes }, plan);
  const kindsOf = (changes: Partial<ReportRegion>): string[] => reasonsOf(changes).map(({ kind }) => kind);
  assert.deepEqual(kindsOf({}), []);
  assert.equal(ledger.scheduled, 100);
  assert.deepEqual(kindsOf({ missed: { late: 1 } }), ["region-missed"]);
  assert.deepEqual(kindsOf({ missed: { superseded: 1 } }), ["region-missed"]);
  assert.deepEqual(kindsOf({ missed: { "in-flight-cap": 9, aborted: 40 } }), []);
  assert.deepEqual(kindsOf({ missed: { aborted: 100 }, ledger: { ...ledger, sent: 0 } }), []);
  // A quarter of the p99 that the SLO allows.
  assert.deepEqual(kindsOf({ sendLagMs: { ...sendLagMs, p99: 25 } }), []);
  const late = reasonsOf({ sendLagMs: { ...sendLagMs, p99: 26 }, startSkewMs: 51 });
  assert.deepEqual(late.map(reasonText), [
    "us-east-1 was late: send lag p99 26 ms, above 25ms.",
    "us-east-1 was late: start skew 51 ms, above 50ms.",
  ]);
  assert.ok(late.every(isOfGenerator));
});

test("what is not measured by region is not required of one", () => {
  const slo = { usdPerMillionRelays: 1, relayCups: 1, usdPerMillionComputeUnits: 1, subscribers: { missed: 0 } };
  const plan = { ...checkedPlan(ORIGIN, { regions: REGIONS }), slo: { success: 0.99, ...slo } };
  const report = madeReport({ plan });
  assert.deepEqual(
    report.regions?.flatMap(({ chains }) => chains.flatMap((chain) => chain.slo.map(({ line }) => line))),
    ["success", "success", "success"],
  );
});

test("a class of failures above its limit in a region is named with the region", () => {
  const plan = checkedPlan(ORIGIN, { regions: REGIONS, slo: { success: 0, classes: { "http-503": 0.01 } } });
  const report = madeReport({ plan });
  const regions = report.regions?.map((region) => ({
    ...region,
    chains: region.chains.map((chain) => ({ ...chain, invalid: region.name === "eu-west-1" ? { "http-503": 3 } : {} })),
  }));
  assert.ok(regions);
  const { verdict } = judge({ ...report, regions }, plan);
  assert.deepEqual(verdict.reasons, ["ethereum from eu-west-1: 5 % ended in http-503, above 1 %."]);
});
