import { judgeResponse, SWITCHED, VALID } from "../answers/jsonrpc.ts";
import type { ConnectionCount } from "../http/connections.ts";
import type { Dialer } from "../http/dial.ts";
import { type Handshake, numberedBody, type WireRequest } from "../http/request.ts";
import type { Subscription } from "../plan/schema.ts";
import type { Clock } from "../store/clock.ts";
import { readNotification } from "./notification.ts";
import type { SubscriberState, SubscriptionRecorder } from "./subscriptionRecorder.ts";
import { type WsEnd, type WsOptions, WsSocket } from "./wsSocket.ts";

/** How long a subscriber waits before it reconnects, initially and at most, in ms. */
const RETRY_MS = 1_000;
const MOST_RETRY_MS = 30_000;

/** The class of a subscriber that needs another connection when the worker may open no more files. */
const FILE_LIMIT = "file-limit";

/** What all subscribers of one subscription on a worker share. */
export interface SubscriberParts {
  subscription: Subscription;
  handshake: Handshake;
  /** The eth_subscribe call, and the expectation for its response. */
  request: WireRequest & { expected: Parameters<typeof judgeResponse>[2] };
  dialer: Dialer;
  /** Why no socket is opened: the failure class of every subscriber. */
  refusal: string | undefined;
  options: WsOptions;
  recorder: SubscriptionRecorder;
  /** All connections of the worker: those open now, as many as its limit of open files allows, and all ever opened. */
  connections: { readonly count: ConnectionCount; opened: number };
  clock: Clock;
  /** The run's start instant, in ms since the epoch. */
  startAtMs: number;
  /** Whether the previous segment of the run had the same subscribers. */
  isHandedOver: boolean;
}

/** A subscriber: a socket with one subscription, which is reopened when it is lost. */
export class Subscriber {
  readonly #parts: SubscriberParts;
  readonly #index: number;
  #socket: WsSocket | undefined;
  #beganMs = 0;
  #state: SubscriberState | undefined;
  #timeout: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = RETRY_MS;
  #isFirst = true;
  #isStopped = false;

  constructor(parts: SubscriberParts, index: number) {
    this.#parts = parts;
    this.#index = index;
  }

  /** Connects and subscribes. */
  start(): void {
    if (this.#isStopped) return;
    const { handshake, dialer, options, recorder, isHandedOver, refusal, connections } = this.#parts;
    recorder.connecting(isHandedOver && this.#isFirst);
    this.#isFirst = false;
    this.#beganMs = this.#nowMs();
    if (refusal !== undefined) {
      recorder.failed(refusal);
      return;
    }
    if (connections.count.now >= connections.count.most) {
      this.#lost(FILE_LIMIT);
      return;
    }
    this.#timeout = setTimeout(() => this.#fail("headers-timeout"), options.timeoutMs);
    connections.count.now++;
    this.#socket = new WsSocket(handshake, dialer, options, {
      opened: () => {
        connections.opened++;
        this.#subscribe();
      },
      message: (data) => this.#take(data),
      ended: (end) => this.#ended(end),
    });
  }

  #nowMs(): number {
    return this.#parts.clock.nowMs() - this.#parts.startAtMs;
  }

  #subscribe(): void {
    const body = numberedBody(this.#parts.request, 0);
    if (body) this.#socket?.send(body);
  }

  #take(data: Buffer): void {
    const nowMs = this.#nowMs();
    const { recorder, request, subscription } = this.#parts;
    const notification = readNotification(data, subscription.to);
    if (notification) {
      // A node may announce a block before it confirms the subscription; the announcement then counts as the
      // confirmation.
      this.#state ??= this.#confirmed(nowMs);
      recorder.notified(this.#state, nowMs, notification);
      return;
    }
    if (this.#state) return;
    const { name } = judgeResponse(SWITCHED, data, request.expected, 0);
    if (name === VALID) this.#state = this.#confirmed(nowMs);
    else this.#fail(name);
  }

  #confirmed(nowMs: number): SubscriberState {
    clearTimeout(this.#timeout);
    this.#retryMs = RETRY_MS;
    return this.#parts.recorder.subscribed(this.#index, nowMs, nowMs - this.#beganMs);
  }

  /** The subscription failed: retries later. */
  #fail(failure: string): void {
    this.#socket?.destroy();
    this.#lost(failure);
  }

  #ended({ failure }: WsEnd): void {
    this.#lost(failure);
  }

  #lost(failure: string): void {
    clearTimeout(this.#timeout);
    this.#drop();
    const { recorder } = this.#parts;
    if (this.#state) recorder.ended(this.#state, this.#nowMs(), failure);
    else recorder.failed(failure);
    this.#state = undefined;
    this.#retry = setTimeout(() => this.start(), this.#retryMs);
    this.#retryMs = Math.min(MOST_RETRY_MS, 2 * this.#retryMs);
  }

  /** Ends it as planned and closes its socket. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timeout);
    clearTimeout(this.#retry);
    if (this.#state) this.#parts.recorder.ended(this.#state, this.#nowMs());
    this.#state = undefined;
    this.#socket?.close();
    this.#drop();
  }

  #drop(): void {
    if (this.#socket) this.#parts.connections.count.now--;
    this.#socket = undefined;
  }
}
