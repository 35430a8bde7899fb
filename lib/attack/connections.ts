import type { Connection, ConnectionEvents, ConnectionOptions, OpeningMs } from "./connection.ts";
import { Http1Connection, Http1Origin } from "./http1.ts";
import { Http2Connection, STREAMS } from "./http2.ts";

/**
 * The connections to one origin. A request never waits for another: when none is free a new one is opened. Those used
 * last are used first, so that no more stay open than the load needs.
 */
export class Connections implements ConnectionEvents {
  readonly #origin: string;
  readonly #http1: Http1Origin;
  readonly #options: ConnectionOptions;
  readonly #onOpened: (times: OpeningMs) => void;
  /** Those with room for a request. */
  readonly #free: Connection[] = [];
  readonly #all = new Set<Connection>();

  constructor(origin: string, options: ConnectionOptions, onOpened: (times: OpeningMs) => void) {
    this.#origin = origin;
    this.#http1 = new Http1Origin(origin);
    this.#options = options;
    this.#onOpened = onOpened;
  }

  /** How many connections there are, open or being opened. */
  get size(): number {
    return this.#all.size;
  }

  /**
   * Opens connections for so many requests at once, ahead of the first one, without sending anything on them: resolves
   * when each is open or has failed, which is left to the requests to find out.
   */
  async open(requests: number): Promise<void> {
    if (!this.#options.keepalive) return;
    const count = this.#options.http === "2" ? Math.ceil(requests / STREAMS) : requests;
    await Promise.all(Array.from({ length: count }, () => new Promise<void>((done) => this.#create(done))));
  }

  /** A connection with room for a request, which is counted on it. */
  acquire(): Connection {
    const connection = this.#free.at(-1) ?? this.#create();
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
    this.#all.delete(connection);
    this.resized(connection);
  }

  opened(times: OpeningMs): void {
    this.#onOpened(times);
  }

  /** A new connection; `settled` is called once when it is known whether it opens. */
  #create(settled?: () => void): Connection {
    const { http, keepalive } = this.#options;
    const connection: Connection =
      http === "2"
        ? new Http2Connection(this.#origin, this, settled)
        : new Http1Connection(this.#http1, keepalive, this, settled);
    this.#all.add(connection);
    this.resized(connection);
    return connection;
  }

  /** Closes all connections at once; requests that are still on them fail. */
  destroy(): void {
    for (const connection of [...this.#all]) connection.destroy();
    this.#all.clear();
    this.#free.length = 0;
  }
}
