import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  bracketOf,
  capacityOf,
  nextTrial,
  type SearchSettings,
  TOGETHER,
  type TrialResult,
  togetherBracket,
} from "../../lib/capacity/search.ts";

/** Searches a gateway whose chains meet the SLO up to their capacity, and together up to a share of it. */
function search(settings: SearchSettings, capacities: Record<string, number>, share: number): TrialResult[] {
  const trials: TrialResult[] = [];
  for (let load = nextTrial(settings, trials); load; load = nextTrial(settings, trials)) {
    assert.ok(trials.length < 200, "the search does not end");
    const factor = load.scope === TOGETHER ? share : 1;
    const served = Object.fromEntries(
      Object.entries(load.load).map(([name, rps]) => [name, Math.min(rps, (capacities[name] ?? 0) * factor)]),
    );
    const met = Object.entries(load.load).every(([name, rps]) => rps <= (capacities[name] ?? 0) * factor);
    trials.push({ ...load, met, valid: true, served, meanMs: {}, reasons: [] });
  }
  return trials;
}

test("a search finds each chain's capacity within its precision, from any start, and ends", () => {
  const chain = fc.record({
    start: fc.double({ min: 1, max: 5_000, noNaN: true }),
    capacity: fc.double({ min: 5, max: 4_000, noNaN: true }),
  });
  fc.assert(
    fc.property(
      fc.array(chain, { minLength: 1, maxLength: 4 }),
      fc.double({ min: 0.5, max: 1, noNaN: true }),
      (made, share) => {
        // Within sixteen steps of half as much again.
        const chains = made.map(({ start, capacity }, index) => ({
          name: `c${index}`,
          unit: "rps" as const,
          load: Math.max(start, capacity / 50),
        }));
        const capacities = Object.fromEntries(made.map(({ capacity }, index) => [`c${index}`, capacity]));
        const settings = { chains, precision: 0.02, repeats: 1, together: true };
        const trials = search(settings, capacities, share);
        for (const { name } of chains) {
          const found = capacityOf(name, trials) ?? 0;
          const true_ = capacities[name] ?? 0;
          assert.ok(Math.abs(found / true_ - 1) < 0.03, `${name}: ${found} for ${true_}`);
        }
        if (chains.length > 1) {
          const { low = 0, high = 0 } = togetherBracket(settings, trials);
          assert.ok(low <= share * 1.03 && high >= share * 0.97, `${low} … ${high} for ${share}`);
        }
      },
    ),
  );
});

test("the rates at the edge are tried again, and a trial that tells nothing is repeated", () => {
  const settings = {
    chains: [{ name: "a", unit: "rps" as const, load: 80 }],
    precision: 0.02,
    repeats: 2,
    together: true,
  };
  const trials = search(settings, { a: 100 }, 1);
  const times = new Map<number, number>();
  for (const { load: rps } of trials) times.set(rps.a ?? 0, (times.get(rps.a ?? 0) ?? 0) + 1);
  assert.equal([...times.values()].filter((count) => count === 3).length, 2);

  const first = nextTrial(settings, []);
  const untold = { ...(first as TrialResult), met: false, valid: false, served: {}, meanMs: {}, reasons: [] };
  assert.deepEqual(nextTrial(settings, [untold])?.load, first?.load);
});

test("where the generator cannot go on, the search ends, and takes that for no end of the gateway's", () => {
  const settings = {
    chains: [{ name: "a", unit: "rps" as const, load: 80 }],
    precision: 0.02,
    repeats: 1,
    together: false,
  };
  const trials: TrialResult[] = [];
  for (let load = nextTrial(settings, trials); load; load = nextTrial(settings, trials)) {
    const rps = load.load.a ?? 0;
    const valid = rps <= 200;
    trials.push({ ...load, met: valid, valid, served: { a: rps }, meanMs: {}, reasons: [] });
  }
  const { low, high } = bracketOf(trials, { a: 1 });
  assert.ok(low !== undefined && low > 195 && low <= 200, `${low}`);
  assert.equal(high, undefined);
  assert.ok(Math.max(...trials.map(({ load: rps }) => rps.a ?? 0)) <= 270, "it went on upward");
  assert.ok(trials.length <= 16);
});

test("rounding takes no trial above the limit, whatever the rates", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 1, max: 500, noNaN: true }), { minLength: 1, maxLength: 4 }),
      fc.double({ min: 10, max: 5_000, noNaN: true }),
      (rates, maxRps) => {
        const chains = rates.map((rps, index) => ({ name: `c${index}`, unit: "rps" as const, load: rps }));
        const carried = Object.fromEntries(chains.map(({ name }) => [name, 1e6]));
        const trials = search(
          { chains, precision: 0.02, repeats: 0, together: true, most: { rps: maxRps } },
          carried,
          1,
        );
        for (const { load: rps } of trials) {
          const total = Object.values(rps).reduce((sum, each) => sum + each, 0);
          assert.ok(total <= maxRps, `${total} is above ${maxRps}`);
        }
      },
    ),
  );
});

