import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectionOptions } from "../http/connection.ts";
import { refusalOf } from "../http/connections.ts";
import { Dialer } from "../http/dial.ts";
import { guardedNames } from "../http/names.ts";
import type { Assignment, Share } from "../plan/assign.ts";
import { regionDeal } from "../plan/regions.ts";
import type { Chain, Subscription } from "../plan/schema.ts";
import { subscribeTarget } from "../plan/subscriptions.ts";
import type { Clock } from "../store/clock.ts";
import type { SubscriberParts } from "../ws/subscriber.ts";
import { Subscribers } from "../ws/subscribers.ts";
import { SubscriptionRecorder } from "../ws/subscriptionRecorder.ts";
import { dialedOrigin } from "../ws/wsSocket.ts";
import type { Recorder } from "./recorder.ts";
import { prepareChain } from "./requests.ts";

/** Maximum bytes of a notification: a thousand sockets may each hold a partial one. */
const MOST_NOTIFICATION_BYTES = 256 * 1_024;

/** How long before its segment a worker takes over subscribers from the previous segment, in ms. */
export const TAKE_OVER_AHEAD_MS = 4_000;

/** What a worker's subscribers need from the worker. */
export interface SubscriptionsInput {
  assignment: Assignment;
  options: ConnectionOptions;
  clock: Clock;
  seed: number;
  /** The value of a reference to a secret. */
  secret(reference: string): string;
  /** The worker's connections, of which each subscriber needs one. */
  connections: SubscriberParts["connections"];
  /** The recorder of a chain's measurement. */
  recorderOf(chain: string): Recorder;
}

/** All subscribers of one worker in one segment. */
export class WorkerSubscriptions {
  readonly #input: SubscriptionsInput;
  readonly #subscribers: Subscribers[];
  #isStopped = false;

  /** Throws if a handshake or a call cannot be made. */
  constructor(chains: readonly Chain[], input: SubscriptionsInput) {
    this.#input = input;
    this.#subscribers = chains.flatMap((chain, place) => {
      const share = input.assignment.shares[place] as Share;
      return (chain.subscriptions ?? []).map((subscription) => this.#subscribersOf(chain, subscription, share));
    });
  }

  /** The number of subscribers. */
  get size(): number {
    return this.#subscribers.reduce((sum, { size }) => sum + size, 0);
  }

  get isEmpty(): boolean {
    return this.#subscribers.length === 0;
  }

  #subscribersOf(chain: Chain, subscription: Subscription, { shard, of }: Share): Subscribers {
    const { assignment, options, clock, seed, secret, connections, recorderOf } = this.#input;
    const target = subscribeTarget(subscription);
    const requests = prepareChain({ name: chain.name, rps: 0, targets: [target] }, { keepalive: true, seed, secret });
    const request = requests(0);
    const [handshake] = requests.handshakes;
    if (!handshake) throw new Error(`the subscription ${subscription.name} of chain ${chain.name} has no WebSocket`);
    const recorder = new SubscriptionRecorder(subscription.to === "newHeads");
    recorderOf(chain.name).subscriptions.set(subscription.name, recorder);
    const origin = dialedOrigin(handshake);
    const maxBodyBytes = Math.min(MOST_NOTIFICATION_BYTES, options.limits?.maxBodyBytes ?? MOST_NOTIFICATION_BYTES);
    const parts = {
      subscription,
      handshake,
      request,
      dialer: new Dialer(origin, options, guardedNames(options).lookup),
      refusal: refusalOf(origin, options)?.code,
      options: { ...options, limits: { maxBodyBytes }, compress: options.webSocket?.compress ?? false },
      recorder,
      connections,
      clock,
      startAtMs: assignment.startAtMs,
      isHandedOver: assignment.segment > 0,
    };
    const deal = regionDeal(chain, assignment.region);
    return new Subscribers(parts, { shard, of, deal, fromMs: assignment.fromMs, aheadMs: TAKE_OVER_AHEAD_MS });
  }

  /** Starts connecting them by the plan's ramp. */
  start(): void {
    for (const each of this.#subscribers) each.start();
  }

  /** Resolves when the segment is over or they were stopped; their sockets are closed by then. */
  async ended(): Promise<void> {
    if (this.isEmpty) return;
    const { assignment, clock } = this.#input;
    const endMs = assignment.startAtMs + assignment.toMs;
    while (!this.#isStopped && clock.nowMs() < endMs) await sleep(Math.min(100, Math.max(1, endMs - clock.nowMs())));
    this.stop();
  }

  /** Closes all sockets; safe to call repeatedly. */
  stop(): void {
    this.#isStopped = true;
    for (const each of this.#subscribers) each.stop();
  }
}
