import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  isUnanswered,
  latencyOfAll,
  PERCENTILES,
  type Percentile,
  percentileOfAll,
} from "../../lib/results/allRequests.ts";
import { createHistogram, type Histogram, recordMs } from "../../lib/results/histogram.ts";

const NAMES = Object.keys(PERCENTILES) as Percentile[];

function histogramOf(timesMs: readonly number[]): Histogram {
  const histogram = createHistogram();
  for (const ms of timesMs) recordMs(histogram, ms);
  return histogram;
}

const times = fc.array(fc.double({ min: 0.1, max: 20_000, noNaN: true }), { maxLength: 60 });

test("a percentile of all requests is that of the sorted list in which the unanswered stand last", () => {
  fc.assert(
    fc.property(times, fc.nat(60), (timesMs, failed) => {
      const sorted = timesMs.toSorted((a, b) => a - b);
      const count = sorted.length + failed;
      for (const name of NAMES) {
        const found = percentileOfAll({ responseTime: histogramOf(timesMs), failed }, PERCENTILES[name]);
        if (count === 0) {
          assert.equal(found, undefined);
          continue;
        }
        // In whole thousandths: no rounding of the test's own.
        const rank = Math.max(1, Math.ceil((Math.round(PERCENTILES[name] * 10) * count) / 1_000));
        const expected = sorted[rank - 1] ?? Number.POSITIVE_INFINITY;
        const isRight = found === expected || Math.abs((found ?? 0) / expected - 1) < 0.002;
        assert.ok(isRight || Math.abs((found ?? 0) - expected) < 0.002, `${name}: ${found} for ${expected}`);
        assert.equal(isUnanswered({ responses: sorted.length, errors: failed }, name), found === Infinity);
      }
    }),
  );
});

test("no failure makes any percentile better: not one more, and not one in the place of a response", () => {
  fc.assert(
    fc.property(times, fc.nat(40), fc.nat(), (timesMs, failed, which) => {
      const before = { responseTime: histogramOf(timesMs), failed };
      const more = { ...before, failed: failed + 1 };
      const turned = { responseTime: histogramOf(timesMs.toSpliced(which % Math.max(1, timesMs.length), 1)), failed };
      if (timesMs.length > 0) turned.failed++;
      for (const name of NAMES) {
        const least = percentileOfAll(before, PERCENTILES[name]) ?? 0;
        for (const after of [more, turned]) {
          const found = percentileOfAll(after, PERCENTILES[name]) ?? Number.POSITIVE_INFINITY;
          assert.ok(found >= least, `${name}: ${found} after ${least}`);
        }
      }
    }),
  );
});

test("in figures an unanswered request counts as the timeout, or as the slowest response where that took longer", () => {
  const quick = histogramOf([10, 10, 10, 10]);
  assert.equal(latencyOfAll({ responseTime: quick, failed: 1 }, 2_000)?.max, 2_000);
  assert.ok((latencyOfAll({ responseTime: quick, failed: 1 }, 2_000)?.p50 ?? 0) < 11);
  const slow = latencyOfAll({ responseTime: histogramOf([10, 2_300]), failed: 1 }, 2_000);
  assert.ok((slow?.max ?? 0) >= 2_300);
  assert.equal(latencyOfAll({ responseTime: histogramOf([]), failed: 3 }, 2_000)?.p50, 2_000);
  assert.equal(latencyOfAll({ responseTime: histogramOf([]), failed: 0 }, 2_000), null);
});
