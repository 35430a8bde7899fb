import assert from "node:assert/strict";
import { test } from "node:test";
import { firstShare, meanShare, peakRps, phaseOf, profileSchedule } from "../../lib/plan/profile.ts";
import type { Plan } from "../../lib/plan/schema.ts";

const CHAIN = { name: "kava", rps: 100 };

function planOf(profile: Plan["profile"], more: Partial<Plan> = {}) {
  return { profile, durationMs: 10_000, arrivals: "even", seed: 1, ...more } as Plan;
}

const STEPS: Plan["profile"] = {
  type: "steps",
  steps: [
    { share: 0.5, for: 4_000 },
    { share: 1, for: 6_000 },
  ],
};
const RAMP: Plan["profile"] = { type: "ramp", from: 0.2, to: 1 };

test("a profile's requests, mean and first share are its integral's", () => {
  const rows: [profile: Plan["profile"], count: number, first: number][] = [
    [{ type: "constant" }, 1_000, 1],
    // Half for 4 s, then all for 6 s.
    [STEPS, 200 + 600, 0.5],
    // From 20/s to 100/s: 60/s in the mean.
    [RAMP, 600, 0.2],
    [{ type: "ramp", from: 1, to: 0 }, 500, 1],
  ];
  for (const [profile, count, first] of rows) {
    const plan = planOf(profile);
    assert.equal(profileSchedule(plan, CHAIN).count, count, JSON.stringify(profile));
    assert.ok(Math.abs(meanShare(plan) - count / 1_000) < 1e-12);
    assert.equal(firstShare(plan), first);
  }
});

test("steps change their rate where they say, and a ramp's requests come when its integral reaches them", () => {
  const steps = profileSchedule(planOf(STEPS), CHAIN);
  assert.deepEqual([steps.dueAtMs(0), steps.dueAtMs(1), steps.dueAtMs(200), steps.dueAtMs(201)], [0, 20, 4_000, 4_010]);
  const ramp = profileSchedule(planOf(RAMP), CHAIN);
  // ∫ (20 + 8 t) dt = 20 t + 4 t²: 200 of them after 5 s.
  assert.ok(Math.abs(ramp.dueAtMs(200) - 5_000) < 1e-6);
  assert.equal(ramp.dueBefore(5_000.001), 201);
});

test("a replay's instants are its own, whatever the profile and the rate", () => {
  const replayed = profileSchedule(planOf(RAMP), { ...CHAIN, replay: [0, 5, 2_500] } as never);
  assert.deepEqual([replayed.count, replayed.dueAtMs(1), replayed.dueAtMs(2)], [3, 5, 2_500]);
});

test("Poisson arrivals are of the chain's name and the seed, and about as many as the integral", () => {
  const poisson = planOf({ type: "constant" }, { arrivals: "poisson" });
  const first = (plan: Plan, name = "kava"): number => profileSchedule(plan, { name, rps: 100 }).dueAtMs(0);
  assert.equal(first(poisson), first(poisson));
  assert.notEqual(first(poisson), first({ ...poisson, seed: 2 }));
  assert.notEqual(first(poisson), first(poisson, "other"));
  const { count } = profileSchedule(poisson, CHAIN);
  assert.ok(Math.abs(count - 1_000) < 160, `${count}: five deviations of √1,000`);
});

test("chains of one rate do not fire together: the first begins at once, each later one at another share of an interval", () => {
  const chains = Array.from({ length: 50 }, (_, index) => ({ name: `c${index}` })) as Plan["chains"];
  const phases = chains.map((chain) => phaseOf({ chains }, chain));
  assert.equal(phases[0], 0);
  assert.equal(phaseOf({ chains }, { name: "unknown" }), 0);
  const sorted = phases.toSorted((a, b) => a - b);
  for (const [index, phase] of sorted.entries()) {
    assert.ok(phase >= 0 && phase < 1);
    assert.ok(phase - (sorted[index - 1] ?? -1) > 1 / 150, "no two are close together");
  }
  assert.equal(profileSchedule(planOf({ type: "constant" }), CHAIN, 0.5).dueAtMs(0), 5, "half of 10 ms");
});

test("phases are the multiples of the golden ratio's fractional part", () => {
  const chains = ["a", "b", "c"].map((name) => ({ name })) as Plan["chains"];
  const phases = chains.map((chain) => phaseOf({ chains }, chain).toFixed(6));
  assert.deepEqual(phases, ["0.000000", "0.618034", "0.236068"]);
});

test("a plan's highest rate is all chains' at the profile's highest share, and a replay's busiest second", () => {
  const peak = (chains: object[], profile: Plan["profile"] = { type: "constant" }): number =>
    peakRps({ chains, profile, durationMs: 10_000 } as unknown as Plan);
  assert.equal(peak([{ rps: 100 }, { rps: 20 }]), 120);
  assert.equal(peak([]), 0);
  assert.equal(peak([{ rps: 100 }], { type: "ramp", from: 0.1, to: 3 }), 300);
  assert.equal(peak([{ rps: 100 }], { type: "ramp", from: 2, to: 0 }), 200);
  assert.equal(peak([{ rps: 100 }], STEPS), 100);
  assert.equal(peak([{ rps: 100 }], { type: "ramp", from: 0, to: 0.5 }), 100, "never less than the rate itself");
  // Five between 999.9 ms and 1,900 ms; the sixth is a whole second after the first of them.
  const replay = [0, 999.9, 1_200, 1_300, 1_400, 1_900, 1_999.9, 5_000];
  assert.equal(peak([{ rps: 1, replay }]), 5);
  assert.equal(peak([{ rps: 9, replay }]), 9);
  assert.equal(peak([{ rps: 1, replay: [] }]), 1);
  assert.ok(Number.isNaN(peak([{ rps: 500 }, { rps: -400 }])), "one below 0 makes no room for another");
  assert.ok(Number.isNaN(peak([{ rps: "5" }])));
  assert.equal(peak([{ rps: 0 }]), 0);
});
