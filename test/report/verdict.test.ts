import assert from "node:assert/strict";
import { test } from "node:test";
import { renderText } from "../../lib/render/text.ts";
import { recordMs } from "../../lib/results/histogram.ts";
import type { SeriesSum } from "../../lib/results/seriesSum.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";
import { healthSample, type MadeRun, madeReport } from "../support/reports.ts";

const ORIGIN = "http://127.0.0.1:8545";
const plan = checkedPlan(ORIGIN, { chains: [chainInput("ethereum", 100, ORIGIN), chainInput("kava", 50, ORIGIN)] });

/** Turns so many of a chain's valid relays into something else. */
function move(sum: SeriesSum, count: number, into: "missed" | "errors" | "invalid", name: string): void {
  sum.valid -= count;
  sum[into][name] = count;
  if (into === "missed") sum.sent -= count;
}

test("a run in which everything went well is valid and passes, without reasons", () => {
  assert.deepEqual(madeReport({ plan }).verdict, { valid: true, pass: true, generator: true, reasons: [], causes: [] });
});

test("one busy moment of an event loop does not make a run invalid", () => {
  const health = [0.99, 0.5, 0.4].map((eventLoop) => ({ ...healthSample(), eventLoop }));
  assert.equal(madeReport({ plan, health }).verdict.valid, true);
});

const rows: [what: string, run: Omit<MadeRun, "plan">, valid: boolean, pass: boolean, reason: RegExp][] = [
  [
    "one chain below its success ratio fails, and is named with what went wrong most",
    { change: (sum, chain) => void (chain === "kava" && move(sum, 2, "invalid", "http-500")) },
    true,
    false,
    /^kava: success 98 % is below 99 %; mostly http-500 \(2 of 100\)\.$/,
  ],
  [
    "requests that the generator was too late for make the run invalid",
    { change: (sum) => move(sum, 4, "missed", "late") },
    false,
    true,
    /^8 of 300 requests \(2\.667 %\) were not sent because the generator was late/,
  ],
  [
    "requests that were lost with a worker make the run invalid",
    { change: (sum) => move(sum, 50, "missed", "lost"), findings: [{ kind: "wrote-nothing", assignment: "w001-s00" }] },
    false,
    true,
    /were lost with their workers/,
  ],
  [
    "too many in flight are told apart: the target is slow",
    { change: (sum) => move(sum, 30, "missed", "in-flight-cap") },
    false,
    true,
    /too many were in flight: the target answers too slowly/,
  ],
  [
    "no file left for a connection is told apart too",
    { change: (sum) => move(sum, 30, "missed", "file-limit") },
    false,
    true,
    /a worker may open no more files/,
  ],
  [
    "counts that contradict each other",
    { change: (sum, chain) => void (chain === "kava" && Object.assign(sum, { valid: sum.valid + 1 })) },
    false,
    true,
    /^The ledger of kava does not balance\.$/,
  ],
  [
    "a late generator is told by its send lag",
    {
      change: (sum) => {
        for (let n = 0; n < 50; n++) recordMs(sum.sendLag, 80);
      },
    },
    false,
    true,
    /send lag p99 80.* above 50 ms/,
  ],
  [
    "an event loop that stayed saturated",
    { health: [0.99, 0.5, 1, 0.4].map((eventLoop) => ({ ...healthSample(), eventLoop })) },
    false,
    true,
    /event loop of w000, w001 was saturated/,
  ],
  ["workers that did not start together", { startSkewMs: 1_500 }, false, true, /start skew/],
  [
    "an aborted run says when and why",
    { aborted: { cause: { kind: "signal", signal: "SIGINT" }, atMs: 1_000 } },
    false,
    true,
    /aborted after 1s of 2s: stopped by SIGINT/,
  ],
  [
    "what is missing in the results",
    { findings: [{ kind: "unreadable", key: "chunks/1.json", why: "no JSON" }] },
    false,
    true,
    /incomplete: chunks\/1.json cannot be read/,
  ],
];

