import assert from "node:assert/strict";
import { test } from "node:test";
import { calibrationText } from "../../lib/report/calibrate.ts";
import { createHistogram, recordMs } from "../../lib/results/histogram.ts";
import type { SeriesSum } from "../../lib/results/seriesSum.ts";
import { checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";

const plan = checkedPlan("http://127.0.0.1:1", { duration: "20s" });

/** A run whose requests were served in so many ms and sent so late. */
function run(serviceMs: number, lagMs: number) {
  return madeReport({
    plan,
    change(sum: SeriesSum) {
      sum.intervals.clear();
      sum.serviceTime.reset();
      sum.sendLag.reset();
      for (let second = 0; second < 20; second++) {
        const histogram = createHistogram();
        for (let n = 0; n < 100; n++) recordMs(histogram, (serviceMs + lagMs) * (1 + second / 1_000));
        sum.intervals.set(second, histogram);
        recordMs(sum.serviceTime, serviceMs);
        recordMs(sum.sendLag, lagMs);
      }
    },
  });
}

test("two alike runs are told to be equal; where the way differs, or the generator, that is named", () => {
  assert.match(calibrationText(run(10, 0), run(10, 0), Number.POSITIVE_INFINITY), /the generators are equal here/);
  assert.match(
    calibrationText(run(10, 0), run(16, 0), Number.POSITIVE_INFINITY),
    /p50 differs by \+6\.\d+ ms\. Most of it is the way to the target.* service time differs by \+6\.\d+ ms/,
  );
  assert.match(
    calibrationText(run(10, 8), run(10, 0), Number.POSITIVE_INFINITY),
    /p50 differs by -8\.\d+ ms\. Most of it is the generator: its send lag differs by -8\.\d+ ms/,
  );
});
