import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import type { TLSSocket } from "node:tls";
import { HTTP2_ERRORS } from "../answers/classes.ts";
import type { Connection, ConnectionEvents, Exchange, Waiting } from "./connection.ts";
import type { Dialer, Opening } from "./dial.ts";
import { classifyFailure } from "./failure.ts";
import { Http2Request, type StreamOwner } from "./http2Stream.ts";
import { numbered, type WireRequest } from "./request.ts";
import type { Reading } from "./response.ts";

/** Maximum concurrent streams per connection, if the server allows more: what most servers allow. */
export const STREAMS = 100;

/**
 * How many bytes the server may send to a stream, and to a whole connection, before it needs a window update: as much
 * as Go's client gives a stream, so that large responses wait for the server and not for this side.
 */
const STREAM_WINDOW_BYTES = 4 * 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 64 * 1024 * 1024;

/** Maximum headers of a response; their size is limited separately. */
const MAX_HEADERS = 1_000;

/** What the HTTP/2 connections of one origin share. */
export interface Http2Origin {
  origin: string;
  dialer: Dialer;
  reading: Reading;
}

/**
 * An HTTP/2 connection. It carries one request until the server has sent its stream limit, so that no request waits for
 * a free stream. After a GOAWAY it takes no more requests and the pool opens a new connection. A request that the
 * server did not process fails as `http2-goaway`, a different class from that of a single reset stream.
 */
export class Http2Connection implements Connection, StreamOwner {
  capacity = 1;
  inFlight = 0;
  isListed = false;
  readonly #events: ConnectionEvents;
  readonly #origin: Http2Origin;
  readonly #opening: Opening;
  #session: ClientHttp2Session | undefined;
  readonly #streams = new Map<Exchange, Http2Request>();
  /** The request waiting for the connection to open. */
  #waiting: Exchange | undefined;
  #goaway: { name: string; lastStream: number } | undefined;
  #error: unknown;
  /** Called once, when the connection is open or has failed. */
  #settled: (() => void) | undefined;

  constructor(origin: Http2Origin, events: ConnectionEvents, settled?: () => void) {
    this.#origin = origin;
    this.#events = events;
    this.#settled = settled;
    this.#opening = origin.dialer.dial("h2");
    const { socket } = this.#opening;
    socket.on("error", (error) => this.#broke(error));
    socket.on("close", () => this.#closed());
    this.#opening.opened((times) => {
      this.#events.opened(times);
      this.#opened();
    });
  }

  #opened(): void {
    const { socket, isSecure } = this.#opening;
    if (isSecure && (socket as TLSSocket).alpnProtocol !== "h2") {
      this.#broke(Object.assign(new Error("the server does not offer HTTP/2"), { code: "http2-not-offered" }));
      socket.destroy();
      return;
    }
    const session = connect(this.#origin.origin, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
      maxHeaderListPairs: MAX_HEADERS,
    });
    this.#session = session;
    session.on("connect", () => session.setLocalWindowSize(CONNECTION_WINDOW_BYTES));
    session.on("remoteSettings", ({ maxConcurrentStreams = STREAMS }) => {
      if (this.#goaway === undefined) this.capacity = Math.max(1, Math.min(STREAMS, maxConcurrentStreams));
      this.#settle();
      this.#events.resized(this);
    });
    session.on("goaway", (code, lastStream) => {
      this.#goaway = { name: code === 0 ? "http2-goaway" : `http2-goaway-${errorName(code)}`, lastStream };
      // Requests in flight on it may still complete.
      this.capacity = 0;
      this.#events.resized(this);
    });
    session.on("error", (error) => this.#broke(error));
    session.on("close", () => this.#closed());
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) this.#request(session, waiting);
  }

  /** Keeps the first error: later ones follow from it. */
  #broke(error: unknown): void {
    this.#error ??= error;
  }

  /** The socket or the session has closed: requests still in flight have failed. Called once or twice. */
  #closed(): void {
    this.#settle();
    this.capacity = 0;
    this.#events.closed(this);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) {
      this.#events.released(this);
      waiting.failed(this.#error ? classifyFailure(this.#error) : "connection-closed");
    }
    // A closed stream has already ended, and is about to report how.
    for (const request of [...this.#streams.values()]) if (!request.stream.closed || this.#error) request.fail();
  }

  #settle(): void {
    this.#settled?.();
    this.#settled = undefined;
  }

  send(exchange: Exchange): void {
    if (this.#session) this.#request(this.#session, exchange);
    else this.#waiting = exchange;
  }

  #request(session: ClientHttp2Session, exchange: Exchange): void {
    const { path, headers, body } = numbered(exchange.request, exchange.n);
    let stream: ClientHttp2Stream;
    try {
      stream = session.request(headersOf(exchange.request.method, path, headers, body), { endStream: !body });
    } catch (error) {
      this.#events.released(this);
      exchange.failed(this.#goaway?.name ?? classifyFailure(this.#error ?? error));
      return;
    }
    this.#streams.set(exchange, new Http2Request(stream, exchange, this, this.#origin.reading));
    if (body) stream.end(body);
  }

  ended(exchange: Exchange): boolean {
    if (!this.#streams.delete(exchange)) return false;
    this.#events.released(this);
    return true;
  }

  failureOf({ stream, status, error }: Http2Request): string {
    const goaway = this.#goaway;
    // A graceful GOAWAY names the last request that the server has answered or will answer.
    if (goaway && (goaway.name !== "http2-goaway" || stream.id === undefined || stream.id > goaway.lastStream))
      return goaway.name;
    const cause = this.#error ?? error;
    const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
    if (cause && code !== "ERR_HTTP2_STREAM_ERROR") {
      const failure = classifyFailure(cause);
      return failure === "ECONNRESET" && status !== 0 ? "reset-in-response" : failure;
    }
    if (stream.closed && stream.rstCode !== undefined) return `http2-stream-${errorName(stream.rstCode)}`;
    return status === 0 ? "connection-closed" : "truncated-response";
  }

  waitingFor(exchange: Exchange): Waiting {
    if (!this.#session) return "connect";
    return this.#streams.get(exchange)?.status ? "body" : "headers";
  }

  cancel(exchange: Exchange): void {
    if (this.#waiting === exchange) {
      this.#waiting = undefined;
      this.#events.released(this);
    }
    this.#streams.get(exchange)?.cancel();
    // A connection that never opens would hold its requests, and the worker, for minutes.
    if (!this.#session) this.destroy();
  }

  destroy(): void {
    this.#session?.destroy();
    this.#opening.socket.destroy();
  }
}

/**
 * An error code's name; codes that HTTP/2 does not define share one, so that a server cannot create unlimited classes.
 */
function errorName(code: number): string {
  return HTTP2_ERRORS[code] ?? "unknown-code";
}

/** Headers as a raw list, which keeps their order and repeated headers. */
function headersOf(method: string, path: string, list: readonly string[], body: WireRequest["body"]): string[] {
  const headers = [":method", method, ":path", path];
  for (let index = 0; index < list.length; index += 2) {
    const name = (list[index] as string).toLowerCase();
    headers.push(name === "host" ? ":authority" : name, list[index + 1] as string);
  }
  if (body) headers.push("content-length", String(body.length));
  return headers;
}
