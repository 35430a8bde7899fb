import assert from "node:assert/strict";
import { test } from "node:test";
import { Recorder } from "../../lib/attack/recorder.ts";
import { WorkerSubscriptions } from "../../lib/attack/subscriptions.ts";
import { ConnectionCount } from "../../lib/http/connections.ts";
import { assign, chainSchedule, phaseRange, requestNumbers, splitRates } from "../../lib/plan/assign.ts";
import { InputError } from "../../lib/plan/problems.ts";
import { regionShare, regionsOf } from "../../lib/plan/regions.ts";
import type { Chain, Plan } from "../../lib/plan/schema.ts";
import { Turns } from "../../lib/plan/turns.ts";
import { renderPlan } from "../../lib/render/planText.ts";
import { dealtBefore, dealtNumber } from "../../lib/schedule/deal.ts";
import { systemClock } from "../../lib/store/clock.ts";
import { CALL, chainInput, checkedPlan } from "../support/plans.ts";

const ORIGIN = "http://127.0.0.1:8545";
const TWO = { "us-east-1": 0.6, "eu-west-1": 0.4 };

function problemsOf(changes: Record<string, unknown>): string[] {
  try {
    checkedPlan(ORIGIN, changes);
    return [];
  } catch (error) {
    assert.ok(error instanceof InputError);
    return error.problems.map(({ where, found, expected }) => `${where}: ${found}, expected ${expected}`);
  }
}

/** How many requests of a chain each region's workers send in the measurement. */
function sentBy(plan: Plan, chain: Chain): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const assignment of assign(plan, { runId: "r", startAtMs: 0, leadMs: 0 })) {
    const { region = "none" } = assignment;
    for (const share of assignment.shares.filter((each) => each.chain === chain.name)) {
      const { from, to } = phaseRange(plan, assignment, share, "measure");
      for (let n = from; n < to; n++) if (n % share.of === share.shard) counts[region] = (counts[region] ?? 0) + 1;
    }
  }
  return counts;
}

test("each region sends exactly its share of each chain, whatever the number of workers", () => {
  for (const [regions, workers] of [
    [TWO, undefined],
    [TWO, 7],
    [{ a: 0.57, b: 0.43 }, undefined],
    [{ a: 0.57, b: 0.43 }, 4],
    [{ a: 0.333, b: 0.333, c: 0.334 }, undefined],
  ] as const) {
    const chains = [chainInput("x", 1_000, ORIGIN), chainInput("y", 200, ORIGIN)];
    const plan = checkedPlan(ORIGIN, { chains, regions, duration: "10s", ...(workers && { workers }) });
    for (const chain of plan.chains) {
      const due = chain.rps * 10;
      const expected = Object.entries(regions).map(([region, share]) => [region, Math.round(share * due)]);
      assert.deepEqual(sentBy(plan, chain), Object.fromEntries(expected));
    }
  }
});

test("a chain's own shares replace the plan's, and a region may have no part of a chain", () => {
  const chains = [chainInput("x", 100, ORIGIN), { ...chainInput("y", 100, ORIGIN), regions: { "ap-south-1": 1 } }];
  const plan = checkedPlan(ORIGIN, { chains, regions: TWO });
  assert.deepEqual(regionsOf(plan), ["us-east-1", "eu-west-1", "ap-south-1"]);
  const [x, y] = plan.chains as [Chain, Chain];
  assert.deepEqual(sentBy(plan, x), { "us-east-1": 120, "eu-west-1": 80 });
  assert.deepEqual(sentBy(plan, y), { "ap-south-1": 200 });
  assert.equal(regionShare(y, "us-east-1"), 0);
});

test("a worker belongs to one region; regions have as many workers as their rates need", () => {
  const split = (changes: Record<string, unknown>) =>
    splitRates(checkedPlan(ORIGIN, { regions: TWO, ...changes })).map(
      ({ region, shares }) =>
        `${region}: ${shares.map(({ chain, shard, of, rps }) => `${chain} ${shard}/${of} ${rps}`)}`,
    );
  const chains = [chainInput("x", 1_000, ORIGIN), chainInput("y", 100, ORIGIN)];
  assert.deepEqual(split({ chains, perWorkerRps: 300 }), [
    "us-east-1: x 0/2 300",
    "us-east-1: x 1/2 300",
    "us-east-1: y 0/1 60",
    "eu-west-1: x 0/2 200",
    "eu-west-1: x 1/2 200",
    "eu-west-1: y 0/1 40",
  ]);
  assert.deepEqual(split({ chains, workers: 3, perWorkerRps: 500 }), [
    "us-east-1: x 0/2 300,y 0/2 30",
    "us-east-1: x 1/2 300,y 1/2 30",
    "eu-west-1: x 0/1 400,y 0/1 40",
  ]);
  // 0.07 of 100 is a little more than 7 for a double.
  const odd = { chains: [chainInput("x", 100, ORIGIN)], regions: { a: 0.07, b: 0.93 }, perWorkerRps: 7 };
  assert.equal(splitRates(checkedPlan(ORIGIN, odd)).filter(({ region }) => region === "a").length, 1);
});

