import assert from "node:assert/strict";
import { test } from "node:test";
import { Thresholds } from "../../lib/observe/thresholds.ts";
import { type Flush, type JudgedRun, thresholdTripOf } from "../../lib/observe/thresholdTrip.ts";
import type { Chain, Plan, Target } from "../../lib/plan/schema.ts";
import type { Stop } from "../../lib/plan/sloSchema.ts";
import type { Chunk } from "../../lib/results/chunk.ts";
import { recordMs } from "../../lib/results/histogram.ts";
import { SeriesSum } from "../../lib/results/seriesSum.ts";
import { tickKey, ticksSince } from "../../lib/results/ticks.ts";
import { type AbortCause, abortText } from "../../lib/store/abort.ts";
import { chunkKey } from "../../lib/store/keys.ts";
import { MemoryStore } from "../support/memoryStore.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";

const target = (method: string): Target => ({
  method: "POST",
  url: "http://x/",
  headers: [],
  weight: 1,
  body: `{"method":"${method}"}`,
});

const CHAINS: Chain[] = ["boba", "kava"].map((name) => ({
  name,
  rps: 100,
  targets: [target("eth_call"), target("eth_getLogs")],
}));

/** Workers flush every 5 s in a run of this length. */
const RUN: JudgedRun = { startAtMs: 0, plan: { chains: CHAINS, durationMs: 600_000, timeoutMs: 1_000 } };

interface Made {
  valid?: number;
  errors?: Record<string, number>;
  ms?: number;
}

function sumOf({ valid = 100, errors = {}, ms = 5 }: Made): SeriesSum {
  const sum = new SeriesSum();
  const part = new SeriesSum();
  for (let n = 0; n < valid; n++) recordMs(part.serviceTime, ms);
  sum.valid = valid;
  sum.intervals.set(0, part.serviceTime);
  Object.assign(sum.errors, errors);
  return sum;
}

function flush(atMs: number, chains: Record<string, Made>, worker = 0): Flush {
  return { atMs, worker, chains: new Map(Object.entries(chains).map(([name, made]) => [name, sumOf(made)])) };
}

function stop(lines: Partial<Stop>): Stop {
  return { window: 10_000, ...lines };
}

test("a percentile over the window stops the run, and names the chain and the figure", () => {
  const flushes = [flush(25_000, { boba: {}, kava: { ms: 5 } }), flush(30_000, { boba: {}, kava: { ms: 500 } })];
  const cause = thresholdTripOf(flushes, stop({ p99Ms: 400 }), RUN);
  assert.deepEqual([cause?.chain, cause?.line, cause?.limit, cause?.windowMs], ["kava", "p99", 400, 10_000]);
  assert.ok(Math.abs((cause?.found ?? 0) - 500) < 5);
  assert.equal(thresholdTripOf(flushes, stop({ p99Ms: 600 }), RUN), undefined);
  assert.equal(thresholdTripOf(flushes, stop({ p99Ms: 400, chain: "boba" }), RUN), undefined);
});

test("what lies before the window counts no more, and nothing is judged before a window has passed", () => {
  const slow = flush(20_000, { kava: { ms: 500 } });
  assert.equal(thresholdTripOf([slow, flush(30_000, { kava: {} })], stop({ p99Ms: 400 }), RUN), undefined);
  assert.ok(thresholdTripOf([slow, flush(29_000, { kava: {} })], stop({ p99Ms: 400 }), RUN));
  assert.equal(thresholdTripOf([flush(9_000, { kava: { ms: 500 } })], stop({ p99Ms: 400 }), RUN), undefined);
});

test("success and a class of failure stop a run too; a handful of requests stops none", () => {
  const failing = [flush(30_000, { kava: { valid: 90, errors: { ECONNRESET: 10 } } })];
  assert.equal(thresholdTripOf(failing, stop({ success: 0.95 }), RUN)?.found, 0.9);
  assert.equal(thresholdTripOf(failing, stop({ success: 0.9 }), RUN), undefined);
  const byClass = thresholdTripOf(failing, stop({ classes: { "ECONN*": 0.05 } }), RUN);
  assert.deepEqual([byClass?.line, byClass?.class, byClass?.found], ["class", "ECONN*", 0.1]);
  const few = [flush(30_000, { kava: { valid: 1, errors: { ECONNRESET: 9 } } })];
  assert.equal(thresholdTripOf(few, stop({ success: 0.95 }), RUN), undefined);
});

