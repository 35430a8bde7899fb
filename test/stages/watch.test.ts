import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { LogLooks } from "../../lib/observe/logTail.ts";
import type { Scrape } from "../../lib/observe/scrape.ts";
import { type Watched, watchGaps } from "../../lib/observe/watched.ts";
import type { Chunk } from "../../lib/results/chunk.ts";
import { tickKey, ticksSince } from "../../lib/results/ticks.ts";
import { watchTask } from "../../lib/stages/watch.ts";
import {
  abortKey,
  logsPrefix,
  lostPrefix,
  planKey,
  scheduleKey,
  scrapesPrefix,
  summaryKey,
  watchedPrefix,
} from "../../lib/store/keys.ts";
import { MemoryStore } from "../support/memoryStore.ts";
import { checkedPlan } from "../support/plans.ts";
import { answeringServer, jsonResponse } from "../support/servers.ts";

const ORIGIN = "http://127.0.0.1:9";
const PORTS = { nowMs: Date.now, sleep: (ms: number) => sleep(ms), reveal: async (value: string) => value };

/** S3's times as Watch sees them: 20 ms a request, 60 ms a page of a list. */
const FAR = { requestMs: 20, pageMs: 60 };

function flushed(worker: number, sequence: number, atMs: number, ended: number, valid: number): Chunk {
  const counts = { valid, invalid: {}, errors: { timeout: ended - valid } };
  const assignment = `w${String(worker).padStart(3, "0")}-s00`;
  return { runId: "r", assignment, attempt: 1, sequence, atMs, series: [counts] } as unknown as Chunk;
}

/** A store with a run that has begun some time ago. */
function running(store: MemoryStore, changes: object, { agoMs = 0, workers = 1, durationMs = 2_000_000 } = {}): number {
  const startAtMs = Date.now() - agoMs;
  const plan = checkedPlan(ORIGIN, { duration: durationMs / 1_000, timeout: "1s", ...changes });
  const schedule = {
    runId: "r",
    startAtMs,
    endAtMs: startAtMs + durationMs,
    workers,
    segments: 1,
    assignments: workers,
  };
  store.set(planKey("r"), JSON.stringify(plan));
  store.set(scheduleKey("r"), JSON.stringify(schedule));
  return startAtMs;
}

function lostKey(assignment: string): string {
  return `${lostPrefix("r")}${assignment}.json`;
}

const BREAKER = { limits: { breaker: { errorRatio: 0.5, window: "2s" } } };

test("with 1,000 workers, minutes into a run, the breaker reacts within three flushes on a store as far as S3", async () => {
  const store = new MemoryStore(FAR);
  const workers = 1_000;
  const flushMs = 1_000;
  const startAtMs = running(store, BREAKER, { agoMs: 120_000, workers });
  let stopped = false;
  let failsFromMs = Number.POSITIVE_INFINITY;
  const flush = (sequence: number, fails: boolean): void => {
    const atMs = sequence * flushMs;
    for (let worker = 0; worker < workers; worker++) {
      store.set(tickKey(flushed(worker, sequence, atMs + (worker % flushMs), 50, fails ? 0 : 50), startAtMs));
    }
  };
  for (let sequence = 1; sequence <= 120; sequence++) flush(sequence - 1, false);
  const flushing = (async () => {
    for (let sequence = 120; !stopped; sequence++) {
      flush(sequence, sequence > 121);
      if (sequence === 122) failsFromMs = Date.now();
      await sleep(flushMs);
    }
  })();
  const watching = watchTask(store, "r", { ...PORTS, callMs: 10_000 });
  while ((await store.get(abortKey("r"))) === undefined && Date.now() < startAtMs + 135_000) await sleep(50);
  const tookMs = Date.now() - failsFromMs;
  stopped = true;
  await flushing;
  const flag = JSON.parse((await store.get(abortKey("r"))) ?? "{}") as { cause: { kind: string }; atMs: number };
  assert.equal(flag.cause?.kind, "breaker");
  assert.ok(flag.atMs >= failsFromMs, "it did not trip while all went well");
  assert.ok(tookMs <= 3 * flushMs, `it took ${tookMs} ms`);
  for (let worker = 0; worker < workers; worker++) store.set(summaryKey("r", `w${worker}`, 1), "{}");
  assert.deepEqual(await watching, { done: true });
});

