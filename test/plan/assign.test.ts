import assert from "node:assert/strict";
import { test } from "node:test";
import { assign, cutSegments, splitRates } from "../../lib/plan/assign.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";

const ORIGIN = "http://127.0.0.1:8545";
const WHEN = { runId: "run-1", startAtMs: 1_000_000_500, leadMs: 20_000 };

test("an assignment says who sends what, when it is called, and by when it has ended", () => {
  const plan = checkedPlan(ORIGIN, { duration: "20s", warmup: "4s", segment: "12s", timeout: "3s", workers: 1 });
  const shares = [{ chain: "ethereum", shard: 0, of: 1, rps: 100 }];
  const same = { runId: "run-1", worker: 0, startAtMs: 1_000_000_500, mode: "lambda", shares };
  assert.deepEqual(assign(plan, WHEN), [
    // From 4 s before the start for 12 s: called 20 s before, on a whole second; with 3 s of timeout and 15 s of grace.
    {
      ...same,
      id: "w000-s00",
      segment: 0,
      fromMs: -4_000,
      toMs: 8_000,
      invokeAt: "1970-01-12T13:46:16.000Z",
      timeoutSeconds: 50,
    },
    {
      ...same,
      id: "w000-s01",
      segment: 1,
      fromMs: 8_000,
      toMs: 20_000,
      invokeAt: "1970-01-12T13:46:28.000Z",
      timeoutSeconds: 50,
    },
  ]);
});

test("a fleet's hosts have one segment, however long", () => {
  const plan = checkedPlan(ORIGIN, { duration: "20s", warmup: "4s", segment: "12s", workers: 2, mode: "fleet" });
  const own = assign(plan, WHEN).map(({ id, fromMs, toMs, mode }) => [id, fromMs, toMs, mode]);
  assert.deepEqual(own, [
    ["w000-s00", -4_000, 20_000, "fleet"],
    ["w001-s00", -4_000, 20_000, "fleet"],
  ]);
});

test("segments are gapless, equal to the ms, and none is longer than it may be", () => {
  assert.deepEqual(cutSegments(0, 10, 10), [{ fromMs: 0, toMs: 10 }]);
  assert.deepEqual(cutSegments(-1, 10, 4), [
    { fromMs: -1, toMs: 3 },
    { fromMs: 3, toMs: 6 },
    { fromMs: 6, toMs: 10 },
  ]);
  assert.deepEqual(cutSegments(5, 5, 4), [{ fromMs: 5, toMs: 5 }]);
});

test("spare workers go where each has most to do; fewer than the chains need share all of them", () => {
  const chains = [chainInput("a", 600, ORIGIN), chainInput("b", 200, ORIGIN)];
  const split = (workers: number | undefined, perWorkerRps: number) =>
    splitRates(checkedPlan(ORIGIN, { chains, perWorkerRps, ...(workers && { workers }) })).map((shares) =>
      shares.map(({ chain, shard, of, rps }) => `${chain} ${shard}/${of} ${rps}`),
    );
  assert.deepEqual(split(undefined, 300), [["a 0/2 300"], ["a 1/2 300"], ["b 0/1 200"]]);
  assert.deepEqual(split(4, 300), [["a 0/3 200"], ["a 1/3 200"], ["a 2/3 200"], ["b 0/1 200"]]);
  assert.deepEqual(split(1, 1_000), [["a 0/1 600", "b 0/1 200"]]);
});
