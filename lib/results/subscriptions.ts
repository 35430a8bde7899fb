import { addTally, type Tally } from "./chunk.ts";
import type { ParsedCounts } from "./hdrEncoding.ts";
import { createHistogram, encodeHistogram, type Histogram, parseHistogram } from "./histogram.ts";

/** Lags behind a row's first receipt, rounded, in µs, and the number of receipts with each lag. */
export type Lags = Record<string, number>;

/**
 * What one worker's subscribers received of one announced item between two flushes: a block by its hash, a log by its
 * block's hash and its index, or a transaction by its hash.
 */
export type ItemRow = [
  key: string,
  /** The block number; for a pending transaction, when this worker first saw it, in ms from the start instant. */
  order: number,
  /** When this worker's first subscriber received it, in ms from the start instant. */
  firstMs: number,
  /** Subscribers that received it for the first time. */
  received: number,
  /** Receipts by subscribers that already had it. */
  doubled: number,
  /** Of `received`, receipts by subscribers that already had another block of the same number. */
  replaced: number,
  lags: Lags,
];

/** How a subscriber's time on one socket ended: as planned, or because the socket was lost. */
export type PeriodEnd = "planned" | "dropped";

/**
 * The period from the response to a subscriber's `eth_subscribe` until its socket was gone, in ms from the start
 * instant.
 */
export type PeriodRow = [
  subscriber: number,
  fromMs: number,
  toMs: number,
  /** The lowest and highest order that it received; −1 if it received nothing. */
  lowest: number,
  highest: number,
  end: PeriodEnd,
];

/** What one chain's subscribers of one kind received. Rows of several chunks and workers are kept side by side. */
export interface SubscriptionCounts {
  /** Handshakes started in total, and those of subscribers that a segment took over from the previous one. */
  connects: number;
  handedOver: number;
  /** Subscriptions confirmed by the node. */
  subscribed: number;
  /** Why subscribers could not subscribe, and why they lost their sockets, by class. */
  failures: Tally;
  drops: Tally;
  notifications: number;
  /** Logs that a reorganisation removed. */
  removed: number;
  /** How often a subscriber skipped block numbers. */
  gaps: number;
  /** Notifications without an item that can be tracked, or beyond the number of items that are tracked. */
  unfollowed: number;
  /** Time from the start of the handshake to the confirmed subscription. */
  subscribeTime: string;
  items: ItemRow[];
  periods: PeriodRow[];
}

/** Counts with their histogram parsed. */
export interface ParsedSubscription {
  name: string;
  counts: SubscriptionCounts;
  subscribeTime: ParsedCounts;
}

/** Parses the histograms of counts by subscription name. Throws if one of them cannot be read. */
export function parseSubscriptions(from: Readonly<Record<string, SubscriptionCounts>>): ParsedSubscription[] {
  return Object.entries(from).map(([name, counts]) => {
    return { name, counts, subscribeTime: parseHistogram(counts.subscribeTime) };
  });
}

/** The numeric counts. */
const NUMBERS = ["connects", "handedOver", "subscribed", "notifications", "removed", "gaps", "unfollowed"] as const;

/** The counts by class. */
const TALLIES = ["failures", "drops"] as const;

/** The counts of several chunks or workers, added up in any order. */
export class SubscriptionSum {
  connects = 0;
  handedOver = 0;
  subscribed = 0;
  notifications = 0;
  removed = 0;
  gaps = 0;
  unfollowed = 0;
  readonly failures: Tally = {};
  readonly drops: Tally = {};
  readonly items: ItemRow[] = [];
  readonly periods: PeriodRow[] = [];
  readonly subscribeTime: Histogram = createHistogram();

  add({ counts, subscribeTime }: ParsedSubscription): void {
    this.subscribeTime.addParsed(subscribeTime);
    for (const name of NUMBERS) this[name] += counts[name];
    for (const name of TALLIES) addTally(this[name], counts[name]);
    for (const row of counts.items) this.items.push(row);
    for (const row of counts.periods) this.periods.push(row);
  }

  /** The sum as separate counts. */
  counts(): SubscriptionCounts {
    const { connects, handedOver, subscribed, notifications, removed, gaps, unfollowed, failures, drops } = this;
    const numbers = { connects, handedOver, subscribed, notifications, removed, gaps, unfollowed };
    const { items, periods } = this;
    return { ...numbers, failures, drops, items, periods, subscribeTime: encodeHistogram(this.subscribeTime) };
  }
}

/** Adds counts to the sums of the same subscriptions. */
export function addSubscriptions(into: Map<string, SubscriptionSum>, from: readonly ParsedSubscription[]): void {
  for (const parsed of from) {
    const sum = into.get(parsed.name) ?? new SubscriptionSum();
    into.set(parsed.name, sum);
    sum.add(parsed);
  }
}

/** The counts of sums, by subscription name. */
export function subscriptionCounts(sums: ReadonlyMap<string, SubscriptionSum>): Record<string, SubscriptionCounts> {
  return Object.fromEntries([...sums].map(([name, sum]) => [name, sum.counts()]));
}

/** A lag in µs, rounded so that few distinct values remain: to 0.1 ms below 10 ms, and to 1 % above. */
export function roundedLagUs(ms: number): number {
  const us = Math.max(0, ms * 1_000);
  const step = Math.max(100, 10 ** (Math.floor(Math.log10(Math.max(1, us))) - 2));
  return Math.round(us / step) * step;
}
