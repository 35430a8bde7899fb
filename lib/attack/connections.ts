import type { Connection, ConnectionEvents, ConnectionOptions } from "./connection.ts";
import { Http1Connection, Http1Origin } from "./http1.ts";
import { Http2Connection } from "./http2.ts";

/**
 * The connections to one origin. A request never waits for another: when none is free a new one is opened. Those used
 * last are used first, so that no more stay open than the load needs.
 */
export class Connections implements ConnectionEvents {
  readonly #origin: string;
  readonly #http1: Http1Origin;
  readonly #options: ConnectionOptions;
  /** Those with room for a request. */
  readonly #free: Connection[] = [];
  readonly #all = new Set<Connection>();
  /** How many were opened since the start: more than there are means that the target closes them. */
  opened = 0;

  constructor(origin: string, options: ConnectionOptions) {
    this.#origin = origin;
    this.#http1 = new Http1Origin(origin);
    this.#options = options;
  }

  /** How many connections there are, open or being opened. */
  get size(): number {
    return this.#all.size;
  }

  /**
   * Opens connections ahead of the first request, without sending anything on them: resolves when each is open or has
   * failed, which is left to the requests to find out. An HTTP/2 connection is opened by its first request.
   */
  async open(count: number): Promise<void> {
    if (this.#options.http === "2" || !this.#options.keepalive) return;
    const attempts = Array.from({ length: count }, () => {
      return new Promise<void>((done) => {
        const connection = new Http1Connection(this.#http1, true, this, done);
        this.#all.add(connection);
        this.#free.push(connection);
        this.opened++;
      });
    });
    await Promise.all(attempts);
  }

  /** A connection with room for a request, which is counted on it. */
  acquire(): Connection {
    const connection = this.#free.at(-1) ?? this.#create();
    connection.inFlight++;
    if (connection.inFlight >= connection.capacity) this.#free.pop();
    return connection;
  }

  released(connection: Connection): void {
    if (connection.inFlight === connection.capacity) this.#free.push(connection);
    connection.inFlight--;
  }

  closed(connection: Connection): void {
    if (!this.#all.delete(connection) || connection.inFlight > 0) return;
    const index = this.#free.lastIndexOf(connection);
    if (index !== -1) this.#free.splice(index, 1);
  }

  #create(): Connection {
    const { http, keepalive, timeoutMs } = this.#options;
    const connection =
      http === "2"
        ? new Http2Connection(this.#origin, timeoutMs, this)
        : new Http1Connection(this.#http1, keepalive, this);
    this.#all.add(connection);
    this.#free.push(connection);
    this.opened++;
    return connection;
  }

  /** Closes all connections at once; requests that are still on them fail. */
  destroy(): void {
    for (const connection of this.#all) connection.destroy();
    this.#all.clear();
    this.#free.length = 0;
  }
}
