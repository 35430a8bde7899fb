import { type Deal, dealtBefore, dealtNumber } from "../schedule/deal.ts";
import { countInShard } from "../schedule/schedule.ts";
import { Subscriber, type SubscriberParts } from "./subscriber.ts";

/** How often due subscribers are started, in ms. */
const TURN_MS = 10;

/** A worker's share of a subscription's subscribers, and when its segment begins, in ms from the start instant. */
export interface SubscriberShare {
  shard: number;
  of: number;
  /** Which of the subscribers the worker's region has, if not all. */
  deal: Deal | undefined;
  fromMs: number;
  /** How long before its segment a worker takes over subscribers from the previous segment, in ms. */
  aheadMs: number;
}

/** One subscription's subscribers on a worker: they connect one after another, over the plan's ramp. */
export class Subscribers {
  readonly #parts: SubscriberParts;
  readonly #due: { atMs: number; subscriber: Subscriber }[];
  readonly #started: Subscriber[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: SubscriberParts, { shard, of, deal, fromMs, aheadMs }: SubscriberShare) {
    this.#parts = parts;
    const { subscribers, rampMs } = parts.subscription;
    // Subscribers taken over from another worker are all connected before that worker's segment ends.
    const [beginMs, overMs] = parts.isHandedOver ? [fromMs - aheadMs, aheadMs / 2] : [fromMs, rampMs];
    const to = deal ? dealtBefore(deal, subscribers) : subscribers;
    this.#due = Array.from({ length: countInShard({ shard, of, from: 0, to }) }, (_, place) => {
      const own = shard + place * of;
      const index = deal ? dealtNumber(deal, own) : own;
      return { atMs: beginMs + (overMs * index) / subscribers, subscriber: new Subscriber(parts, index) };
    });
  }

  /** The number of subscribers, whether they are connected or not. */
  get size(): number {
    return this.#due.length + this.#started.length;
  }

  /** Starts connecting subscribers as they become due. */
  start(): void {
    this.#timer = setInterval(() => this.#startDue(), TURN_MS);
  }

  #startDue(): void {
    const nowMs = this.#parts.clock.nowMs() - this.#parts.startAtMs;
    for (let next = this.#due[0]; next && next.atMs <= nowMs; next = this.#due[0]) {
      this.#due.shift();
      this.#started.push(next.subscriber);
      next.subscriber.start();
    }
  }

  /** Closes all sockets. */
  stop(): void {
    clearInterval(this.#timer);
    for (const subscriber of this.#started.splice(0)) subscriber.stop();
  }
}
