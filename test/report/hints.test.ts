import assert from "node:assert/strict";
import { test } from "node:test";
import type { Health, TcpHealth } from "../../lib/results/chunk.ts";
import { createHistogram, recordMs } from "../../lib/results/histogram.ts";
import type { SeriesSum } from "../../lib/results/seriesSum.ts";
import { SubscriptionSum } from "../../lib/results/subscriptions.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";
import { healthSample, type MadeRun, madeReport } from "../support/reports.ts";

/* Each hint has a run that looks like its cause and is not: there it must not be told, or told otherwise. */

const ORIGIN = "http://127.0.0.1:8545";
const plan = checkedPlan(ORIGIN, { chains: [chainInput("kava", 100, ORIGIN)], duration: "20s" });

function hintsOf(run: Omit<MadeRun, "plan">, changes: object = {}) {
  return madeReport({
    plan: checkedPlan(ORIGIN, { chains: [chainInput("kava", 100, ORIGIN)], duration: "20s", ...changes }),
    ...run,
  }).hints;
}

function whats(run: Omit<MadeRun, "plan">, changes: object = {}): string {
  return hintsOf(run, changes)
    .map(({ what }) => what)
    .join("; ");
}

function looks(count: number, each: Partial<Health>, tcp: Partial<TcpHealth> = {}): Health[] {
  const whole = { established: 10, timeWait: 0, portsLeft: 28_000, retransmits: 0, ...tcp };
  return Array.from({ length: count }, (_, n) => ({ ...healthSample(), atMs: n * 1_000, ...each, tcp: whole }));
}

const late = (count: number) => (sum: SeriesSum) => {
  sum.missed.late = count;
  sum.sent -= count;
  sum.valid -= count;
};

test("sockets in TIME-WAIT that this run cannot have closed are no hint about its connections", () => {
  assert.equal(whats({ health: looks(20, { opened: 0 }, { timeWait: 20_000 }) }), "");
  assert.match(whats({ health: looks(20, { opened: 600 }, { timeWait: 9_000 }) }), /TIME-WAIT/);
  // What was closed more than a minute ago is in TIME-WAIT no longer.
  const slow = looks(200, { opened: 60 }, { timeWait: 20_000 }).map((each, n) => ({ ...each, atMs: n * 2_000 }));
  assert.doesNotMatch(whats({ health: slow }, { duration: "400s" }), /TIME-WAIT/);
});

test("ports that other programs hold are told as such, and without the advice to reduce this run's rate", () => {
  const [hint] = hintsOf({ health: looks(20, { opened: 2 }, { timeWait: 27_500, portsLeft: 300 }) });
  assert.match(hint?.what ?? "", /^Other programs on the host hold/);
  assert.match(hint?.evidence ?? "", /at most 4 connections open/);
  assert.doesNotMatch(hint?.remedy ?? "", /[Rr]educe the rate/);
});

test("connections that end because requests fail are no churn of the target's", () => {
  const change = (sum: SeriesSum) => {
    sum.errors["headers-timeout"] = 1_500;
    sum.valid -= 1_500;
  };
  assert.doesNotMatch(whats({ health: looks(15, { opened: 100 }), change }), /not used for long/);
  assert.match(whats({ health: looks(15, { opened: 100 }) }), /not used for long/);
});

test("sockets that subscribers lost and opened again are no churn of the calls' connections", () => {
  const subscriptions = [{ url: "ws://127.0.0.1:8546", to: "newHeads", subscribers: 2 }];
  const chains = [{ ...chainInput("kava", 100, ORIGIN), subscriptions }];
  const churn = (drops: number): string => {
    const change = (sum: SeriesSum) => {
      const own = new SubscriptionSum();
      own.drops["ws-closed-1006"] = drops;
      sum.subscriptions.set("newHeads", own);
    };
    return whats({ health: looks(15, { opened: 100 }), change }, { chains });
  };
  assert.match(churn(0), /not used for long/);
  assert.doesNotMatch(churn(1_500), /not used for long/);
});