test("all regions together send the plan's schedule: each instant once, and regions take turns", () => {
  for (const changes of [{}, { arrivals: "poisson" }, { profile: { type: "ramp", from: 0, to: 1 } }]) {
    const plan = checkedPlan(ORIGIN, { regions: TWO, warmup: "1s", ...changes });
    const [chain] = plan.chains as [Chain];
    const due: number[] = [];
    for (const assignment of assign(plan, { runId: "r", startAtMs: 0, leadMs: 0 })) {
      for (const share of assignment.shares) {
        const { from, to, schedule } = phaseRange(plan, assignment, share, "measure");
        for (let n = from; n < to; n++) if (n % share.of === share.shard) due.push(schedule.dueAtMs(n));
        assert.equal(schedule.dueAtMs(schedule.count), Number.POSITIVE_INFINITY);
      }
    }
    const whole = chainSchedule(plan, chain, "measure");
    const all = Array.from({ length: whole.count }, (_, n) => whole.dueAtMs(n));
    assert.deepEqual(
      due.sort((a, b) => a - b),
      all,
    );
  }
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5].map((i) => dealtNumber({ of: 5, places: [0, 2, 4] }, i)),
    [0, 2, 4, 5, 7, 9],
  );
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6].map((n) => dealtBefore({ of: 5, places: [0, 2, 4] }, n)),
    [0, 1, 1, 2, 2, 3, 4],
  );
});

test("each region sends the same mix of targets, and no number is used twice, not even by the warm-up", () => {
  const url = `${ORIGIN}/`;
  const targets = [1, 3].map((weight) => ({ url, body: { ...CALL, method: `m${weight}` }, weight }));
  // In turns of four, a region that took every second request would never send the first target.
  const chains = [{ name: "x", rps: 400, targets }];
  const plan = checkedPlan(ORIGIN, { chains, regions: { a: 0.5, b: 0.5 }, warmup: "1s", duration: "10s" });
  const [chain] = plan.chains as [Chain];
  const turns = new Turns(chain, plan.seed);
  const numbers = new Set<number>();
  for (const region of ["a", "b"]) {
    const numberOf = requestNumbers(plan, chain, "measure", region);
    const own = Array.from({ length: 2_000 }, (_, i) => numberOf(i));
    assert.equal(own.filter((number) => turns.target(number) === 0).length, 500, region);
    const warm = requestNumbers(plan, chain, "warmup", region);
    for (const number of [...own, ...Array.from({ length: 200 }, (_, i) => warm(i))]) numbers.add(number);
  }
  assert.equal(numbers.size, 4_400);
  assert.equal(Math.max(...numbers), 4_399);
});

test("shares that do not add up, a chain without shares, and a fleet are problems, all at once", () => {
  assert.deepEqual(problemsOf({ regions: TWO }), []);
  assert.deepEqual(problemsOf({ regions: { a: 0.6, b: 0.5 } }), [
    '$.regions: {"a":0.6,"b":0.5}, expected shares that add up to 1',
  ]);
  assert.deepEqual(problemsOf({ regions: { a: 0.33333, b: 0 }, duration: -1 }), [
    "$.regions.a: 0.33333, expected a share of at most three decimals",
    "$.regions.b: 0, expected more than 0",
    '$.regions: {"a":0.33333,"b":0}, expected shares that add up to 1',
    "$.duration: -1, expected more than 0",
  ]);
  const chains = [{ ...chainInput("x", 100, ORIGIN), regions: TWO }, chainInput("y", 100, ORIGIN)];
  assert.deepEqual(problemsOf({ chains, mode: "fleet" }), [
    "$.chains[1].regions: nothing, expected shares of us-east-1, eu-west-1, here or in $.regions: another chain has them",
    '$.mode: "fleet" in a plan with regions, expected "lambda": a fleet\'s hosts belong to no region of the plan',
  ]);
  assert.deepEqual(problemsOf({ regions: TWO, workers: 1 }), [
    "$.workers: 1 over 2 regions, so 100 requests per second each, expected at least 2 workers, or a higher perWorkerRps than 500",
  ]);
});

test("volley plan shows what each region sends, and where each worker runs", () => {
  const text = renderPlan(checkedPlan(ORIGIN, { regions: TWO }), 120);
  assert.match(text, /us-east-1 +ethereum +60% +60 +1\n/);
  assert.match(text, /w001 +eu-west-1 +ethereum +1 of 1 +40 /);
  assert.doesNotMatch(renderPlan(checkedPlan(ORIGIN), 120), /region/);
});

test("a region's subscribers need workers for its share, and together the workers have each subscriber once", () => {
  const subscriptions = [{ url: "ws://127.0.0.1:8546", to: "newHeads", subscribers: 1_001, ramp: "1s" }];
  const plan = checkedPlan("", { chains: [{ name: "x", subscriptions }], regions: { a: 0.5, b: 0.3, c: 0.2 } });
  const counts = assign(plan, { runId: "r", startAtMs: 0, leadMs: 0 }).map((assignment) => {
    const subscribed = new WorkerSubscriptions(plan.chains, {
      assignment,
      options: plan,
      clock: systemClock,
      seed: plan.seed,
      secret: (text) => text,
      connections: { count: new ConnectionCount(1_000), opened: 0 },
      recorderOf: (chain) => new Recorder(chain, "measure", 1_000),
    });
    return [assignment.region, subscribed.size];
  });
  assert.deepEqual(counts, [
    ["a", 251],
    ["a", 250],
    ["b", 300],
    ["c", 200],
  ]);
});

test("a region replays its lines of the log, each as it was recorded", () => {
  const plan = checkedPlan(ORIGIN, { regions: { a: 0.5, b: 0.5 } });
  const [first] = plan.chains as [Chain];
  const replayed = { ...first, replay: [0, 10, 20, 30] };
  const numbers = ["a", "b"].flatMap((region) => {
    const numberOf = requestNumbers(plan, replayed, "measure", region);
    return [numberOf(0), numberOf(1)];
  });
  assert.deepEqual(numbers.toSorted(), [0, 1, 2, 3]);
  assert.notDeepEqual(numbers, [0, 1, 2, 3], "each region would replay a half of the log, at the other's instants");
});
