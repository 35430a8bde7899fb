import { LOOPBACK_ALONE } from "../guard/hostGuard.ts";
import type { Connection, ConnectionOptions, OpeningMs } from "../http/connection.ts";
import { ConnectionCount, type Pool, type Shared } from "../http/connections.ts";
import { mostConnections } from "../http/fileLimit.ts";
import { ResponseMemory } from "../http/gathered.ts";
import { guardedLookup } from "../http/lookup.ts";
import { Names } from "../http/names.ts";
import type { Handshake } from "../http/request.ts";
import { MEMORY_BYTES } from "../http/response.ts";
import { MAX_BODY_BYTES } from "../plan/schema.ts";
import { UNFINISHED } from "../results/chunk.ts";
import type { Clock } from "../store/clock.ts";
import { poolOf } from "../ws/poolOf.ts";
import type { SocketCounter } from "../ws/socketCounts.ts";
import type { PreparedRequest } from "./requests.ts";
import { type DueRequest, INTERNAL_ERROR, TimedExchange } from "./timedExchange.ts";

/** How often the oldest requests are looked at for their timeout, in ms. */
const TIMEOUT_CHECK_MS = 20;

/** For whoever does not say how long a name's addresses are used. */
const NO_CACHE = { ttl: 0, select: "roundRobin" } as const;

/** What a sender may be given beside its connections' options. */
export interface SenderSettings {
  /** Called for each connection that has been opened. */
  onOpened?(times: OpeningMs): void;
  /** Most connections at once; by default what the limit of open files leaves. */
  most?: number;
  /** What counts a chain's WebSockets. */
  counterOf?(chain: string): SocketCounter;
}

/**
 * Sends requests and sees each one to its end: exactly one of a response or a failure is recorded for every request
 * sent, whatever the target does.
 */
export class Sender {
  readonly #clock: Clock;
  readonly #options: ConnectionOptions;
  readonly #onOpened: (times: OpeningMs) => void;
  readonly #counterOf: ((chain: string) => SocketCounter) | undefined;
  readonly #origins = new Map<string, Pool>();
  readonly #shared: Shared;
  /** In the order in which they were sent, and so of their timeouts; ended ones are dropped when they come first. */
  #order: TimedExchange[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #idle: (() => void)[] = [];
  inFlight = 0;
  /** Connections that were opened since the start: more than there are means that the target closes them. */
  opened = 0;

  constructor(clock: Clock, options: ConnectionOptions, settings: SenderSettings = {}) {
    const { onOpened, most = mostConnections(), counterOf } = settings;
    this.#clock = clock;
    this.#options = options;
    this.#shared = {
      count: new ConnectionCount(most),
      memory: new ResponseMemory(MEMORY_BYTES),
      names: new Names(guardedLookup(options.guard ?? LOOPBACK_ALONE), options.dns ?? NO_CACHE),
    };
    this.#counterOf = counterOf;
    this.#onOpened = (times) => {
      this.opened++;
      onOpened?.(times);
    };
    this.#timer = setInterval(() => this.#checkTimeouts(), TIMEOUT_CHECK_MS);
  }

  /** How many connections there are, to all origins. */
  get connections(): number {
    return this.#shared.count.now;
  }

  /** How many connections there can be, to all origins: what the limit of open files leaves. */
  get mostConnections(): number {
    return this.#shared.count.most;
  }

  /** Opens connections to an origin for so many requests at once, or so many WebSockets, ahead of the first request. */
  async open(to: string | Handshake, requests: number): Promise<void> {
    const pool = typeof to === "string" ? this.#poolOf(to) : this.#poolOf(to.key, to);
    await pool.open(requests);
  }

  #poolOf(origin: string, handshake?: Handshake): Pool {
    let pool = this.#origins.get(origin);
    if (!pool) {
      const counter = handshake && this.#counterOf?.(handshake.chain);
      pool = poolOf({ origin, handshake, counter }, this.#options, this.#shared, this.#onOpened);
      this.#origins.set(origin, pool);
    }
    return pool;
  }

  /** Sends a request now, at `nowMs` since the epoch; false where that needs one more connection than there can be. */
  send(due: DueRequest, nowMs: number): boolean {
    const { request, recorder } = due;
    const connection = this.#connectionTo(request);
    if (!connection) return false;
    const exchange = new TimedExchange(this, connection, due, nowMs);
    this.inFlight++;
    this.#order.push(exchange);
    recorder.sent(due.dueMs, nowMs - due.dueAtMs, request.bytes, request.target);
    try {
      connection.send(exchange);
    } catch {
      exchange.cutOff(INTERNAL_ERROR);
    }
    return true;
  }

  /** A connection for a request; where there can be no more, in the place of an idle one to another origin. */
  #connectionTo({ origin, handshake }: PreparedRequest): Connection | undefined {
    const pool = this.#poolOf(origin, handshake);
    const connection = pool.acquire();
    if (connection) return connection;
    for (const others of this.#origins.values()) if (others.closeIdle()) return pool.acquire();
    return undefined;
  }

  /** Most bytes of a body, decoded. */
  get maxBodyBytes(): number {
    return this.#options.limits?.maxBodyBytes ?? MAX_BODY_BYTES;
  }

  /** Memory for responses in part. */
  get memory(): ResponseMemory {
    return this.#shared.memory;
  }

  /** The clock, for exchanges. */
  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** An exchange has its outcome. */
  ended(): void {
    this.inFlight--;
    if (this.inFlight === 0) for (const done of this.#idle.splice(0)) done();
  }

  /** Resolves when no request is in flight. */
  async drained(): Promise<void> {
    if (this.inFlight === 0) return;
    await new Promise<void>((done) => this.#idle.push(done));
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

  /** Ends what is in flight, as aborted, and closes all connections. */
  close(): void {
    clearInterval(this.#timer);
    for (const exchange of this.#order) exchange.cutOff(UNFINISHED);
    this.#order = [];
    for (const pool of this.#origins.values()) pool.destroy();
  }
}
