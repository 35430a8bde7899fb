import { createHistogram, encodeHistogram, recordMs } from "../results/histogram.ts";
import { type ItemRow, type PeriodEnd, roundedLagUs, type SubscriptionCounts } from "../results/subscriptions.ts";
import type { Notification } from "./notification.ts";

/** Most different things that are followed at a worker, and those of which a subscriber is known to have had them. */
const MOST_ITEMS = 100_000;
const MOST_REMEMBERED = 1_024;

/** How long a thing is followed after it was seen first, in ms: a later receipt is followed as another one. */
const FOLLOWED_MS = 120_000;

/** One thing that was announced, at this worker. */
interface Followed {
  id: number;
  order: number;
  firstMs: number;
  /** What was received since the last flush. */
  row: ItemRow | undefined;
}

/** What one subscriber had, on its present socket. */
export interface SubscriberState {
  subscriber: number;
  fromMs: number;
  lowest: number;
  highest: number;
  /** The ids of what it had last, and of blocks their numbers. */
  had: Set<number>;
  orders: Set<number>;
}

/** Records what a worker's subscribers of one kind see, and gives it out as counts of what came since. */
export class SubscriptionRecorder {
  readonly #areBlocks: boolean;
  readonly #items = new Map<string, Followed>();
  #nextId = 0;
  #counts = noCounts();
  #subscribeTime = createHistogram();

  /** `areBlocks` tells whether each thing is a block of its own. */
  constructor(areBlocks: boolean) {
    this.#areBlocks = areBlocks;
  }

  connecting(isHandedOver: boolean): void {
    this.#counts.connects++;
    if (isHandedOver) this.#counts.handedOver++;
  }

  /** A node confirmed a subscription, so long after its handshake began. Gives the subscriber's state. */
  subscribed(subscriber: number, nowMs: number, tookMs: number): SubscriberState {
    this.#counts.subscribed++;
    recordMs(this.#subscribeTime, tookMs);
    return { subscriber, fromMs: nowMs, lowest: -1, highest: -1, had: new Set(), orders: new Set() };
  }

  /** A subscriber was not subscribed. */
  failed(failure: string): void {
    addOne(this.#counts.failures, failure);
  }

  /** A subscriber's time on a socket ended; `drop` is the class of a lost one. */
  ended({ subscriber, fromMs, lowest, highest }: SubscriberState, nowMs: number, drop?: string): void {
    if (drop !== undefined) addOne(this.#counts.drops, drop);
    const end: PeriodEnd = drop === undefined ? "planned" : "dropped";
    this.#counts.periods.push([subscriber, round(fromMs), round(nowMs), lowest, highest, end]);
  }

  notified(state: SubscriberState, nowMs: number, { key, order: number, isRemoved }: Notification): void {
    this.#counts.notifications++;
    if (isRemoved) {
      this.#counts.removed++;
      return;
    }
    const item = key === undefined ? undefined : this.#follow(key, number, nowMs);
    if (!item) {
      this.#counts.unfollowed++;
      return;
    }
    item.row ??= [key as string, round(item.order), round(item.firstMs), 0, 0, 0, {}];
    if (state.had.has(item.id)) {
      item.row[4]++;
      return;
    }
    remember(state.had, item.id);
    item.row[3]++;
    const lag = roundedLagUs(nowMs - item.firstMs);
    item.row[6][lag] = (item.row[6][lag] ?? 0) + 1;
    if (this.#areBlocks) this.#count(state, item, item.row);
    state.lowest = state.lowest === -1 ? item.order : Math.min(state.lowest, item.order);
    state.highest = Math.max(state.highest, item.order);
  }

  /** Whether a block follows the last one of its subscriber, or stands in place of one of the same number. */
  #count(state: SubscriberState, { order }: Followed, row: ItemRow): void {
    if (state.orders.has(order)) row[5]++;
    else remember(state.orders, order);
    if (state.highest !== -1 && order > state.highest + 1) this.#counts.gaps++;
  }

  #follow(key: string, number: number | undefined, nowMs: number): Followed | undefined {
    const known = this.#items.get(key);
    if (known) return known;
    if (this.#items.size >= MOST_ITEMS) return undefined;
    const item = { id: this.#nextId++, order: number ?? nowMs, firstMs: nowMs, row: undefined };
    this.#items.set(key, item);
    return item;
  }

  /** What was recorded since the last call; undefined where nothing was. `nowMs` is from the start instant. */
  take(nowMs: number): SubscriptionCounts | undefined {
    const items: ItemRow[] = [];
    for (const [key, item] of this.#items) {
      if (item.row) items.push(item.row);
      item.row = undefined;
      if (item.firstMs < nowMs - FOLLOWED_MS) this.#items.delete(key);
    }
    const counts = { ...this.#counts, items, subscribeTime: encodeHistogram(this.#subscribeTime) };
    this.#counts = noCounts();
    this.#subscribeTime.reset();
    const { connects, notifications, failures, drops, periods } = counts;
    const isEmpty =
      connects + notifications + periods.length === 0 && Object.keys({ ...failures, ...drops }).length === 0;
    return isEmpty ? undefined : counts;
  }
}

function noCounts(): Omit<SubscriptionCounts, "items" | "subscribeTime"> {
  const numbers = { connects: 0, handedOver: 0, subscribed: 0, notifications: 0, removed: 0, gaps: 0, unfollowed: 0 };
  return { ...numbers, failures: {}, drops: {}, periods: [] };
}

function addOne(tally: Record<string, number>, name: string): void {
  tally[name] = (tally[name] ?? 0) + 1;
}

/** Adds to a set that keeps the latest. */
function remember(set: Set<number>, value: number): void {
  set.add(value);
  if (set.size > MOST_REMEMBERED) for (const oldest of set) return void set.delete(oldest);
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
