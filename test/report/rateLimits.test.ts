import assert from "node:assert/strict";
import { test } from "node:test";
import { limitReport } from "../../lib/report/rateLimits.ts";
import { SeriesSum } from "../../lib/results/seriesSum.ts";

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
