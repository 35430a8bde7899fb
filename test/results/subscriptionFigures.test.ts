import assert from "node:assert/strict";
import { test } from "node:test";
import { createHistogram, encodeHistogram } from "../../lib/results/histogram.ts";
import { subscriptionFigures } from "../../lib/results/subscriptionFigures.ts";
import {
  type ItemRow,
  type PeriodRow,
  parseSubscriptions,
  type SubscriptionCounts,
  SubscriptionSum,
} from "../../lib/results/subscriptions.ts";

const NO_COUNTS = { connects: 0, handedOver: 0, subscribed: 0, notifications: 0, removed: 0, gaps: 0, unfollowed: 0 };

/** The figures of blocks in a run of 20 s. */
function figuresOf(items: ItemRow[], periods: PeriodRow[]) {
  const sum = new SubscriptionSum();
  const subscribeTime = encodeHistogram(createHistogram());
  const counts: SubscriptionCounts = { ...NO_COUNTS, failures: {}, drops: {}, subscribeTime, items, periods };
  for (const parsed of parseSubscriptions({ newHeads: counts })) sum.add(parsed);
  return subscriptionFigures(sum, { areBlocks: true, intervalMs: 5_000, endMs: 20_000 });
}

/** The block of a number, announced at `number` s and received by this many subscribers. */
const block = (number: number, received: number): ItemRow => [`h${number}`, number, number * 1_000, received, 0, 0, {}];

const blocks = (from: number, to: number, received: number): ItemRow[] =>
  Array.from({ length: to - from + 1 }, (_, place) => block(from + place, received));

test("a lag counts from the first receipt of all workers, in the interval of that receipt", () => {
  const { lag, intervals, items } = figuresOf(
    [
      ["h", 1, 5_040, 2, 0, 0, { 0: 1, 100000: 1 }],
      ["h", 1, 4_990, 1, 0, 0, { 0: 1 }],
    ],
    [],
  );
  assert.equal(items, 1);
  const lags = [...lag.values()].map(([us, count]) => [Math.round(us / 1_000), count]);
  assert.deepEqual(lags, [
    [0, 1],
    [50, 1],
    [150, 1],
  ]);
  assert.deepEqual(
    [...intervals].map(([interval, { lag: own }]) => [interval, own.totalCount]),
    [[0, 3]],
  );
});

test("intervals count what was due, missed, doubled and dropped in them, and add up to the whole", () => {
  const { intervals, expected, missed, doubled } = figuresOf(
    [...blocks(1, 5, 2), block(6, 1), ["h7", 7, 7_000, 2, 3, 0, { 0: 2 }], ...blocks(8, 9, 2)],
    [
      [0, 0, 9_500, 1, 9, "planned"],
      [1, 0, 9_500, 1, 9, "dropped"],
    ],
  );
  const counts = [...intervals].map(([at, { lag: _, ...each }]) => ({ at, ...each }));
  assert.deepEqual(counts, [
    { at: 0, expected: 8, missed: 0, doubled: 0, dropped: 0 },
    { at: 1, expected: 10, missed: 1, doubled: 3, dropped: 1 },
  ]);
  assert.deepEqual({ expected, missed, doubled }, { expected: 18, missed: 1, doubled: 3 });
});

test("what a subscriber is owed ends a second after its start and a second before its end", () => {
  // Subscriber 1 had blocks 5 to 9, and was there from 2.5 s to 12.5 s: blocks 4, 10 and 11 were due too; 3 and 12 not.
  const { expected, missed, silent } = figuresOf(
    [...blocks(1, 4, 1), ...blocks(5, 9, 2), ...blocks(10, 16, 1)],
    [
      [0, 0, 17_500, 1, 16, "planned"],
      [1, 2_500, 12_500, 5, 9, "planned"],
    ],
  );
  assert.deepEqual({ expected, missed, silent }, { expected: 16 + 5 + 3, missed: 3, silent: 0 });
});

test("a subscriber that missed three items at its end is silent, and one without any receipt is too", () => {
  const { silent, missed } = figuresOf(
    [...blocks(1, 5, 2), ...blocks(6, 9, 1)],
    [
      [0, 0, 10_500, 1, 9, "planned"],
      [1, 0, 9_100, 1, 5, "planned"],
      [2, 0, 4_500, -1, -1, "planned"],
    ],
  );
  // Subscriber 1 misses blocks 6 to 8, and subscriber 2 blocks 1 to 3; both left within a second after the next.
  assert.deepEqual({ silent, missed }, { silent: 2, missed: 3 + 3 });
});

test("items between a subscriber's sockets are counted by how the first one ended, and are not missed", () => {
  const { missed, missedWhileDropped, missedAtHandOver } = figuresOf(
    [...blocks(1, 5, 3), ...blocks(6, 7, 1), ...blocks(8, 10, 2), ...blocks(11, 15, 1)],
    [
      [0, 0, 15_500, 1, 15, "planned"],
      [1, 0, 5_500, 1, 5, "planned"],
      [1, 7_500, 10_500, 8, 10, "planned"],
      [2, 0, 5_500, 1, 5, "dropped"],
    ],
  );
  // Subscriber 1: blocks 6 and 7. Subscriber 2, which never came back: blocks 6 to 15.
  assert.deepEqual(
    { missed, missedWhileDropped, missedAtHandOver },
    { missed: 0, missedWhileDropped: 10, missedAtHandOver: 2 },
  );
});

test("the first and the last item of one subscriber do not hide that another missed them", () => {
  const { missed } = figuresOf(
    [...blocks(1, 2, 1), block(3, 1), block(4, 2), block(5, 1), ...blocks(6, 9, 1)],
    [
      [0, 0, 9_900, 1, 9, "planned"],
      [1, 2_500, 5_500, 3, 5, "planned"],
    ],
  );
  // Subscriber 0 missed blocks 3 and 5, which are the first and the last of subscriber 1.
  assert.equal(missed, 2);
});
