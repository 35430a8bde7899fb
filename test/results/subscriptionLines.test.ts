import assert from "node:assert/strict";
import { test } from "node:test";
import { type JudgedSubscription, subscriptionLines } from "../../lib/results/slo.ts";

const TIMES = { p50: 1, p90: 2, p95: 3, p99: 40, p999: 50, max: 60 };

const GOOD: JudgedSubscription = {
  ...{ name: "newHeads", subscribers: 100, reached: 100, expected: 1_000, missed: 0 },
  ...{ notifications: 1_000, doubled: 0, subscribed: 100, drops: {}, subscribeMs: TIMES, lagMs: TIMES },
};

test("the SLO's success holds for who was subscribed and for what came", () => {
  const lines = (changes: Partial<JudgedSubscription>) =>
    subscriptionLines([{ ...GOOD, ...changes }], { success: 0.99 }).map(({ line, found, pass }) => [line, found, pass]);
  assert.deepEqual(lines({}), [
    ["subscribed", 1, true],
    ["notifications", 1, true],
  ]);
  assert.deepEqual(lines({ missed: 11 })[1], ["notifications", 0.989, false]);
  assert.deepEqual(lines({ reached: 98 })[0], ["subscribed", 0.98, false]);
  // Nothing was announced: that is nobody's failure.
  assert.deepEqual(lines({ expected: 0 }), [["subscribed", 1, true]]);
});

test("limits for subscribers hold for what was missed, doubled, dropped and late", () => {
  const subscribers = { missed: 0.01, doubled: 0.01, dropped: 0.02, subscribeP99Ms: 40, lagP99Ms: 39 };
  const lines = (changes: Partial<JudgedSubscription>) =>
    subscriptionLines([{ ...GOOD, ...changes }], { success: 0.99, subscribers }).map(({ line, limit, found, pass }) => [
      line,
      limit,
      found,
      pass,
    ]);
  const drops = { "ws-closed-1006": 2, ECONNRESET: 1 };
  assert.deepEqual(lines({ missed: 10, doubled: 11, drops }), [
    ["subscribed", 0.99, 1, true],
    ["missed", 0.01, 0.01, true],
    ["doubled", 0.01, 0.011, false],
    ["dropped", 0.02, 0.03, false],
    ["subscribe-p99", 40, 40, true],
    ["lag-p99", 39, 40, false],
  ]);
  // Nobody was subscribed: nothing can be missed, doubled or late, but no time to subscribe was within its limit.
  const nobody = { reached: 0, subscribed: 0, expected: 0, notifications: 0, subscribeMs: null, lagMs: null };
  assert.deepEqual(lines(nobody), [
    ["subscribed", 0.99, 0, false],
    ["subscribe-p99", 40, null, false],
  ]);
});
