import assert from "node:assert/strict";
import { test } from "node:test";
import { bracketOf } from "../../lib/capacity/search.ts";
import { capacityText } from "../../lib/render/capacityText.ts";
import { capacityOfRun, type Trial, trialResult } from "../../lib/report/capacity.ts";
import { measure } from "../../lib/report/measure.ts";
import type { Report } from "../../lib/report/schema.ts";
import type { AbortCause } from "../../lib/store/abort.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";
import { type MadeRun, madeReport } from "../support/reports.ts";

const ORIGIN = "http://127.0.0.1:8545";

function planAt(rps: number, changes: object = {}) {
  return checkedPlan(ORIGIN, { chains: [chainInput("kava", rps, ORIGIN)], duration: "4s", ...changes });
}

function trialOf(number: number, rps: number, run: Omit<MadeRun, "plan"> = {}): Trial {
  const plan = planAt(rps);
  const report = madeReport({ plan, ...run });
  return trialResult(plan, number, report, measure(report, plan, []));
}

/** Every tenth request got no relay. */
const failing: MadeRun["change"] = (sum) => {
  const failed = sum.sent / 10;
  sum.valid -= failed;
  sum.invalid["http-503"] = failed;
};

const bracket = (...trials: Trial[]) => bracketOf(trials, { kava: 1 });

test("a trial that a person cut short tells nothing, whatever its figures; one that the breaker ended was not met", () => {
  const met = trialOf(1, 100);
  const aborted = (cause: AbortCause) => trialOf(2, 200, { aborted: { cause, atMs: 2_000 } });
  assert.deepEqual(bracket(met), { low: 100 });
  for (const cause of [
    { kind: "signal", signal: "SIGINT" },
    { kind: "command" },
    { kind: "other", text: "?" },
  ] as const) {
    const cut = aborted(cause);
    assert.deepEqual([cut.met, cut.valid], [false, false], cause.kind);
    assert.deepEqual(bracket(met, cut), { low: 100 }, cause.kind);
  }
  const tripped = aborted({ kind: "breaker", failedShare: 0.6, windowMs: 2_000 });
  assert.deepEqual([tripped.met, tripped.valid], [false, true]);
  assert.deepEqual(bracket(met, tripped), { low: 100, high: 200 });
});

test("a report of which only words say that it was aborted tells nothing either", () => {
  const report = madeReport({ plan: planAt(900) });
  const cut: Report = { ...report, run: { ...report.run, aborted: "the circuit breaker of the house tripped" } };
  const trial = trialResult(planAt(900), 2, cut, measure(cut, planAt(900), []));
  assert.deepEqual([trial.met, trial.valid], [false, false]);
});

test("a trial in which the generator was not in order is neither above nor below", () => {
  const late = trialOf(2, 200, {
    change: (sum) => {
      sum.missed.late = 100;
      sum.sent -= 100;
      sum.valid -= 100;
    },
  });
  assert.equal(late.valid, false);
  assert.deepEqual(bracket(trialOf(1, 100), late, late), { low: 100 });
  assert.deepEqual(bracket(trialOf(1, 100), late, trialOf(3, 300, { change: failing })), { low: 100, high: 300 });
});

test("requests that waited at a worker until it might send no more count against the target, and not against the trial", () => {
  const full = trialOf(2, 200, {
    change: (sum) => {
      sum.missed["in-flight-cap"] = 100;
      sum.sent -= 100;
      sum.valid -= 100;
    },
  });
  assert.deepEqual([full.met, full.valid], [false, true]);
});

test("a run that met its SLO carries at least its rate, and says nothing of instances", () => {
  const plan = planAt(500);
  const { capacity } = madeReport({ plan });
  assert.ok(capacity);
  assert.deepEqual([capacity.totalRps, capacity.limitFound, capacity.scaling], [500, false, null]);
  const text = capacityText(capacity, 120);
  assert.match(text, /capacity: at least 500 requests\/s in all; a search finds the limit/);
  assert.doesNotMatch(text, /instances needed/);
});

test("a search that found each chain's end tells the instances; one that found none above does not", () => {
  const plan = planAt(100, { profile: { type: "search" } });
  const report = madeReport({ plan: planAt(100) });
  const trials = [trialOf(1, 100), trialOf(2, 150), trialOf(3, 200, { change: failing })];
  const [first] = trials;
  assert.ok(first);
  const found = capacityOfRun(plan, report, first.measured, trials);
  assert.equal(found.limitFound, true);
  // 5,000/s and a quarter more, at the 175/s between 150 and 200, and one to spare.
  assert.equal(found.scaling?.instancesNeeded, Math.ceil(6_250 / 175) + 1);
  const open = capacityOfRun(plan, report, first.measured, trials.slice(0, 2));
  assert.deepEqual([open.limitFound, open.scaling, open.totalRps], [false, null, 150]);
  assert.match(capacityText(open, 120), /at least 150 requests\/s/);
});

test("a node that confirms subscriptions and announces nothing has no capacity of subscribers: its trials tell nothing", () => {
  // As in base/base#3915 and telosnetwork/telos-evm-docker#26.
  const url = "ws://127.0.0.1:8545";
  const subscriptions = [{ url, to: "newHeads", subscribers: 10, ramp: "1s" }];
  const plan = checkedPlan("", {
    chains: [{ name: "kava", subscriptions }],
    profile: { type: "search" },
    duration: "4s",
  });
  const { chains, verdict, ...rest } = madeReport({ plan });
  const trial = (notifications: number, reached = 10): Trial => {
    const own = chains.map(({ subscriptions: made = [], ...chain }) => ({
      ...chain,
      subscriptions: made.map((each) => ({ ...each, reached, subscribed: reached, notifications })),
    }));
    const report: Report = {
      ...rest,
      chains: own,
      verdict: { ...verdict, pass: true, valid: true, generator: true, reasons: [], causes: [] },
    };
    return trialResult(plan, 1, report, measure(report, plan, []));
  };
  assert.deepEqual(bracket(trial(40)), { low: 10 });
  assert.deepEqual(trial(40).served, {}, "how many more it would have accepted is not known");
  assert.deepEqual(trial(40, 6).served, { kava: 6 });
  const silent = trial(0);
  assert.deepEqual(bracket(silent), {});
  assert.match(silent.reasons[0] ?? "", /^kava: subscriptions were confirmed, and no block came/);
});