for (const [what, run, valid, pass, reason] of rows) {
  test(what, () => {
    const report = madeReport({ plan, ...run });
    const { verdict } = report;
    assert.deepEqual([verdict.valid, verdict.pass], [valid, pass], verdict.reasons.join("\n"));
    assert.ok(
      verdict.reasons.some((each) => reason.test(each)),
      verdict.reasons.join("\n"),
    );
    for (const each of verdict.reasons)
      assert.ok(renderText(report, false, Number.POSITIVE_INFINITY).includes(each), "the text gives each reason");
  });
}

test("exactly at the success ratio meets it, and a success of 1 can be asked for and met", () => {
  const change = (sum: SeriesSum, chain: string): void =>
    void (chain === "kava" && move(sum, 1, "errors", "ECONNRESET"));
  assert.equal(madeReport({ plan, change }).verdict.pass, true);
  const all = checkedPlan(ORIGIN, { chains: [chainInput("kava", 50, ORIGIN)], slo: { success: 1 } });
  assert.equal(madeReport({ plan: all }).verdict.pass, true);
  const { verdict } = madeReport({ plan: all, change });
  assert.deepEqual(verdict.reasons, ["kava: success 99 % is below 100 %; mostly ECONNRESET (1 of 100)."]);
});

test("a latency limit is held against the merged response time of each chain", () => {
  const strict = checkedPlan(ORIGIN, { chains: [chainInput("ethereum", 100, ORIGIN)], slo: { p50Ms: 5, p99Ms: 25 } });
  const { verdict } = madeReport({ plan: strict });
  assert.equal(verdict.pass, false);
  assert.equal(verdict.reasons.length, 1);
  assert.match(verdict.reasons.join(), /^ethereum: response time p50 10.* is above 5 ms/);
});

test("the rate of an aborted run is that of its whole seconds before the abort", () => {
  const change = (sum: SeriesSum, chain: string): void => {
    const rps = chain === "kava" ? 50 : 100;
    // The workers stopped 0.3 s after the abort, at 1.6 s.
    sum.seconds.set(1, { sent: rps * 0.9, missed: rps * 0.1, valid: rps * 0.9, invalid: 0, errors: 0 });
    move(sum, rps * 0.1, "missed", "aborted");
  };
  const report = madeReport({ plan, change, aborted: { cause: { kind: "command" }, atMs: 1_600 } });
  assert.deepEqual(
    report.chains.map(({ achievedRps }) => achievedRps),
    [100, 50],
  );
});

test("the gateway's count is held against the ledger only where it can tell", () => {
  const one = checkedPlan(ORIGIN, { chains: [chainInput("kava", 50, ORIGIN)] });
  const counted = (requests: number, settled: boolean, change?: MadeRun["change"]) => {
    const truth = { requests, relays: requests, capacityRps: null, perRelay: {}, settled };
    const made = madeReport({ plan: one, truth: new Map([["kava", truth]]), ...(change && { change }) });
    return made.verdict.causes.map(({ kind }) => kind);
  };
  assert.deepEqual(counted(100, true), []);
  assert.deepEqual(counted(99, true), ["gateway-count"]);
  assert.deepEqual(counted(101, true), ["gateway-count"]);
  // Asked before all workers were done, as after a step of the clock, it lacks what was sent since.
  assert.deepEqual(counted(60, false), []);
  assert.deepEqual(counted(101, false), ["gateway-count"]);
  // A lost worker had sent some of what it did not write down.
  const lost = (sum: SeriesSum) => move(sum, 20, "missed", "lost");
  assert.deepEqual(counted(95, false, lost), ["lost"]);
  assert.deepEqual(counted(101, false, lost), ["lost", "gateway-count"]);
});

test("a worker without files for connections is told to share its load, or on full cores to have more files", () => {
  const text = (machineCpu: number): string => {
    const { verdict } = madeReport({
      plan: checkedPlan("http://127.0.0.1:1", { chains: [chainInput("kava", 100, "http://127.0.0.1:1")] }),
      change: (sum) => move(sum, 30, "missed", "file-limit"),
      health: [{ ...healthSample(), machineCpu }],
    });
    return verdict.reasons.join();
  };
  assert.match(text(0.5), /use more workers \(lower perWorkerRps; AWS Lambda allows 1,024 files\), or raise the limit/);
  assert.match(text(0.95), /cores were full, so more workers on it do not help.*, or raise the limit of open files/);
  assert.doesNotMatch(text(0.95), /use more workers/);
});
