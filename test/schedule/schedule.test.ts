import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  assign,
  chainSchedule,
  phaseRange,
  requestNumbers,
  scheduledRequests,
  splitRates,
} from "../../lib/plan/assign.ts";
import { meanShare, profileSchedule } from "../../lib/plan/profile.ts";
import {
  constantCurve,
  constantSchedule,
  countInShard,
  evenSchedule,
  firstInShard,
  poissonSchedule,
  recordedSchedule,
  type Schedule,
  type Stretch,
  stretchCurve,
  stretchSchedule,
} from "../../lib/schedule/schedule.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";

const ORIGIN = "http://127.0.0.1:1";
const rps = fc.double({ min: 0.1, max: 20_000, noNaN: true });
const durationMs = fc.integer({ min: 1, max: 60_000 });

test("requests are due in order, within the duration, and as many as rate × time", () => {
  fc.assert(
    fc.property(rps, durationMs, (rate, lengthMs) => {
      const schedule = constantSchedule(rate, lengthMs);
      assert.ok(Math.abs(schedule.count - (rate * lengthMs) / 1_000) <= 1);
      const numbers = [0, 1, Math.floor(schedule.count / 2), schedule.count - 1];
      for (const n of numbers.filter((each) => each >= 0 && each < schedule.count)) {
        assert.ok(schedule.dueAtMs(n + 1) > schedule.dueAtMs(n));
        assert.equal(schedule.dueBefore(schedule.dueAtMs(n)), Math.min(n, schedule.count));
      }
      if (schedule.count > 0) assert.ok(schedule.dueAtMs(schedule.count - 1) < lengthMs);
    }),
  );
});

test("a profile of any shape: each request is due when the rate's integral reaches its number", () => {
  const stretch = fc.record({
    durationMs: fc.integer({ min: 1, max: 20_000 }),
    fromRps: fc.oneof(fc.constant(0), fc.double({ min: 0.1, max: 2_000, noNaN: true })),
    toRps: fc.oneof(fc.constant(0), fc.double({ min: 0.1, max: 2_000, noNaN: true })),
  });
  fc.assert(
    fc.property(fc.array(stretch, { minLength: 1, maxLength: 4 }), (stretches) => {
      const schedule = stretchSchedule(stretches);
      const lengthMs = stretches.reduce((sum, { durationMs: ms }) => sum + ms, 0);
      assert.ok(Math.abs(schedule.count - integral(stretches, lengthMs)) <= 1);
      let last = 0;
      for (let n = 0; n < schedule.count; n += Math.max(1, Math.floor(schedule.count / 50))) {
        const dueMs = schedule.dueAtMs(n);
        assert.ok(dueMs >= last && dueMs < lengthMs, `${n} is due at ${dueMs} of ${lengthMs}`);
        assert.ok(Math.abs(integral(stretches, dueMs) - n) < 1e-6 * Math.max(1, n), `${n} at ${dueMs}`);
        assert.ok(schedule.dueBefore(dueMs) <= n);
        last = dueMs;
      }
      assert.equal(schedule.dueBefore(lengthMs), schedule.count);
      assert.equal(schedule.dueBefore(0), 0);
    }),
  );
});