test("more workers are never the advice where the machine's cores are full, and are where they are not", () => {
  for (const change of [
    late(300),
    (sum: SeriesSum) => {
      for (let n = 0; n < 200; n++) recordMs(sum.sendLag, 90);
    },
  ]) {
    const full = madeReport({ plan, change, health: looks(20, { machineCpu: 0.97 }) });
    const said = [...full.verdict.reasons, ...full.hints.map(({ remedy }) => remedy)].join("\n");
    assert.match(said, /cores were full, so more workers on it do not help/);
    assert.doesNotMatch(said, /[Uu]se more workers/);
    const free = madeReport({ plan, change, health: looks(20, { machineCpu: 0.3 }) });
    assert.match(free.verdict.reasons.join(), /use more workers/);
  }
  const fleet = checkedPlan(ORIGIN, { mode: "fleet", chains: [chainInput("kava", 100, ORIGIN)], duration: "20s" });
  assert.match(madeReport({ plan: fleet, change: late(300) }).verdict.reasons.join(), /add hosts/);
});

test("a saturated event loop on full cores is not told to use more workers", () => {
  const health = looks(20, { machineCpu: 0.99, eventLoop: 0.99 });
  const { verdict } = madeReport({ plan, health });
  assert.match(verdict.reasons.join(), /The event loop of w000 was saturated: this machine's cores were full/);
});

test("one late request of many is no generator at its limit", () => {
  assert.equal(whats({ change: late(1) }), "");
  assert.match(whats({ change: late(2) }), /generator itself was at its limit/);
});

test("workers that were ready too late, and then kept to the schedule, were not at their limit", () => {
  const [hint] = hintsOf({ change: late(100), readyMs: -1_300 });
  assert.equal(hint?.what, "Workers were ready too late");
  assert.match(hint?.evidence ?? "", /1 of 1 workers, by up to 1300 ms/);
});

/** Response times of each second of the run, in ms; a hundred of each. */
function rising(sum: SeriesSum): void {
  sum.intervals.clear();
  for (let second = 0; second < 20; second++) {
    const histogram = createHistogram();
    for (let n = 0; n < 100; n++) recordMs(histogram, 10 + second * 20 + n / 1_000);
    sum.intervals.set(second, histogram);
  }
}

test("response times that rise with the generator's own lateness are no queue at the target", () => {
  assert.match(whats({ change: rising }), /a queue grows at the target/);
  const change = (sum: SeriesSum): void => {
    rising(sum);
    for (let n = 0; n < 200; n++) recordMs(sum.sendLag, 40);
  };
  assert.doesNotMatch(whats({ change }), /queue/);
});

test("response times that rise where the rate was not one rate are no queue that grows at one rate", () => {
  const change = (sum: SeriesSum): void => {
    rising(sum);
    const first = sum.seconds.get(0);
    if (first) Object.assign(first, { sent: 20, missed: 80, valid: 20 });
  };
  assert.doesNotMatch(whats({ change }), /a queue grows/);
});

test("a few retransmitted segments among very many requests are noise", () => {
  const busy = { chains: [chainInput("kava", 10_000, ORIGIN)], perWorkerRps: 10_000, duration: "2s" };
  const health = looks(2, {}, { retransmits: 15 });
  assert.doesNotMatch(whats({ health }, busy), /send segments again/);
  assert.match(whats({ health: looks(20, {}, { retransmits: 15 }) }), /send segments again/);
});

test("what a lost worker itself said is the advice, and the report's reason", () => {
  const error = "no secret at env://TOKEN";
  const { verdict, findings } = madeReport({
    plan,
    change: (sum) => {
      sum.missed.lost = 500;
      sum.sent -= 500;
      sum.valid -= 500;
    },
    findings: [{ kind: "failed", assignment: "w003-s00", error }],
  });
  assert.deepEqual(verdict.causes[0], { kind: "lost", count: 500, of: 2_000, errors: [error] });
  assert.match(verdict.reasons[0] ?? "", /were lost with their workers: no secret at env:\/\/TOKEN\.$/);
  assert.doesNotMatch(verdict.reasons.join(), /more workers/);
  assert.deepEqual(findings, [`w003-s00: the worker failed: ${error}`]);
});
