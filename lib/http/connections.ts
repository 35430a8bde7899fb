import { LOOPBACK_ALONE, type Refusal } from "../guard/hostGuard.ts";
import { destinationOf, urlOf } from "../plan/connect.ts";
import type { Connection, ConnectionEvents, ConnectionOptions, OpeningMs } from "./connection.ts";
import { Dialer } from "./dial.ts";
import type { ResponseMemory } from "./gathered.ts";
import { Http1Connection, Http1Origin } from "./http1.ts";
import { Http2Connection, type Http2Origin, STREAMS } from "./http2.ts";
import type { Names } from "./names.ts";
import { RefusedConnection } from "./refused.ts";
import { Reading } from "./response.ts";

/** How many connections there are to all origins, open or being opened, and how many there can be. */
export class ConnectionCount {
  readonly most: number;
  now = 0;

  constructor(most: number) {
    this.most = most;
  }
}

/** What all connections of a worker share. */
export interface Shared {
  count: ConnectionCount;
  memory: ResponseMemory;
  names: Names;
}

/** The connections that requests of one kind take in turn. */
export interface Pool {
  /** Opens connections for so many requests at once: resolves when each is open or has failed. */
  open(requests: number): Promise<void>;
  /** A connection with room for a request, which is counted on it; undefined where no more can be opened. */
  acquire(): Connection | undefined;
  /** Closes a connection without a request, if there is one, to make room for one to another origin. */
  closeIdle(): boolean;
  /** Closes all connections at once; requests that are still on them fail. */
  destroy(): void;
}

/**
 * The connections to one origin. A request never waits for another: when none is free a new one is opened, as long as
 * the count allows it. Those used last are used first, so that no more stay open than the load needs.
 */
export class Connections implements ConnectionEvents, Pool {
  readonly #http1: Http1Origin;
  readonly #http2: Http2Origin;
  /** Why no connection is opened: the class that each request ends in. */
  readonly #refused: string | undefined;
  readonly #options: ConnectionOptions;
  readonly #count: ConnectionCount;
  readonly #onOpened: (times: OpeningMs) => void;
  /** Those with room for a request. */
  readonly #free: Connection[] = [];
  readonly #all = new Set<Connection>();

  constructor(
    origin: string,
    options: ConnectionOptions,
    { count, memory, names }: Shared,
    onOpened: (times: OpeningMs) => void,
  ) {
    this.#refused = refusalOf(origin, options)?.code;
    const dialer = new Dialer(origin, options, names.lookup);
    const reading = new Reading(options.limits?.maxBodyBytes, memory);
    this.#http1 = new Http1Origin(dialer, reading);
    this.#http2 = { origin, dialer, reading };
    this.#options = options;
    this.#count = count;
    this.#onOpened = onOpened;
  }

  /**
   * Opens connections for so many requests at once, ahead of the first one, without sending anything on them: resolves
   * when each is open or has failed, which is left to the requests to find out.
   */
  async open(requests: number): Promise<void> {
    if (!this.#options.keepalive) return;
    const count = this.#options.http === "2" ? Math.ceil(requests / STREAMS) : requests;
    const fitting = Math.min(count, this.#count.most - this.#count.now);
    await Promise.all(Array.from({ length: fitting }, () => new Promise<void>((done) => this.#create(done))));
  }

  /** A connection with room for a request, which is counted on it; undefined where no more can be opened. */
  acquire(): Connection | undefined {
    const connection = this.#free.at(-1) ?? (this.#count.now < this.#count.most ? this.#create() : undefined);
    if (!connection) return undefined;
    connection.inFlight++;
    if (connection.inFlight >= connection.capacity) {
      this.#free.pop();
      connection.isListed = false;
    }
    return connection;
  }

  released(connection: Connection): void {
    connection.inFlight--;
    this.resized(connection);
  }

  resized(connection: Connection): void {
    const hasRoom = connection.inFlight < connection.capacity && this.#all.has(connection);
    if (hasRoom && !connection.isListed) {
      this.#free.push(connection);
      connection.isListed = true;
    } else if (!hasRoom && connection.isListed) {
      this.#free.splice(this.#free.lastIndexOf(connection), 1);
      connection.isListed = false;
    }
  }

  closed(connection: Connection): void {
    if (this.#all.delete(connection)) this.#count.now--;
    this.resized(connection);
  }

  /** Closes a connection without a request, if there is one, to make room for one to another origin. */
  closeIdle(): boolean {
    const idle = this.#free.find(({ inFlight }) => inFlight === 0);
    if (!idle) return false;
    this.closed(idle);
    idle.destroy();
    return true;
  }

  opened(times: OpeningMs): void {
    this.#onOpened(times);
  }

  /** A new connection; `settled` is called once when it is known whether it opens. */
  #create(settled?: () => void): Connection {
    const connection = this.#make(settled);
    this.#all.add(connection);
    this.#count.now++;
    this.resized(connection);
    return connection;
  }

  #make(settled?: () => void): Connection {
    const { http, keepalive } = this.#options;
    if (this.#refused !== undefined) return new RefusedConnection(this.#refused, this, settled);
    return http === "2"
      ? new Http2Connection(this.#http2, this, settled)
      : new Http1Connection(this.#http1, keepalive, this, settled);
  }

  /** Closes all connections at once; requests that are still on them fail. */
  destroy(): void {
    for (const connection of [...this.#all]) {
      this.closed(connection);
      connection.destroy();
    }
  }
}

/** Why an origin, or where the plan's `resolve` sends connections to it, must not be spoken to. */
export function refusalOf(
  origin: string,
  { guard = LOOPBACK_ALONE, resolve }: Pick<ConnectionOptions, "guard" | "resolve">,
): Refusal | undefined {
  const { protocol, hostname, port } = new URL(origin);
  const to = destinationOf(hostname, Number(port || (protocol === "https:" ? 443 : 80)), resolve);
  return guard.refusal(origin) ?? guard.refusal(urlOf(to));
}