test("every schedule answers every instant: before its start, at its borders, after its end, and infinity", () => {
  const ramp = (fromRps: number, toRps: number) => ({ durationMs: 3_000, fromRps, toRps });
  const curves = {
    constant: constantCurve(10, 3_000),
    "slower than one in the duration": constantCurve(0.01, 3_000),
    nothing: constantCurve(0, 3_000),
    "no duration": constantCurve(10, 0),
    "ramp up": stretchCurve([ramp(0, 10)]),
    "ramp down": stretchCurve([ramp(10, 0)]),
    "a pause first and last": stretchCurve([ramp(0, 0), ramp(10, 10), ramp(0, 0)]),
    "steps shorter than an interval": stretchCurve(
      Array.from({ length: 30 }, (_, n) => ({ durationMs: 10, fromRps: n % 2, toRps: n % 2 })),
    ),
  };
  const schedules: [string, Schedule][] = Object.entries(curves).flatMap(([name, curve]): [string, Schedule][] => [
    [name, evenSchedule(curve)],
    [`${name}, Poisson`, poissonSchedule(curve, 3)],
  ]);
  schedules.push(["recorded", recordedSchedule([0, 5, 5, 2_999], 3_000)], ["no records", recordedSchedule([], 3_000)]);
  for (const [name, schedule] of schedules) {
    const { count } = schedule;
    assert.ok(Number.isInteger(count) && count >= 0, `${name}: ${count}`);
    const before = [-Infinity, -1, -0, 0, 1e-9, 1, 1_500, 8_999, 9_000, 1e300, Infinity].map((ms) => {
      const due = schedule.dueBefore(ms);
      assert.ok(Number.isInteger(due) && due >= 0 && due <= count, `${name}: ${due} before ${ms}`);
      return due;
    });
    assert.deepEqual(
      before,
      before.toSorted((a, b) => a - b),
      name,
    );
    assert.equal(before[3], 0, name);
    assert.equal(before.at(-1), count, name);
    for (let n = 0; n < count; n++) assert.ok(Number.isFinite(schedule.dueAtMs(n)), `${name}: ${n}`);
    for (const n of [count, count + 1, Infinity]) assert.equal(schedule.dueAtMs(n), Infinity, name);
    assert.throws(() => schedule.dueBefore(Number.NaN), RangeError);
    for (const n of [-1, Number.NaN]) assert.throws(() => schedule.dueAtMs(n), RangeError);
  }
});

test("a constant rate has exactly rate × time requests where that is a whole number, and else one for the rest", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 600 }), (rate, seconds) => {
      assert.equal(constantSchedule(rate, seconds * 1_000).count, rate * seconds);
    }),
  );
  // 49 × (1000 ÷ 49) is below 1000 in doubles: a sum of intervals would add a request.
  assert.equal(constantSchedule(49, 1_000).count, 49);
  assert.equal(constantSchedule(3.3333, 12_000).count, 40);
  assert.equal(constantSchedule(0.2, 12_000).count, 3);
  assert.equal(constantSchedule(10, 50).count, 1);
});

test("a request that is reached where the rate is 0 is due when it rises again", () => {
  // 0.07 and 6.93 requests are 7.000000000000001 in doubles.
  const schedule = stretchSchedule([
    { durationMs: 700, fromRps: 0.1, toRps: 0.1 },
    { durationMs: 900, fromRps: 7.7, toRps: 7.7 },
    { durationMs: 400, fromRps: 0, toRps: 0 },
    { durationMs: 1_000, fromRps: 3, toRps: 3 },
  ]);
  assert.equal(schedule.count, 10);
  assert.ok(Math.abs(schedule.dueAtMs(7) - 2_000) < 1e-3, `${schedule.dueAtMs(7)}`);
});

/** The rate's integral from 0 to an instant, by the trapezium rule, which is exact for it. */
function integral(stretches: readonly Stretch[], untilMs: number): number {
  let sum = 0;
  let leftMs = untilMs;
  for (const { durationMs: lengthMs, fromRps, toRps } of stretches) {
    const t = Math.min(lengthMs, leftMs);
    sum += ((fromRps + fromRps + ((toRps - fromRps) * t) / lengthMs) / 2_000) * t;
    leftMs -= t;
  }
  return sum;
}

