import { Subscriber, type SubscriberParts } from "./subscriber.ts";

/** How often subscribers whose turn has come are started, in ms. */
const TURN_MS = 10;

/** Which of a subscription's subscribers a worker has, and when its segment is, in ms from the start instant. */
export interface SubscriberShare {
  shard: number;
  of: number;
  fromMs: number;
  toMs: number;
  /** How long before its segment a worker takes subscribers over from the segment before, in ms. */
  aheadMs: number;
}

/** One subscription's subscribers at a worker: they connect one after another, over the plan's ramp. */
export class Subscribers {
  readonly #parts: SubscriberParts;
  readonly #due: { atMs: number; subscriber: Subscriber }[];
  readonly #started: Subscriber[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: SubscriberParts, { shard, of, fromMs, aheadMs }: SubscriberShare) {
    this.#parts = parts;
    const { subscribers, rampMs } = parts.subscription;
    // Where another worker's subscribers are taken over, they are all there when its time ends.
    const [beginMs, overMs] = parts.isHandedOver ? [fromMs - aheadMs, aheadMs / 2] : [fromMs, rampMs];
    this.#due = Array.from({ length: Math.max(0, Math.ceil((subscribers - shard) / of)) }, (_, place) => {
      const index = shard + place * of;
      return { atMs: beginMs + (overMs * index) / subscribers, subscriber: new Subscriber(parts, index) };
    });
  }

  /** Begins to connect those whose turn has come. */
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
