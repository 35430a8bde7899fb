import type { Connection, ConnectionOptions, OpeningMs } from "../http/connection.ts";
import { ConnectionCount, type Pool, type Shared } from "../http/connections.ts";
import { mostConnections } from "../http/fileLimit.ts";
import { ResponseMemory } from "../http/gathered.ts";
import { guardedNames } from "../http/names.ts";
import type { Handshake } from "../http/request.ts";
import { MEMORY_BYTES } from "../http/response.ts";
import { MAX_BODY_BYTES } from "../plan/sizes.ts";
import { UNFINISHED } from "../results/chunk.ts";
import type { Clock } from "../store/clock.ts";
import { poolOf } from "../ws/poolOf.ts";
import type { SocketCounter } from "../ws/socketCounts.ts";
import type { PreparedRequest } from "./requests.ts";
import { type DueRequest, INTERNAL_ERROR, TimedExchange } from "./timedExchange.ts";

/** How often the oldest requests are checked for timeouts, in ms. */
const TIMEOUT_CHECK_MS = 20;

/** A sender's optional settings. */
export interface SenderSettings {
  /** Called for each opened connection. */
  onOpened?(times: OpeningMs): void;
  /** Maximum concurrent connections; by default what the open file limit allows. */
  most?: number;
  /** The counter for a chain's WebSockets. */
  counterOf?(chain: string): SocketCounter;
}

/**
 * Sends requests and follows each to its end: exactly one response or failure is recorded for every request sent,
 * whatever the target does.
 */
export class Sender {
  readonly #clock: Clock;
  readonly #options: ConnectionOptions;
  readonly #onOpened: (times: OpeningMs) => void;
  readonly #counterOf: ((chain: string) => SocketCounter) | undefined;
  readonly #origins = new Map<string, Pool>();
  /** The origin that was sent to last, and its pool. */
  #lastOrigin: string | undefined;
  #lastPool: Pool | undefined;
  readonly #shared: Shared;
  /**
   * In sending order, which is also the order of their timeouts; ended exchanges are dropped when they reach the front.
   */
  #order: TimedExchange[] = [];
  readonly #timer: NodeJS.Timeout;
  /** Resolved when no request is in flight any more, for those who wait for it. */
  #drained: PromiseWithResolvers<void> | undefined;
  inFlight = 0;
  /** When the first request was sent, in ms since the epoch. */
  firstSentAtMs: number | undefined;
  /** Connections opened since the start: more than `connections` means that the target closes them. */
  opened = 0;

  constructor(clock: Clock, options: ConnectionOptions, settings: SenderSettings = {}) {
    const { onOpened, most = mostConnections(), counterOf } = settings;
    this.#clock = clock;
    this.#options = options;
    this.#shared = {
      count: new ConnectionCount(most),
      memory: new ResponseMemory(MEMORY_BYTES),
      names: guardedNames(options),
    };
    this.#counterOf = counterOf;
    this.#onOpened = (times) => {
      this.opened++;
      onOpened?.(times);
    };
    this.#timer = setInterval(() => this.#checkTimeouts(), TIMEOUT_CHECK_MS);
  }

  /** The number of connections to all origins. */
  get connections(): number {
    return this.#shared.count.now;
  }

  /** The current and maximum number of connections: what the open file limit allows. */
  get count(): ConnectionCount {
    return this.#shared.count;
  }

  /**
   * Opens connections to an origin for `requests` concurrent requests, or that many WebSockets, before the first
   * request. Opens no more once `goesOn` is false.
   */
  async open(to: string | Handshake, requests: number, goesOn?: () => boolean): Promise<void> {
    const pool = typeof to === "string" ? this.#poolOf(to) : this.#poolOf(to.key, to);
    await pool.open(requests, goesOn);
  }

  #poolOf(origin: string, handshake?: Handshake): Pool {
    if (origin === this.#lastOrigin) return this.#lastPool as Pool;
    let pool = this.#origins.get(origin);
    if (!pool) {
      const counter = handshake && this.#counterOf?.(handshake.chain);
      pool = poolOf({ origin, handshake, counter }, this.#options, this.#shared, this.#onOpened);
      this.#origins.set(origin, pool);
    }
    this.#lastOrigin = origin;
    this.#lastPool = pool;
    return pool;
  }

  /**
   * Sends a request now, at `nowMs` since the epoch; false if that needs another connection and the maximum is reached.
   */
  send(due: DueRequest, nowMs: number): boolean {
    const { request, recorder } = due;
    const connection = this.#connectionTo(request);
    if (!connection) return false;
    const exchange = new TimedExchange(this, connection, due, nowMs);
    this.inFlight++;
    this.firstSentAtMs ??= nowMs;
    this.#order.push(exchange);
    recorder.sent(due.dueMs, nowMs - due.dueAtMs, request.bytes, request.target);
    try {
      connection.send(exchange);
    } catch {
      exchange.cutOff(INTERNAL_ERROR);
    }
    return true;
  }

  /** A connection for a request; at the maximum, it replaces an idle connection to another origin. */
  #connectionTo({ origin, handshake }: PreparedRequest): Connection | undefined {
    const pool = this.#poolOf(origin, handshake);
    const connection = pool.acquire();
    if (connection) return connection;
    for (const others of this.#origins.values()) if (others.closeIdle()) return pool.acquire();
    return undefined;
  }

  /** Maximum bytes of a decoded body. */
  get maxBodyBytes(): number {
    return this.#options.limits?.maxBodyBytes ?? MAX_BODY_BYTES;
  }

  /** The memory budget for partial responses. */
  get memory(): ResponseMemory {
    return this.#shared.memory;
  }

  /** The clock's time, for exchanges. */
  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** Called when an exchange has its outcome. */
  ended(): void {
    this.inFlight--;
    if (this.inFlight > 0 || !this.#drained) return;
    this.#drained.resolve();
    this.#drained = undefined;
  }

  /** Resolves when no request is in flight any more. */
  async drained(): Promise<void> {
    if (this.inFlight === 0) return;
    this.#drained ??= Promise.withResolvers();
    await this.#drained.promise;
  }

  #checkTimeouts(): void {
    const oldestMs = this.#clock.nowMs() - this.#options.timeoutMs;
    let index = 0;
    for (; index < this.#order.length; index++) {
      const exchange = this.#order[index] as TimedExchange;
      if (!exchange.done) {
        if (exchange.sentAtMs > oldestMs) break;
        exchange.timeOut();
      }
    }
    if (index > 0) this.#order = this.#order.slice(index);
  }

  /** Ends requests in flight as aborted, and closes all connections. */
  close(): void {
    clearInterval(this.#timer);
    for (const exchange of this.#order) exchange.cutOff(UNFINISHED);
    this.#order = [];
    for (const pool of this.#origins.values()) pool.destroy();
  }
}
