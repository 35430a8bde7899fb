import type { Socket } from "node:net";
import { buildConnector, Client, type Dispatcher } from "undici";

/** Streams that one HTTP/2 connection carries at once: what most servers allow. */
const HTTP2_STREAMS = 100;

/** How long an idle connection is kept, in ms: below the 60 s and more at which gateways close theirs. */
const KEEP_ALIVE_MS = 30_000;

/** How a worker speaks to an origin. */
export interface ConnectionOptions {
  http: "1.1" | "2";
  keepalive: boolean;
  timeoutMs: number;
}

/** A connection that a request can be sent on: an undici client, and the requests that are on it now. */
export interface Connection {
  readonly client: Client;
  inFlight: number;
}

/**
 * The connections to one origin. A request never waits for another: when none is free a new one is opened. Those used
 * last are used first, so that no more stay open than the load needs.
 */
export class Connections {
  readonly #origin: URL;
  readonly #options: ConnectionOptions;
  readonly #streams: number;
  readonly #connect: ReturnType<typeof buildConnector>;
  readonly #free: Connection[] = [];
  readonly #all = new Set<Connection>();
  readonly #opened: Socket[] = [];

  constructor(origin: string, options: ConnectionOptions) {
    this.#origin = new URL(origin);
    this.#options = options;
    this.#streams = options.http === "2" ? HTTP2_STREAMS : 1;
    this.#connect = buildConnector({ allowH2: options.http === "2", timeout: options.timeoutMs });
  }

  /** How many connections there are, open or being opened. */
  get size(): number {
    return this.#all.size;
  }

  /**
   * Opens connections ahead of the first request, without sending anything on them. Failures are left to the requests
   * to find out. Returns how many are open.
   */
  async open(count: number): Promise<number> {
    const { host, protocol, port } = this.#origin;
    const hostname = this.#origin.hostname.replace(/^\[|\]$/g, "");
    const attempts = Array.from({ length: count }, () => {
      return new Promise<void>((done) => {
        this.#connect({ hostname, host, protocol, port }, (...[error, socket]) => {
          if (!error && socket) this.#keep(socket as Socket);
          done();
        });
      });
    });
    await Promise.all(attempts);
    return this.#opened.length;
  }

  #keep(socket: Socket): void {
    this.#opened.push(socket);
    const forget = (): void => {
      const index = this.#opened.indexOf(socket);
      if (index !== -1) this.#opened.splice(index, 1);
    };
    socket.once("close", forget);
    socket.once("error", forget);
  }

  /** A connection with room for a request. */
  acquire(): Connection {
    const connection = this.#free.at(-1) ?? this.#create();
    connection.inFlight++;
    if (connection.inFlight >= this.#streams) this.#free.pop();
    return connection;
  }

  /** Gives a connection back when its request has ended. */
  release(connection: Connection): void {
    if (connection.inFlight >= this.#streams) this.#free.push(connection);
    connection.inFlight--;
  }

  #create(): Connection {
    const { http, keepalive, timeoutMs } = this.#options;
    const client = new Client(this.#origin, {
      allowH2: http === "2",
      ...(http === "2" && { h2Options: { maxConcurrentStreams: HTTP2_STREAMS } }),
      pipelining: keepalive ? this.#streams : 0,
      // The worker has a clock of its own for these: undici's ticks every half second.
      headersTimeout: 0,
      bodyTimeout: 0,
      connectTimeout: timeoutMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connect: (options, callback) => {
        const socket = this.#opened.pop();
        // Not at once: the client takes a connection only after the call that asked for it has returned.
        if (socket) process.nextTick(callback, null, socket);
        else this.#connect(options, callback);
      },
    });
    const connection = { client, inFlight: 0 };
    this.#all.add(connection);
    this.#free.push(connection);
    return connection;
  }

  /** Closes all connections at once; requests that are still on them fail. */
  async destroy(): Promise<void> {
    for (const socket of this.#opened.splice(0)) socket.destroy();
    await Promise.all([...this.#all].map(({ client }) => client.destroy()));
    this.#all.clear();
    this.#free.length = 0;
  }
}

/** What undici calls on the way of a request; all of it is needed, none of it optional. */
export type Handler = Required<
  Pick<
    Dispatcher.DispatchHandler,
    "onRequestStart" | "onResponseStart" | "onResponseData" | "onResponseEnd" | "onResponseError"
  >
>;
