import assert from "node:assert/strict";
import { test } from "node:test";
import { lagLimitMs } from "../../lib/plan/lagLimit.ts";
import { recordMs } from "../../lib/results/histogram.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";

const ORIGIN = "http://127.0.0.1:8545";

function limitOf(input: Record<string, unknown>): number {
  return lagLimitMs(checkedPlan(ORIGIN, input));
}

test("the send lag may be a quarter of the smallest p99 or p99.9 of all SLOs, and at most 50 ms", () => {
  const chain = chainInput("ethereum", 100, ORIGIN);
  const [target] = chain.targets as Record<string, unknown>[];
  assert.equal(limitOf({}), 50, "no SLO");
  assert.equal(limitOf({ slo: { p99Ms: 1_000 } }), 50);
  assert.equal(limitOf({ slo: { p99Ms: 30 } }), 7.5);
  assert.equal(limitOf({ slo: { p99Ms: 80, p999Ms: 40 } }), 10);
  assert.equal(limitOf({ slo: { p50Ms: 4, p90Ms: 4, p95Ms: 4 } }), 50, "one request in a hundred is not in these");
  assert.equal(limitOf({ slo: { p99Ms: 80 }, chains: [{ ...chain, slo: { p99Ms: 20 } }] }), 5, "a chain's");
  assert.equal(limitOf({ chains: [{ ...chain, targets: [{ ...target, slo: { p99Ms: 16 } }] }] }), 4, "a target's");
  assert.equal(limitOf({ slo: { methods: { eth_blockNumber: { p99Ms: 12 } } } }), 3, "a method's");
  const slo = { p99Ms: 80, regions: { east: { p99Ms: 8 } } };
  assert.equal(limitOf({ regions: { east: 1 }, slo }), 2, "a region's");
});

test("a limit in the plan stays", () => {
  assert.equal(limitOf({ slo: { p99Ms: 30 }, limits: { sendLagP99Ms: 20 } }), 20);
});

test("a p99 of 30 ms is not judged by a generator whose own p99 is 16 ms", () => {
  const validWith = (p99Ms: number): boolean => {
    const plan = checkedPlan(ORIGIN, { chains: [chainInput("ethereum", 100, ORIGIN)], slo: { p99Ms } });
    const change = (sum: Parameters<NonNullable<Parameters<typeof madeReport>[0]["change"]>>[0]): void => {
      for (let n = 0; n < 50; n++) recordMs(sum.sendLag, 16);
    };
    return madeReport({ plan, change }).verdict.valid;
  };
  assert.equal(validWith(30), false);
  assert.equal(validWith(100), true);
});