test("a phase moves requests by less than an interval, and changes neither their number nor their order", () => {
  const stretch = fc.record({
    durationMs: fc.integer({ min: 1, max: 20_000 }),
    fromRps: fc.oneof(fc.constant(0), fc.double({ min: 0.1, max: 2_000, noNaN: true })),
    toRps: fc.oneof(fc.constant(0), fc.double({ min: 0.1, max: 2_000, noNaN: true })),
  });
  const phases = fc.double({ min: 1e-3, max: 0.999, noNaN: true });
  fc.assert(
    fc.property(fc.array(stretch, { minLength: 1, maxLength: 4 }), phases, (stretches, phase) => {
      const curve = stretchCurve(stretches);
      const [schedule, moved] = [evenSchedule(curve), evenSchedule(curve, phase)];
      assert.equal(moved.count, schedule.count);
      for (let n = 0; n < moved.count; n += Math.max(1, Math.floor(moved.count / 50))) {
        const dueMs = moved.dueAtMs(n);
        assert.ok(dueMs >= schedule.dueAtMs(n) && dueMs <= curve.durationMs);
        if (n + 1 < moved.count) assert.ok(dueMs <= schedule.dueAtMs(n + 1));
        assert.ok(moved.dueBefore(dueMs) <= n);
      }
      assert.equal(moved.dueBefore(curve.durationMs), moved.count);
    }),
  );
});

test("chains of one rate do not fire in phase, and the first one begins at once", () => {
  const names = Array.from({ length: 8 }, (_, index) => `chain-${index}`);
  const plan = checkedPlan(ORIGIN, { chains: names.map((name) => chainInput(name, 10, ORIGIN)), warmup: "1s" });
  for (const phase of ["warmup", "measure"] as const) {
    const schedules = plan.chains.map((chain) => chainSchedule(plan, chain, phase));
    const first = schedules.map((schedule) => schedule.dueAtMs(0)).toSorted((a, b) => a - b);
    assert.equal(first[0], 0);
    for (const [index, atMs] of first.entries())
      if (index > 0) assert.ok(atMs - (first[index - 1] ?? 0) > 5, `${first}`);
    assert.ok(schedules.every(({ count }) => count === (phase === "measure" ? 20 : 10)));
  }
});

test("ramps and steps send as many requests as their area, and offer their mean rate", () => {
  const countOf = (profile: object): number => {
    const plan = checkedPlan(ORIGIN, { duration: "10s", profile });
    const schedule = profileSchedule(plan, { name: "ethereum", rps: 100 });
    assert.ok(Math.abs(schedule.count - 1_000 * meanShare(plan)) <= 1);
    return schedule.count;
  };
  assert.equal(countOf({ type: "constant" }), 1_000);
  assert.equal(countOf({ type: "ramp", from: 0, to: 1 }), 500);
  assert.equal(countOf({ type: "ramp", from: 1, to: 0.5 }), 750);
  const steps = [
    { share: 0.2, for: "4s" },
    { share: 0, for: "1s" },
    { share: 1, for: "5s" },
  ];
  assert.equal(countOf({ type: "steps", steps }), 580);
});

test("the shards of a schedule have each request exactly once", () => {
  const numbers = fc.tuple(fc.integer({ min: 1, max: 20 }), fc.nat(200), fc.nat(200));
  fc.assert(
    fc.property(numbers, ([of, from, length]) => {
      const seen: number[] = [];
      for (let shard = 0; shard < of; shard++) {
        const own: number[] = [];
        for (let n = firstInShard(from, { shard, of }); n < from + length; n += of) own.push(n);
        assert.equal(own.length, countInShard({ shard, of, from, to: from + length }));
        seen.push(...own);
      }
      assert.deepEqual(
        seen.sort((a, b) => a - b),
        Array.from({ length }, (_, index) => from + index),
      );
    }),
  );
});

