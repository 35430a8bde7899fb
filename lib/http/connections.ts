import { LOOPBACK_ALONE, type Refusal } from "../guard/hostGuard.ts";
import { destinationOf, urlOf } from "../plan/connect.ts";
import type { Connection, ConnectionEvents, ConnectionOptions, OpeningMs } from "./connection.ts";
import { Dialer } from "./dial.ts";
import type { ResponseMemory } from "./gathered.ts";
import { Http1Connection, Http1Origin } from "./http1.ts";
import { Http2Connection, Http2Origin, STREAMS } from "./http2.ts";
import type { Names } from "./names.ts";
import { openInAdvance } from "./openInAdvance.ts";
import { RefusedConnection } from "./refused.ts";
import { Reading } from "./response.ts";

/** The current and maximum number of connections to all origins, open or being opened. */
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

/** The connections shared by requests of one kind. */
export interface Pool {
  /**
   * Opens connections for `requests` concurrent requests; resolves when each is open or has failed, or when `goesOn` is
   * false.
   */
  open(requests: number, goesOn?: () => boolean): Promise<void>;
  /** A connection with room for a request, which it now counts; undefined if no more can be opened. */
  acquire(): Connection | undefined;
  /** Closes an idle connection, if there is one, to make room for a connection to another origin. */
  closeIdle(): boolean;
  /** Closes all connections at once; requests in flight on them fail. */
  destroy(): void;
}

/**
 * The connections to one origin. A request never waits for another: if no connection is free, a new one is opened, as
 * long as the count allows it. The most recently used are reused first, so that no more stay open than the load needs.
 */
export class Connections implements ConnectionEvents, Pool {
  readonly #http1: Http1Origin;
  readonly #http2: Http2Origin;
  /** Why no connection is opened: the failure class of every request. */
  readonly #refused: string | undefined;
  readonly #options: ConnectionOptions;
  readonly #count: ConnectionCount;
  readonly #onOpened: (times: OpeningMs) => void;
  /** Connections with room for a request. */
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
    this.#http2 = new Http2Origin(origin, dialer, reading);
    this.#options = options;
    this.#count = count;
    this.#onOpened = onOpened;
  }

  /**
   * Opens connections for `requests` concurrent requests in advance, without sending anything on them. Resolves when
   * each is open or has failed; a failure is left for the requests to discover.
   */
  async open(requests: number, goesOn = (): boolean => true): Promise<void> {
    if (!this.#options.keepalive) return;
    const wanted = this.#options.http === "2" ? Math.ceil(requests / STREAMS) : requests;
    const count = this.#count;
    await openInAdvance(
      wanted,
      () => count.now < count.most && goesOn(),
      (done) => this.#create(done),
    );
  }

  /** A connection with room for a request, which it now counts; undefined if no more can be opened. */
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

  /** Closes an idle connection, if there is one, to make room for a connection to another origin. */
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

  /** Creates a connection; `settled` is called once, when it is open or has failed. */
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

  /** Closes all connections at once; requests in flight on them fail. */
  destroy(): void {
    for (const connection of [...this.#all]) {
      this.closed(connection);
      connection.destroy();
    }
  }
}

/** Why an origin is forbidden, or the address that the plan's `resolve` maps it to; undefined if both are allowed. */
export function refusalOf(
  origin: string,
  { guard = LOOPBACK_ALONE, resolve }: Pick<ConnectionOptions, "guard" | "resolve">,
): Refusal | undefined {
  const { protocol, hostname, port } = new URL(origin);
  const to = destinationOf(hostname, Number(port || (protocol === "https:" ? 443 : 80)), resolve);
  return guard.refusal(origin) ?? guard.refusal(urlOf(to));
}
