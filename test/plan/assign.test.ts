import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assign,
  assignmentProblems,
  chainSchedule,
  cutSegments,
  foreignFields,
  phaseRange,
  requestNumbers,
  scheduledRequests,
  splitRates,
} from "../../lib/plan/assign.ts";
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
    splitRates(checkedPlan(ORIGIN, { chains, perWorkerRps, ...(workers && { workers }) })).map(({ shares }) =>
      shares.map(({ chain, shard, of, rps }) => `${chain} ${shard}/${of} ${rps}`),
    );
  assert.deepEqual(split(undefined, 300), [["a 0/2 300"], ["a 1/2 300"], ["b 0/1 200"]]);
  assert.deepEqual(split(4, 300), [["a 0/3 200"], ["a 1/3 200"], ["a 2/3 200"], ["b 0/1 200"]]);
  assert.deepEqual(split(1, 1_000), [["a 0/1 600", "b 0/1 200"]]);
});

test("a plan without workers has one for each 500 subscribers of a chain", () => {
  const workersFor = (subscribers: number): number => {
    const subscriptions = [{ url: "ws://127.0.0.1:8546", to: "newHeads", subscribers }];
    return splitRates(checkedPlan(ORIGIN, { chains: [{ name: "ethereum", subscriptions }], duration: "1m" })).length;
  };
  assert.deepEqual([1, 500, 501, 2_000].map(workersFor), [1, 1, 2, 4]);
});

test("a pinned number of workers that cannot carry the rates is a problem, told with the number that can", () => {
  const chains = [chainInput("a", 600, ORIGIN), chainInput("b", 250, ORIGIN)];
  const problems = (workers: number | undefined) =>
    assignmentProblems({
      ...checkedPlan(ORIGIN, { chains, perWorkerRps: 850 }),
      perWorkerRps: 200,
      ...(workers && { workers }),
    });
  assert.deepEqual(problems(undefined), []);
  assert.deepEqual(problems(5), []);
  assert.deepEqual(problems(3), [
    {
      where: "$.workers",
      found: "3, so 284 requests per second each",
      expected: "at least 5 workers, or a higher perWorkerRps than 200",
    },
  ]);
  const even = { ...checkedPlan(ORIGIN, { chains }), perWorkerRps: 425, workers: 2 };
  assert.deepEqual(assignmentProblems(even), [], "as much as a worker may have is not too much");
});

test("an assignment that the plan does not make is told by its fields, and one that it makes is not", () => {
  const plan = checkedPlan(ORIGIN, { duration: "20s", segment: "10s", perWorkerRps: 50 });
  const all = assign(plan, WHEN);
  assert.equal(all.length, 4);
  for (const each of all) assert.deepEqual(foreignFields(plan, each), [], each.id);
  const [own, second] = all;
  assert.ok(own && second);
  const found = (change: object) => foreignFields(plan, { ...own, ...change });
  const shares = [{ chain: "ethereum", shard: 0, of: 2, rps: 50 }];
  assert.deepEqual(found({ shares: [{ ...shares[0], rps: 5_000 }] }), [
    {
      where: "assignment w000-s00: shares",
      found: "ethereum 0/2 at 5000.00000",
      expected: "ethereum 0/2 at 50.0000000",
    },
  ]);
  assert.deepEqual(found({ shares: [{ ...shares[0], rps: 50.0000000001 }] }), [], "a last digit is no other rate");
  assert.deepEqual(
    found({ shares: [...shares, { chain: "x", shard: 1, of: 3, rps: 1 }] }).map((each) => each.found),
    ["ethereum 0/2 at 50.0000000, x 1/3 at 1.00000000"],
  );
  assert.deepEqual(found({ toMs: 600_000 }), [
    { where: "assignment w000-s00: time", found: "0 to 600000 ms", expected: "0 to 10000 ms" },
  ]);
  assert.deepEqual(
    found({ mode: "fleet" }).map(({ where }) => where),
    ["assignment w000-s00: mode"],
  );
  assert.deepEqual(found({ invokeAt: "2000-01-01T00:00:00.000Z", timeoutSeconds: 1 }), []);
  assert.deepEqual(
    found({ worker: 7, segment: 9 }).map(({ expected }) => expected),
    ["none", "none", "none", "none", "none"],
  );
  assert.deepEqual(
    found({ worker: 1 }).map(({ where }) => where),
    ["assignment w000-s00: id", "assignment w000-s00: shares"],
  );
});

test("shares of the workers and segments are all requests of a chain, in the warm-up and in the measurement", () => {
  const chains = [chainInput("a", 90, ORIGIN), chainInput("b", 7, ORIGIN)];
  const profile = { type: "ramp", from: 0.5, to: 1 };
  const plan = checkedPlan(ORIGIN, { chains, profile, warmup: "4s", duration: "10s", segment: "3s", perWorkerRps: 40 });
  for (const [name, rps] of [
    ["a", 90],
    ["b", 7],
  ] as const) {
    const sums = { warmup: 0, measure: 0 };
    for (const each of assign(plan, WHEN)) {
      for (const share of each.shares.filter(({ chain }) => chain === name)) {
        for (const phase of ["warmup", "measure"] as const) sums[phase] += scheduledRequests(plan, each, share, phase);
      }
    }
    // The warm-up goes at the rate with which the ramp begins; the ramp's mean is three quarters.
    const within = (found: number, expected: number): void =>
      assert.ok(Math.abs(found - expected) <= 1, `${found} of ${expected} for ${name}`);
    within(sums.warmup, (rps / 2) * 4);
    within(sums.measure, rps * 0.75 * 10);
  }
  const [first] = assign(plan, WHEN);
  assert.ok(first);
  const foreign = { chain: "c", shard: 0, of: 1, rps: 1 };
  assert.throws(() => scheduledRequests(plan, first, foreign, "measure"), /w000-s00: the plan has no chain c/);
});

test("the warm-up's schedule is counted from its own start, and no phase has another's requests", () => {
  const plan = checkedPlan(ORIGIN, { warmup: "4s", duration: "10s", segment: "20s", workers: 1 });
  const [only] = assign(plan, WHEN);
  const [share] = only?.shares ?? [];
  const [chain] = plan.chains;
  assert.ok(only && share && chain);
  assert.equal(chainSchedule(plan, chain, "warmup").count, 400);
  assert.equal(chainSchedule(plan, chain, "measure").count, 1_000);
  const range = (phase: "warmup" | "measure", change = {}) => {
    const { from, to } = phaseRange(plan, { ...only, ...change }, share, phase);
    return [from, to];
  };
  const first = (["measure", "warmup"] as const).map((phase) => requestNumbers(plan, chain, phase)(0));
  assert.deepEqual(first, [0, 1_000], "the warm-up's numbers follow the measurement's: it warms no cache for them");
  assert.deepEqual(range("warmup"), [0, 400]);
  assert.deepEqual(range("measure"), [0, 1_000]);
  assert.deepEqual(range("warmup", { fromMs: -3_000, toMs: -1_000 }), [100, 300]);
  assert.deepEqual(range("measure", { fromMs: 2_000, toMs: 5_000 }), [200, 500]);
  const none = checkedPlan(ORIGIN, { duration: "10s", workers: 1 });
  assert.equal(scheduledRequests(none, only, share, "warmup"), 0);
});