test("each flush is read from the store once, as long as the window reaches it", async () => {
  const store = new MemoryStore();
  const put = (sequence: number, ms: number): void => {
    const chunk = {
      runId: "r",
      assignment: "w000-s00",
      attempt: 1,
      sequence,
      worker: 0,
      atMs: sequence * 1_000,
      series: [sumOf({ ms }).toSeries("kava", "measure")],
    } as unknown as Chunk;
    store.set(chunkKey("r", "w000-s00", 1, sequence), JSON.stringify(chunk));
    store.set(tickKey(chunk, 0), "");
  };
  const thresholds = new Thresholds(store, "r", {
    ...checkedPlan("http://127.0.0.1:1", { chains: [chainInput("kava", 100, "http://127.0.0.1:1")] }),
    limits: { stop: [stop({ p99Ms: 400, window: 3_000 })] },
  } as Plan);
  const look = async () => thresholds.look(await ticksSince(store, "r", 0), 0);
  for (let sequence = 1; sequence <= 5; sequence++) put(sequence, 5);
  store.asked.get = 0;
  assert.equal(await look(), undefined);
  assert.equal(await look(), undefined);
  assert.equal(store.asked.get, 5);
  put(6, 500);
  assert.equal((await look())?.kind, "threshold");
  assert.equal(store.asked.get, 6);
});

test("a rate of relays below its limit stops a run, each worker's over the time that its flushes cover", () => {
  const kava = { valid: 250 };
  const workers = [
    ...[5_000, 10_000, 15_000, 20_000].map((atMs) => flush(atMs, { kava }, 0)),
    ...[7_000, 12_000, 17_000].map((atMs) => flush(atMs, { kava }, 1)),
  ];
  // In the 11 s before 20 s, three flushes of one worker and two of the other: 50/s each.
  const of = (relayRps: number, window = 11_000) =>
    thresholdTripOf(workers, stop({ chain: "kava", relayRps, window }), RUN);
  assert.equal(of(99.9), undefined);
  const cause = of(100.1);
  assert.deepEqual([cause?.line, Math.round(cause?.found ?? 0), cause?.limit], ["relay-rate", 100, 100.1]);
  assert.match(
    abortText(cause as AbortCause),
    /^kava missed a threshold over 11 s: the rate of relays was 100\/s, the limit is 100\.1\/s$/,
  );
  assert.equal(of(99.9, 20_000), undefined, "from the run's start");
});

test("a chain that no longer answers has a rate of 0, however few of its requests have ended", () => {
  const silent = [
    flush(5_000, { kava: {} }),
    flush(10_000, { kava: { valid: 0 } }),
    flush(15_000, { kava: { valid: 0 } }),
  ];
  assert.equal(thresholdTripOf(silent, stop({ relayRps: 1 }), RUN)?.found, 0);
  assert.equal(thresholdTripOf(silent, stop({ success: 0.9 }), RUN), undefined);
});

test("the time after the last request was due lowers no rate", () => {
  const plan = { ...RUN.plan, durationMs: 100_000 };
  const flushes = [95_000, 100_000].map((atMs) => flush(atMs, { kava: { valid: 500 } }));
  const judged = [...flushes, flush(104_000, { kava: { valid: 0 } })];
  assert.equal(thresholdTripOf(judged, stop({ relayRps: 99 }), { startAtMs: 0, plan }), undefined);
});

test("a method's lines stop a run by its figures alone, and the cause names it", () => {
  const kava = new SeriesSum();
  const histogram = (ms: number) => {
    const part = new SeriesSum();
    for (let n = 0; n < 100; n++) recordMs(part.serviceTime, ms);
    return part.serviceTime;
  };
  kava.valid = 160;
  kava.targets.set(0, { sent: 100, valid: 100, invalid: 0, errors: 0, responseTime: histogram(5) });
  kava.targets.set(1, { sent: 100, valid: 60, invalid: 40, errors: 0, responseTime: histogram(500) });
  const flushes = [25_000, 30_000].map((atMs): Flush => ({ atMs, worker: 0, chains: new Map([["kava", kava]]) }));
  const of = (methods: Stop["methods"]) => {
    const cause = thresholdTripOf(flushes, stop({ methods }), RUN);
    return cause && [cause.method, cause.line, Math.round((cause.found ?? 0) * 10) / 10];
  };
  assert.deepEqual(of({ eth_getLogs: { success: 0.9 } }), ["eth_getLogs", "success", 0.6]);
  assert.deepEqual(of({ eth_call: { success: 0.9 }, eth_getLogs: { relayRps: 13 } }), [
    "eth_getLogs",
    "relay-rate",
    12,
  ]);
  assert.equal(of({ eth_getLogs: { p50Ms: 400 } })?.[1], "p50");
  assert.equal(of({ eth_call: { p99Ms: 400, relayRps: 19 } }), undefined);
  const cause = thresholdTripOf(flushes, stop({ methods: { eth_getLogs: { success: 0.9 } } }), RUN);
  assert.match(
    abortText(cause as AbortCause),
    /^kava: eth_getLogs missed a threshold over 10 s: success was 60 %, the limit is 90 %$/,
  );
});