test("a look reads no object of a worker's, and lists the breaker's window only", async () => {
  const store = new MemoryStore();
  const startAtMs = running(store, BREAKER, { agoMs: 600_000 });
  for (let second = 0; second < 600; second++) store.set(tickKey(flushed(0, second, second * 1_000, 5, 5), startAtMs));
  const ticks = await ticksSince(store, "r", Date.now() - 17_000);
  assert.ok(ticks.length >= 15 && ticks.length <= 18, `${ticks.length} ticks`);
  const { atMs, sequence } = ticks[0] ?? {};
  assert.deepEqual(ticks[0], { atMs, ended: 5, valid: 5, assignment: "w000-s00", attempt: 1, sequence });
  assert.deepEqual(
    ticks.map(({ atMs }) => atMs),
    ticks.map(({ atMs }) => atMs).sort((a, b) => a - b),
  );
  store.asked.get = 0;
  await watchTask(store, "r", { ...PORTS, callMs: 500 });
  assert.ok(store.asked.get <= 3, `${store.asked.get} objects: the plan, the schedule, the abort flag`);
});

test("a target that answers, a run without a breaker, and an early call trip nothing", async () => {
  for (const [changes, valid] of [
    [BREAKER, 30],
    [{}, 0],
  ] as const) {
    const store = new MemoryStore();
    const startAtMs = running(store, changes, { agoMs: 10_000 });
    store.set(tickKey(flushed(0, 1, 9_000, 50, valid), startAtMs));
    assert.deepEqual(await watchTask(store, "r", { ...PORTS, callMs: 500 }), { done: false });
    assert.equal(await store.get(abortKey("r")), undefined);
  }
});

test("a store that fails is asked again, and the look that succeeds trips the breaker", async () => {
  const store = new MemoryStore();
  const startAtMs = running(store, BREAKER, { agoMs: 10_000 });
  store.set(tickKey(flushed(0, 1, 9_500, 50, 0), startAtMs));
  const list = store.list.bind(store);
  let failures = 1;
  store.list = async (...args) => {
    if (failures-- > 0) throw new Error("SlowDown");
    return list(...args);
  };
  await watchTask(store, "r", { ...PORTS, callMs: 2_500 });
  assert.notEqual(await store.get(abortKey("r")), undefined);
});

test("a run is over when all summaries are there, and an aborted one as soon as they are", async () => {
  const over = new MemoryStore();
  running(over, {}, { agoMs: 5_000, durationMs: 2_000 });
  over.set(summaryKey("r", "w000-s00", 1), "{}");
  assert.deepEqual(await watchTask(over, "r", { ...PORTS, callMs: 500 }), { done: true });

  const aborted = new MemoryStore();
  running(aborted, {}, { agoMs: 5_000 });
  aborted.set(abortKey("r"), "{}");
  assert.deepEqual(await watchTask(aborted, "r", { ...PORTS, callMs: 500 }), { done: false });
  aborted.set(summaryKey("r", "w000-s00", 1), "{}");
  assert.deepEqual(await watchTask(aborted, "r", { ...PORTS, callMs: 500 }), { done: true });
});

test("a fleet's run is over long before its end when no host took any of its tasks, or those that some took are done", async () => {
  const store = new MemoryStore();
  running(store, { mode: "fleet" }, { workers: 2 });
  store.set(lostKey("w000-s00"), "{}");
  // Its worker had ended, and only its token was not returned.
  store.set(summaryKey("r", "w000-s00", 1), "{}");
  assert.deepEqual(await watchTask(store, "r", { ...PORTS, callMs: 2_500 }), { done: false }, "one may still send");
  store.set(lostKey("w001-s00"), "{}");
  assert.deepEqual(await watchTask(store, "r", { ...PORTS, callMs: 20_000 }), { done: true });
  const other = new MemoryStore();
  running(other, { mode: "fleet" }, { workers: 2 });
  other.set(lostKey("w000-s00"), "{}");
  other.set(summaryKey("r", "w001-s00", 1), "{}");
  assert.deepEqual(await watchTask(other, "r", { ...PORTS, callMs: 20_000 }), { done: true });
});

test("a fleet's run that is aborted before a host took its tasks is over within seconds", async () => {
  const store = new MemoryStore();
  running(store, { mode: "fleet" }, { workers: 2 });
  store.set(abortKey("r"), "{}");
  assert.deepEqual(await watchTask(store, "r", { ...PORTS, callMs: 20_000 }), { done: true });
});

