import assert from "node:assert/strict";
import { test } from "node:test";
import { type AdmissionSlot, limitShape } from "../../lib/capacity/limitShape.ts";
import { randomSeries } from "../../lib/schedule/random.ts";

const SLOT_MS = 20;

/** What a limit lets through of a constant load, by slot; requests arrive up to `jitterMs` late. */
function slotsOf(admits: (ms: number) => boolean, { rps = 400, seconds = 8, jitterMs = 0 } = {}): AdmissionSlot[] {
  const random = randomSeries(7);
  const slots = Array.from({ length: (seconds * 1_000) / SLOT_MS }, (_, slot) => ({
    endMs: (slot + 1) * SLOT_MS,
    admitted: 0,
    refused: 0,
  }));
  let atMs = 0;
  for (let n = 0; n < rps * seconds; n++) {
    const dueMs = (n * 1_000) / rps;
    atMs = Math.max(atMs, dueMs + random() * jitterMs);
    const slot = slots[Math.floor(dueMs / SLOT_MS)];
    if (!slot) continue;
    if (admits(atMs)) slot.admitted++;
    else slot.refused++;
  }
  return slots;
}

function tokenBucket(rps: number, burst: number): (ms: number) => boolean {
  let [tokens, lastMs] = [burst, 0];
  return (ms) => {
    tokens = Math.min(burst, tokens + ((ms - lastMs) * rps) / 1_000);
    lastMs = ms;
    if (tokens < 1) return false;
    tokens--;
    return true;
  };
}

/** A window on the limit's own clock, which begins `offsetMs` before the first request. */
function fixedWindow(count: number, windowMs: number, offsetMs: number): (ms: number) => boolean {
  const used = new Map<number, number>();
  return (ms) => {
    const window = Math.floor((ms + offsetMs) / windowMs);
    const own = used.get(window) ?? 0;
    used.set(window, own + 1);
    return own < count;
  };
}

/** What was let through in the last `windowMs` is counted, or everything that came. */
function movingWindow(count: number, windowMs: number, countsRefused: boolean): (ms: number) => boolean {
  let came: number[] = [];
  return (ms) => {
    came = came.filter((each) => each > ms - windowMs);
    const isAdmitted = came.length < count;
    if (isAdmitted || countsRefused) came.push(ms);
    return isAdmitted;
  };
}

/** A counter of what was let through that weighs the window before by what is left of it, as HAProxy's and Cloudflare's. */
function weightedWindow(count: number, windowMs: number): (ms: number) => boolean {
  let [window, before, own] = [0, 0, 0];
  return (ms) => {
    const now = Math.floor(ms / windowMs);
    if (now !== window) [window, before, own] = [now, now === window + 1 ? own : 0, 0];
    const isAdmitted = own + before * (1 - (ms % windowMs) / windowMs) < count;
    if (isAdmitted) own++;
    return isAdmitted;
  };
}

for (const [rps, burst, jitterMs] of [
  [50, 20, 0],
  [50, 20, 30],
  [3, 1, 5],
  [200, 100, 10],
  [10, 300, 0],
] as const) {
  test(`a token bucket of ${rps} requests/s and a burst of ${burst} is found with ${jitterMs} ms of jitter`, () => {
    const found = limitShape(slotsOf(tokenBucket(rps, burst), { jitterMs, seconds: 20 }));
    assert.equal(found.shape, "token-bucket", JSON.stringify(found));
    assert.ok(Math.abs((found.rps ?? 0) / rps - 1) < 0.05, `${found.rps}`);
    const [low = 0, high = 0] = found.rpsInterval ?? [];
    assert.ok(low <= rps && high >= rps, `${low} … ${high}`);
    const [least = 0, most = 0] = found.burstInterval ?? [];
    assert.ok(least <= burst && most >= burst && most - least < 4 + rps * 0.1, `${least} … ${most} for ${burst}`);
  });
}

for (const [count, windowMs, offsetMs] of [
  [50, 1_000, 300],
  [10, 500, 0],
  [300, 2_000, 1_900],
] as const) {
  test(`a fixed window of ${count} requests in ${windowMs} ms is found as that, and not as a token bucket`, () => {
    const found = limitShape(slotsOf(fixedWindow(count, windowMs, offsetMs), { seconds: 12, jitterMs: 5 }));
    assert.equal(found.shape, "fixed-window", JSON.stringify(found));
    assert.equal(found.burst, count);
    assert.ok(Math.abs((found.windowMs ?? 0) / windowMs - 1) < 0.02, `${found.windowMs}`);
    assert.ok(Math.abs((found.rps ?? 0) / ((count / windowMs) * 1_000) - 1) < 0.03, `${found.rps}`);
  });
}

test("a window over everything that came shuts under load: the burst is known, and the rate is not", () => {
  const found = limitShape(slotsOf(movingWindow(40, 1_000, true)));
  assert.deepEqual([found.shape, found.burst, found.rps], ["shut", 40, null]);
});

test("a load below the limit shows no limit, and a limit that opens and shuts at random is no token bucket", () => {
  assert.equal(limitShape(slotsOf(() => true)).shape, "none");
  assert.equal(limitShape([]).shape, "none");
  let [isOpen, untilMs] = [true, 0];
  const random = randomSeries(3);
  const found = limitShape(
    slotsOf((ms) => {
      if (ms >= untilMs) [isOpen, untilMs] = [!isOpen, ms + 150 + random() * 1_000];
      return isOpen;
    }),
  );
  assert.equal(found.shape, "other", JSON.stringify(found));
});

test("a window over exact times of what came through shows as a fixed one: it lets through a batch in each window", () => {
  const found = limitShape(slotsOf(movingWindow(80, 2_000, false), { seconds: 12, jitterMs: 5 }));
  assert.deepEqual([found.shape, found.burst], ["fixed-window", 80]);
  assert.ok(Math.abs((found.windowMs ?? 0) - 2_000) < 40, `${found.windowMs}`);
});

test("a sliding window that weighs the one before pauses once, and then lets its rate through", () => {
  const found = limitShape(slotsOf(weightedWindow(80, 2_000), { seconds: 10, jitterMs: 5 }));
  assert.equal(found.shape, "sliding-window", JSON.stringify(found));
  assert.equal(found.burst, 80);
  assert.ok(Math.abs((found.rps ?? 0) - 40) < 2, `${found.rps}`);
  assert.ok(Math.abs((found.windowMs ?? 0) - 2_000) < 100, `${found.windowMs}`);
});

test("a late request finds other tokens: the burst is less certain by what comes through in the delay", () => {
  const slots = slotsOf(tokenBucket(50, 20));
  const [exact, late] = [limitShape(slots), limitShape(slots, 100)].map(({ burstInterval }) => burstInterval?.[1] ?? 0);
  assert.ok(Math.abs((late ?? 0) - (exact ?? 0) - 5) < 0.1, `${exact} and ${late}`);
});