test("the assignments of a plan have each request of each chain and phase exactly once, over regions, workers and segments", () => {
  const chains = fc.array(fc.double({ min: 0.5, max: 300, noNaN: true }), { minLength: 1, maxLength: 4 });
  const shape = fc.record({
    chains,
    perWorkerRps: fc.integer({ min: 1, max: 120 }),
    duration: fc.double({ min: 0.5, max: 20, noNaN: true }),
    warmup: fc.option(fc.double({ min: 0.5, max: 3, noNaN: true }), { nil: undefined }),
    maxSegmentMs: fc.integer({ min: 300, max: 25_000 }),
    regions: fc.constantFrom(undefined, { a: 0.6, b: 0.4 }, { a: 0.333, b: 0.167, c: 0.5 }, { a: 1 }),
  });
  fc.assert(
    fc.property(shape, ({ chains: rates, maxSegmentMs, warmup, regions, ...rest }) => {
      const plan = checkedPlan(ORIGIN, {
        ...rest,
        ...(warmup !== undefined && { warmup }),
        ...(regions && { regions }),
        chains: rates.map((rate, index) => chainInput(`chain${index}`, rate, ORIGIN)),
      });
      const assignments = assign({ ...plan, segmentMs: maxSegmentMs }, { runId: "r", startAtMs: 0, leadMs: 0 });
      for (const chain of plan.chains) {
        const { name } = chain;
        for (const phase of ["warmup", "measure"] as const) {
          const seen = new Set<number>();
          let scheduled = 0;
          const whole = chainSchedule(plan, chain, phase).count;
          for (const assignment of assignments) {
            for (const share of assignment.shares.filter(({ chain }) => chain === name)) {
              const { from, to } = phaseRange(plan, assignment, share, phase);
              const numberOf = requestNumbers(plan, chain, phase, assignment.region);
              scheduled += scheduledRequests(plan, assignment, share, phase);
              for (let n = firstInShard(from, share); n < to; n += share.of) {
                const number = numberOf(n);
                assert.ok(!seen.has(number), `request ${number} of ${name} twice`);
                seen.add(number);
              }
            }
          }
          assert.equal(seen.size, whole);
          assert.equal(scheduled, whole);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("no worker gets more than perWorkerRps, and a pinned number of workers is kept", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 5 }), (rates) => {
      const chains = rates.map((rate, index) => chainInput(`chain${index}`, rate, ORIGIN));
      const total = rates.reduce((sum, rate) => sum + rate, 0);
      const plan = checkedPlan(ORIGIN, { chains, perWorkerRps: 500 });
      for (const { shares } of splitRates(plan)) {
        assert.ok(shares.reduce((sum, share) => sum + share.rps, 0) <= 500.000_001);
      }
      for (const workers of [Math.ceil(total / 500), Math.ceil(total / 500) + 7]) {
        const pinned = splitRates(checkedPlan(ORIGIN, { chains, perWorkerRps: 500, workers }));
        assert.equal(pinned.length, workers);
        const sum = pinned.flatMap(({ shares }) => shares).reduce((all, share) => all + share.rps, 0);
        assert.ok(Math.abs(sum - total) < 1e-6);
      }
    }),
  );
});

test("Poisson arrivals have the curve's rate, exponential gaps, and instants that are functions of their numbers", () => {
  const curve = stretchCurve([
    { durationMs: 20_000, fromRps: 500, toRps: 500 },
    { durationMs: 20_000, fromRps: 0, toRps: 1_000 },
  ]);
  const schedule = poissonSchedule(curve, 7);
  assert.ok(Math.abs(schedule.count - 20_000) < 4 * Math.sqrt(20_000), `${schedule.count} arrivals`);
  const instants = Array.from({ length: schedule.count }, (_, n) => schedule.dueAtMs(n));
  assert.ok(instants.every((at, n) => n === 0 || at >= (instants[n - 1] ?? 0)));
  for (const n of [0, 1, 255, 256, 9_999, schedule.count - 1]) {
    const again = poissonSchedule(curve, 7);
    assert.equal(again.dueAtMs(n), instants[n]);
    assert.equal(again.dueBefore(instants[n] as number), n);
  }
  const gaps = instants.filter((at) => at < 20_000).map((at, n) => at - (instants[n - 1] ?? 0));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  // An exponential distribution's standard deviation is its mean.
  assert.ok(Math.abs(Math.sqrt(variance) / mean - 1) < 0.05, `${Math.sqrt(variance) / mean}`);
  assert.notDeepEqual(poissonSchedule(curve, 8).dueAtMs(5), instants[5]);
});
