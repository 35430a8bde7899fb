import { createHistogram, type Histogram, recordMs } from "./histogram.ts";
import type { ItemRow, Lags, PeriodRow, SubscriptionSum } from "./subscriptions.ts";

/**
 * Items announced less than this long after a subscriber subscribed, or before it ended, are not expected from it, in
 * ms: notifications still in flight then, and clock offsets, are not the node's fault.
 */
const GRACE_MS = 1_000;

/** Number of items that a subscriber must miss at its end to count as silent. */
const SILENT_AFTER = 3;

/** An announced item (a block, log or transaction), over all subscribers of all workers. */
interface Item {
  order: number;
  /** When the first subscriber overall received it, in ms from the start instant. */
  firstMs: number;
  received: number;
  doubled: number;
  replaced: number;
  /** Lags by worker and flush, with the first receipt that they refer to. */
  parts: { firstMs: number; lags: Lags }[];
  /** Subscribers that should have received it. */
  expected: number;
}

/** How the announced items reached the subscribers. */
export interface SubscriptionFigures {
  /** Subscribers that subscribed successfully at least once. */
  reached: number;
  /** Distinct blocks, logs or transactions that were announced. */
  items: number;
  /** Receipts that were due: one per item and subscriber present. */
  expected: number;
  /** Due receipts that never arrived, by item hash; for blocks also by block number alone. */
  missed: number;
  missedByNumber: number;
  doubled: number;
  /** Block numbers with more than one hash. */
  reorganised: number;
  /** Subscribers that received nothing more at the end of their time while others did. */
  silent: number;
  /** Items announced while a subscriber had lost its socket, and at the boundary between two segments. */
  missedWhileDropped: number;
  missedAtHandOver: number;
  /** Lag behind the first subscriber that received the same item, in ms. */
  lag: Histogram;
  /** The same by when items were first received, in intervals from the start instant. */
  intervals: Map<number, IntervalFigures>;
}

/** What happened to the items that were first received in one interval, and the sockets that were lost in it. */
export interface IntervalFigures {
  lag: Histogram;
  expected: number;
  missed: number;
  doubled: number;
  dropped: number;
}

/** How to interpret what was received. */
export interface FiguresOptions {
  /** Whether each item is a separate block with a number. */
  areBlocks: boolean;
  /** Length of the intervals for the lag over time. */
  intervalMs: number;
  /** The end of the measurement, in ms from the start instant. */
  endMs: number;
}

/** Computes what subscribers missed, received twice and received late. */
export function subscriptionFigures(
  sum: SubscriptionSum,
  { areBlocks, intervalMs, endMs }: FiguresOptions,
): SubscriptionFigures {
  const items = [...mergeItems(sum.items).values()].sort((a, b) => a.firstMs - b.firstMs);
  const silent = expectOf(items, sum.periods);
  const between = betweenPeriods(items, sum.periods, endMs);
  const lag = createHistogram();
  const intervals = intervalsOf(items, sum.periods, intervalMs);
  for (const item of items) recordLags(item, lag);
  const numbers = Map.groupBy(items, ({ order }) => order);
  return {
    // In a run in progress, no subscriber's time on a socket has ended.
    reached: sum.periods.length > 0 ? new Set(sum.periods.map(([subscriber]) => subscriber)).size : sum.subscribed,
    items: items.length,
    expected: items.reduce((all, item) => all + expectedOf(item), 0),
    missed: items.reduce((all, item) => all + missedOf(item), 0),
    missedByNumber: areBlocks ? [...numbers.values()].reduce((all, same) => all + missedOfNumber(same), 0) : 0,
    doubled: items.reduce((all, { doubled }) => all + doubled, 0),
    reorganised: areBlocks ? [...numbers.values()].filter((same) => same.length > 1).length : 0,
    silent,
    ...between,
    lag,
    intervals,
  };
}

function mergeItems(rows: readonly ItemRow[]): Map<string, Item> {
  const items = new Map<string, Item>();
  for (const [key, order, firstMs, received, doubled, replaced, lags] of rows) {
    const item = items.get(key) ?? { order, firstMs, received: 0, doubled: 0, replaced: 0, parts: [], expected: 0 };
    items.set(key, item);
    item.order = Math.min(item.order, order);
    item.firstMs = Math.min(item.firstMs, firstMs);
    item.received += received;
    item.doubled += doubled;
    item.replaced += replaced;
    item.parts.push({ firstMs, lags });
  }
  return items;
}

function recordLags(item: Item, histogram: Histogram): void {
  for (const { firstMs, lags } of item.parts) {
    for (const [us, count] of Object.entries(lags)) {
      recordMs(histogram, firstMs - item.firstMs + Number(us) / 1_000, count);
    }
  }
}

