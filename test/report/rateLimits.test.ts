import assert from "node:assert/strict";
import { test } from "node:test";
import { limitReport } from "../../lib/report/rateLimits.ts";
import { SeriesSum } from "../../lib/results/seriesSum.ts";
import { checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";

test("a limit's burst is what it had saved up by the first request, even if that came seconds late", () => {
  const sum = new SeriesSum();
  let tokens = 40;
  // 50 requests/s and a burst of 40, under 400 requests/s that begin after five seconds.
  for (let n = 0; n < 400 * 6; n++) {
    tokens = Math.min(40, tokens + 50 / 400);
    const isRefused = tokens < 1;
    if (!isRefused) tokens--;
    sum.admissions.see(5_000 + n * 2.5, isRefused);
  }
  const limit = limitReport(sum);
  assert.equal(limit?.shape, "token-bucket");
  assert.ok(Math.abs((limit.rps ?? 0) - 50) < 1, `${limit.rps}`);
  assert.ok(Math.abs((limit.burst ?? 0) - 40) <= 2, `${limit.burst}`);
});

test("a plan that does not look for a limit has none in its report", () => {
  assert.equal(limitReport(new SeriesSum()), undefined);
});

test("a run that looks for a limit is judged by no SLO, and does not say what the gateway carries", () => {
  const url = "http://127.0.0.1:1";
  const plan = checkedPlan(url, { profile: { type: "limit" }, duration: "10s", slo: { success: 1, p50Ms: 1 } });
  const { verdict, chains, capacity } = madeReport({ plan });
  assert.deepEqual([verdict.valid, verdict.pass, verdict.reasons], [true, true, []]);
  assert.deepEqual(chains[0]?.slo, []);
  assert.equal(capacity?.totalRps, null);
});
