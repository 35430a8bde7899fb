import { createHistogram, encodeHistogram, recordMs } from "../results/histogram.ts";
import { type ItemRow, type PeriodEnd, roundedLagUs, type SubscriptionCounts } from "../results/subscriptions.ts";
import type { Notification } from "./notification.ts";

/** Maximum distinct items tracked per worker, and maximum items remembered as received per subscriber. */
const MOST_ITEMS = 100_000;
const MOST_REMEMBERED = 1_024;

/** How long an item is tracked after it was first seen, in ms: a later receipt counts as another item. */
const FOLLOWED_MS = 120_000;

/** One announced item, on this worker. */
interface Followed {
  id: number;
  order: number;
  firstMs: number;
  /** The receipts since the last flush. */
  row: ItemRow | undefined;
}

/** What one subscriber has received on its current socket. */
export interface SubscriberState {
  subscriber: number;
  fromMs: number;
  lowest: number;
  highest: number;
  /** The ids of the latest items it received, and for blocks their numbers. */
  had: Set<number>;
  orders: Set<number>;
}

/** Records what a worker's subscribers of one kind receive, and returns the counts since the last call. */
export class SubscriptionRecorder {
  readonly #areBlocks: boolean;
  readonly #items = new Map<string, Followed>();
  #nextId = 0;
  #counts = noCounts();
  #subscribeTime = createHistogram();

  /** `areBlocks`: whether each item is a separate block. */
  constructor(areBlocks: boolean) {
    this.#areBlocks = areBlocks;
  }

  connecting(isHandedOver: boolean): void {
    this.#counts.connects++;
    if (isHandedOver) this.#counts.handedOver++;
  }

  /** Records a confirmed subscription, `tookMs` after its handshake began. Returns the subscriber's state. */
  subscribed(subscriber: number, nowMs: number, tookMs: number): SubscriberState {
    this.#counts.subscribed++;
    recordMs(this.#subscribeTime, tookMs);
    return { subscriber, fromMs: nowMs, lowest: -1, highest: -1, had: new Set(), orders: new Set() };
  }

  /** Records a subscriber that could not subscribe. */
  failed(failure: string): void {
    addOne(this.#counts.failures, failure);
  }

  /** Records the end of a subscriber's time on a socket; `drop` is the class if the socket was lost. */
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

  /** Records whether a block leaves a gap after its subscriber's last one, or replaces one of the same number. */
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

  /** The counts since the last call; undefined if nothing was recorded. `nowMs` is from the start instant. */
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
    const { connects, subscribed, notifications, failures, drops, periods } = counts;
    const isEmpty =
      connects + subscribed + notifications + periods.length === 0 &&
      Object.keys({ ...failures, ...drops }).length === 0;
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

/** Adds to a set that keeps only the latest values. */
function remember(set: Set<number>, value: number): void {
  set.add(value);
  if (set.size > MOST_REMEMBERED) for (const oldest of set) return void set.delete(oldest);
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