test("a run whose workers never come is over some time after its end", async () => {
  const store = new MemoryStore();
  running(store, {}, { agoMs: 60_000, durationMs: 2_000 });
  assert.deepEqual(await watchTask(store, "r", { ...PORTS, callMs: 500 }), { done: true });
});

test("each call of Watch writes down when it looked", async () => {
  const store = new MemoryStore();
  running(store, {});
  const beganMs = Date.now();
  for (let call = 0; call < 2; call++) {
    await watchTask(store, "r", { ...PORTS, callMs: 500 });
    await sleep(5);
  }
  const keys = await store.list(watchedPrefix("r"));
  assert.equal(keys.length, 2);
  const { fromMs, untilMs } = JSON.parse((await store.get(keys[0] ?? "")) ?? "{}") as Watched;
  assert.ok(fromMs >= beganMs && untilMs >= fromMs && untilMs <= Date.now());
});

test("a run shorter than the time between two notes of Watch was watched to its end", async () => {
  const store = new MemoryStore();
  running(store, { duration: "1s" });
  const beganMs = Date.now();
  await watchTask(store, "r", { ...PORTS, callMs: 1_500, sleep: () => sleep(1_000) });
  const [key = ""] = await store.list(watchedPrefix("r"));
  const { untilMs } = JSON.parse((await store.get(key)) ?? "{}") as Watched;
  assert.ok(untilMs - beganMs >= 900, `until ${untilMs - beganMs} ms`);
});

test("what nobody watched is told: before, between and after the calls, where it is longer than their change", () => {
  const start = 1_000_000;
  const call = (from: number, until: number) => ({ fromMs: start + from, untilMs: start + until });
  assert.deepEqual(watchGaps([call(-1_000, 600_000), call(604_000, 900_000)], start, 905_000), []);
  assert.deepEqual(watchGaps([call(40_000, 60_000), call(-500, 10_000)], start, 100_000), [
    { fromMs: 10_000, toMs: 40_000 },
    { fromMs: 60_000, toMs: 100_000 },
  ]);
  assert.deepEqual(watchGaps([call(0, 50_000), call(10_000, 20_000)], start, 55_000), [], "calls may overlap");
  assert.deepEqual(watchGaps([], start, 30_000), [{ fromMs: 0, toMs: 30_000 }]);
  assert.deepEqual(watchGaps([call(0, 0)], start, 5_000), [], "a short run is over before a second look");
  assert.deepEqual(watchGaps([], start, 5_000), [{ fromMs: 0, toMs: 5_000 }], "nobody looked even once");
  assert.deepEqual(watchGaps([call(400, 900)], start, 50), [], "a run of 50 ms is over before Watch has started");
  assert.deepEqual(watchGaps([call(-1_400, -1_400)], start, 2_000), [], "or before what it wrote down is written anew");
  assert.deepEqual(watchGaps([call(15_100, 15_200)], start, 5_000), [{ fromMs: 0, toMs: 5_000 }], "long after the end");
});

test("metrics, logs and their secrets go to no host that the deployment does not allow", async (t) => {
  let asked = 0;
  const server = await answeringServer(t, () => {
    asked++;
    return jsonResponse("up 1\n");
  });
  const headers = { Authorization: "env://AWS_SECRET_ACCESS_KEY" };
  const observe = {
    endpoints: [{ url: `${server.origin}/metrics`, headers }],
    logs: [{ url: server.origin, headers }],
  };
  const store = new MemoryStore();
  running(store, { observe }, { agoMs: 60_000, durationMs: 2_000 });
  const looked = async (prefix: string) =>
    JSON.parse((await store.get((await store.list(prefix)).at(-1) ?? "")) ?? "{}");

  const deployed = { allowedHosts: ["gateway.example"], observeHosts: ["metrics.example"] };
  await watchTask(store, "r", { ...PORTS, callMs: 500, deployed });
  assert.equal(asked, 0, "the plan's own word does not count in a deployment");
  assert.equal(((await looked(scrapesPrefix("r"))) as Scrape).failed[0]?.failure, "refused");
  assert.match(((await looked(logsPrefix("r"))) as LogLooks).logs[0]?.failed ?? "", /is refused/);

  await watchTask(store, "r", { ...PORTS, callMs: 500 });
  assert.ok(asked > 0, "on one machine loopback may be read");
});