/** Receipts of an item that were due. */
function expectedOf({ expected, received }: Item): number {
  return Math.max(expected, received);
}

function missedOf({ expected, received }: Item): number {
  return Math.max(0, expected - received);
}

function intervalsOf(
  items: readonly Item[],
  periods: readonly PeriodRow[],
  intervalMs: number,
): Map<number, IntervalFigures> {
  const intervals = new Map<number, IntervalFigures>();
  const at = (ms: number): IntervalFigures => {
    const index = Math.max(0, Math.floor(ms / intervalMs));
    const own = intervals.get(index) ?? { lag: createHistogram(), expected: 0, missed: 0, doubled: 0, dropped: 0 };
    intervals.set(index, own);
    return own;
  };
  for (const item of items) {
    const own = at(item.firstMs);
    recordLags(item, own.lag);
    own.expected += expectedOf(item);
    own.missed += missedOf(item);
    own.doubled += item.doubled;
  }
  for (const [, , toMs, , , end] of periods) if (end === "dropped") at(toMs).dropped++;
  return intervals;
}

/** For the blocks of one number: how many subscribers should have received one and received none. */
function missedOfNumber(same: readonly Item[]): number {
  const expected = Math.max(...same.map((item) => item.expected));
  const had = same.reduce((sum, { received, replaced }) => sum + received - replaced, 0);
  return Math.max(0, expected - had);
}

/**
 * Counts, for each item, the subscribers that should have received it: those that received items of lower and of higher
 * order, and those that were present for more than a second before and after it. Returns how many subscribers went
 * silent.
 */
function expectOf(items: readonly Item[], periods: readonly PeriodRow[]): number {
  const byOrder = [...items].sort((a, b) => a.order - b.order);
  const orders = byOrder.map(({ order }) => order);
  const times = items.map(({ firstMs }) => firstMs);
  /**
   * The change, at each index of `byOrder`, in the number of subscribers that received both lower and higher orders.
   */
  const changes = new Float64Array(items.length + 1);
  let silent = 0;
  for (const [, fromMs, toMs, lowest, highest] of periods) {
    const window = items.slice(placeOf(times, fromMs + GRACE_MS), placeOf(times, toMs - GRACE_MS));
    const early = lowest === -1 ? window : untilNot(window, ({ order }) => order < lowest);
    const late = lowest === -1 ? window : untilNot(window.reverse(), ({ order }) => order > highest);
    for (const item of new Set([...early, ...late])) item.expected++;
    if (late.length >= SILENT_AFTER) silent++;
    if (lowest === -1) continue;
    const [first, last] = [placeOf(orders, lowest), placeAfter(orders, highest)];
    changes[first] = (changes[first] as number) + 1;
    changes[last] = (changes[last] as number) - 1;
  }
  let there = 0;
  for (const [place, item] of byOrder.entries()) {
    there += changes[place] as number;
    item.expected += there;
  }
  return silent;
}

/** The leading items for which a condition holds. */
function untilNot(items: readonly Item[], holds: (item: Item) => boolean): Item[] {
  const end = items.findIndex((item) => !holds(item));
  return items.slice(0, end === -1 ? items.length : end);
}

/** Items announced between two periods of one subscriber, or after its last period if the socket was lost. */
function betweenPeriods(
  items: readonly Item[],
  periods: readonly PeriodRow[],
  endMs: number,
): Pick<SubscriptionFigures, "missedWhileDropped" | "missedAtHandOver"> {
  const times = items.map(({ firstMs }) => firstMs);
  const missed = { missedWhileDropped: 0, missedAtHandOver: 0 };
  for (const own of Map.groupBy(periods, ([subscriber]) => subscriber).values()) {
    own.sort((a, b) => a[1] - b[1]);
    for (const [place, [, , toMs, , , end]] of own.entries()) {
      const next = own[place + 1]?.[1] ?? (end === "dropped" ? endMs : toMs);
      const count = Math.max(0, placeOf(times, next) - placeOf(times, toMs));
      missed[end === "dropped" ? "missedWhileDropped" : "missedAtHandOver"] += count;
    }
  }
  return missed;
}

/** The first index in ascending values whose value is ≥ `wanted`. */
function placeOf(values: readonly number[], wanted: number): number {
  return firstPlace(values, (value) => value >= wanted);
}

/** The first index in ascending values whose value is > `wanted`. */
function placeAfter(values: readonly number[], wanted: number): number {
  return firstPlace(values, (value) => value > wanted);
}

function firstPlace(values: readonly number[], reached: (value: number) => boolean): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (reached(values[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}