test("no trial is above the limit, a chain that meets the SLO there ends, and so do all together", () => {
  const chains = [
    { name: "a", unit: "rps" as const, load: 100 },
    { name: "b", unit: "rps" as const, load: 700 },
  ];
  const settings = { chains, precision: 0.02, repeats: 1, together: true, most: { rps: 1_000 } };
  const trials = search(settings, { a: 400, b: 5_000 }, 1);
  const totals = trials.map(({ load: rps }) => Object.values(rps).reduce((sum, each) => sum + each, 0));
  assert.ok(Math.max(...totals) <= 1_000, `${Math.max(...totals)}`);
  const rates = trials.filter(({ scope }) => scope === "b").map(({ load: rps }) => rps.b);
  assert.deepEqual(rates, [700, 1_000, 1_000]);
  assert.equal(capacityOf("b", trials), 1_000);
  assert.ok(Math.abs((capacityOf("a", trials) ?? 0) / 400 - 1) < 0.03);
  const { low = 0, high } = togetherBracket(settings, trials);
  assert.ok(Math.abs(low - 1_000 / 1_400) < 0.03 && high === undefined, `${low}`);
});

test("a search for subscribers finds the exact number where it is small, and always an integer, from any start", () => {
  const whole = (max: number) => fc.integer({ min: 1, max });
  fc.assert(
    fc.property(whole(2_000), whole(1_000), fc.boolean(), (start, carried, isRefusing) => {
      const settings = {
        chains: [{ name: "a", unit: "subscribers" as const, load: Math.min(start, carried * 50) }],
        precision: 0.02,
        repeats: 0,
        together: true,
      };
      const trials: TrialResult[] = [];
      for (let load = nextTrial(settings, trials); load; load = nextTrial(settings, trials)) {
        const { a: count = 0 } = load.load;
        assert.ok(Number.isInteger(count) && count >= 1, `${count}`);
        const served = isRefusing && count > carried ? { a: carried } : {};
        trials.push({ ...load, met: count <= carried, valid: true, served, meanMs: {}, reasons: [] });
      }
      const { low = 0, high = 0 } = bracketOf(trials, { a: 1 });
      const shown = `${low} … ${high} for ${carried} from ${start}`;
      if (start <= carried * 50 && carried <= start * 50) {
        assert.ok(low <= carried && carried < high, shown);
        assert.ok(high - low === 1 || (high - low) / high <= 0.021, shown);
      }
    }),
  );
});

test("a node that serves not even one subscriber ends the search, and none is above the limit of subscribers", () => {
  const chains = [{ name: "a", unit: "subscribers" as const, load: 3 }];
  const settings = { chains, precision: 0.02, repeats: 1, together: false, most: { rps: 1, subscribers: 7 } };
  const counts = (carried: number): (number | undefined)[] => {
    const trials: TrialResult[] = [];
    for (let load = nextTrial(settings, trials); load; load = nextTrial(settings, trials)) {
      const met = (load.load.a ?? 0) <= carried;
      trials.push({ ...load, met, valid: true, served: {}, meanMs: {}, reasons: [] });
    }
    return trials.map(({ load }) => load.a);
  };
  assert.deepEqual(counts(0), [3, 2, 1]);
  assert.deepEqual(counts(100), [3, 5, 7, 7]);
});

test("rates and subscribers are searched together in one proportion, each within its own limit", () => {
  const chains = [
    { name: "calls", unit: "rps" as const, load: 80 },
    { name: "heads", unit: "subscribers" as const, load: 30 },
  ];
  const settings = { chains, precision: 0.02, repeats: 0, together: true, most: { subscribers: 40 } };
  const trials = search(settings, { calls: 100, heads: 33 }, 0.7);
  const together = trials.filter(({ scope }) => scope === TOGETHER);
  assert.ok(together.length > 0);
  for (const { load } of together) {
    assert.ok(Number.isInteger(load.heads), `${load.heads}`);
    assert.ok(Math.abs((load.heads ?? 0) / 33 - (load.calls ?? 0) / 100) < 0.03, JSON.stringify(load));
  }
  const { low = 0, high = 0 } = togetherBracket(settings, trials);
  assert.ok(low <= 0.73 && high >= 0.67, `${low} … ${high}`);
});
