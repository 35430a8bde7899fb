import { createHistogram, encodeHistogram, type Histogram, parseHistogram } from "./histogram.ts";

/** Counts by class. */
type Counts = Record<string, number>;

/** Lags behind the first receipt of a row, rounded, in µs, and how many receipts had each. */
export type Lags = Record<string, number>;

/**
 * What one worker's subscribers received of one thing that was announced, between two flushes: a block by its hash, a
 * log by its block's hash and its index, or a transaction by its hash.
 */
export type ItemRow = [
  key: string,
  /** The block's number; of a pending transaction, when this worker saw it first, in ms from the start instant. */
  order: number,
  /** When this worker's first subscriber received it, in ms from the start instant. */
  firstMs: number,
  /** Subscribers that received it for the first time. */
  received: number,
  /** Receipts by subscribers that had it already. */
  doubled: number,
  /** Of `received`, those by subscribers that had another block of the same number already. */
  replaced: number,
  lags: Lags,
];

/** How a subscriber's time on one socket ended: planned, or the socket was lost. */
export type PeriodEnd = "planned" | "dropped";

/** The time from a subscriber's answer to `eth_subscribe` until it had no socket any more, in ms from the start instant. */
export type PeriodRow = [
  subscriber: number,
  fromMs: number,
  toMs: number,
  /** The lowest and the highest order that it received; −1 where it received nothing. */
  lowest: number,
  highest: number,
  end: PeriodEnd,
];

/** What one chain's subscribers of one kind saw. Rows of several chunks and workers stand side by side. */
export interface SubscriptionCounts {
  /** Handshakes that were begun, in all, and those of subscribers that a segment took over from the one before. */
  connects: number;
  handedOver: number;
  /** Subscriptions that the node confirmed. */
  subscribed: number;
  /** Why a subscriber was not subscribed, and why it lost its socket, by class. */
  failures: Counts;
  drops: Counts;
  notifications: number;
  /** Of logs: those that a reorganisation took back. */
  removed: number;
  /** Jumps of a subscriber from one block's number over the next. */
  gaps: number;
  /** Notifications that name nothing that can be followed, or more things than are followed. */
  unfollowed: number;
  /** From the beginning of the handshake to the confirmed subscription. */
  subscribeTime: string;
  items: ItemRow[];
  periods: PeriodRow[];
}

/** The counts that are numbers. */
const NUMBERS = ["connects", "handedOver", "subscribed", "notifications", "removed", "gaps", "unfollowed"] as const;

/** What is counted by class. */
const TALLIES = ["failures", "drops"] as const;

/** The counts of several chunks or workers, added up, in any order. */
export class SubscriptionSum {
  connects = 0;
  handedOver = 0;
  subscribed = 0;
  notifications = 0;
  removed = 0;
  gaps = 0;
  unfollowed = 0;
  readonly failures: Counts = {};
  readonly drops: Counts = {};
  readonly items: ItemRow[] = [];
  readonly periods: PeriodRow[] = [];
  readonly subscribeTime: Histogram = createHistogram();

  /** Adds counts. Throws if their histogram cannot be read, and then adds nothing. */
  add(counts: SubscriptionCounts): void {
    const time = parseHistogram(counts.subscribeTime);
    this.subscribeTime.addParsed(time);
    for (const name of NUMBERS) this[name] += counts[name];
    for (const name of TALLIES) addCounts(this[name], counts[name]);
    for (const row of counts.items) this.items.push(row);
    for (const row of counts.periods) this.periods.push(row);
  }

  /** The sum as counts of its own. */
  counts(): SubscriptionCounts {
    const { connects, handedOver, subscribed, notifications, removed, gaps, unfollowed, failures, drops } = this;
    const numbers = { connects, handedOver, subscribed, notifications, removed, gaps, unfollowed };
    const { items, periods } = this;
    return { ...numbers, failures, drops, items, periods, subscribeTime: encodeHistogram(this.subscribeTime) };
  }
}

function addCounts(into: Counts, from: Counts): void {
  for (const [name, count] of Object.entries(from)) into[name] = (into[name] ?? 0) + count;
}

/** Adds counts to those of the same subscriptions. */
export function addSubscriptions(
  into: Map<string, SubscriptionSum>,
  from: Readonly<Record<string, SubscriptionCounts>>,
): void {
  for (const [name, counts] of Object.entries(from)) {
    const sum = into.get(name) ?? new SubscriptionSum();
    into.set(name, sum);
    sum.add(counts);
  }
}

/** Sums by the names of the subscriptions. */
export function subscriptionCounts(sums: ReadonlyMap<string, SubscriptionSum>): Record<string, SubscriptionCounts> {
  return Object.fromEntries([...sums].map(([name, sum]) => [name, sum.counts()]));
}

/** A lag in µs, rounded so that few differ: to 0.1 ms below 10 ms, and to 1 % above. */
export function roundedLagUs(ms: number): number {
  const us = Math.max(0, ms * 1_000);
  const step = Math.max(100, 10 ** (Math.floor(Math.log10(Math.max(1, us))) - 2));
  return Math.round(us / step) * step;
}
