import assert from "node:assert/strict";
import { test } from "node:test";
import { type Flush, Thresholds, thresholdTripOf } from "../../lib/observe/thresholds.ts";
import type { Stop } from "../../lib/plan/sloSchema.ts";
import type { Chunk } from "../../lib/results/chunk.ts";
import { recordMs } from "../../lib/results/histogram.ts";
import { SeriesSum } from "../../lib/results/seriesSum.ts";
import { tickKey, ticksSince } from "../../lib/results/ticks.ts";
import { chunkKey } from "../../lib/store/keys.ts";
import { MemoryStore } from "../support/memoryStore.ts";

const RUN = { startAtMs: 0, timeoutMs: 1_000 };

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

function flush(atMs: number, chains: Record<string, Made>): Flush {
  return { atMs, chains: new Map(Object.entries(chains).map(([name, made]) => [name, sumOf(made)])) };
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
      atMs: sequence * 1_000,
      series: [sumOf({ ms }).toSeries("kava", "measure")],
    } as unknown as Chunk;
    store.set(chunkKey("r", "w000-s00", 1, sequence), JSON.stringify(chunk));
    store.set(tickKey(chunk, 0), "");
  };
  const thresholds = new Thresholds(store, "r", [stop({ p99Ms: 400, window: 3_000 })], 1_000);
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
