import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { MAX_BODY_BYTES } from "../plan/schema.ts";
import type { Connection, ConnectionEvents, Exchange, Waiting } from "./connection.ts";
import { classifyFailure } from "./failure.ts";
import { guardedLookup } from "./lookup.ts";
import { numbered, type PreparedRequest } from "./requests.ts";

/** Most streams that one connection carries at once, where the server allows more: what most servers allow. */
export const STREAMS = 100;

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants;

/** Names of HTTP/2's error codes (RFC 9113, section 7), as failures are classed by them. */
const ERROR_NAMES = new Map(
  Object.entries(constants)
    .filter(([name]) => /^NGHTTP2_(?!FLAG|HCAT|NV_|ERR_|SESSION|STREAM_STATE|SETTINGS_|DEFAULT)[A-Z_0-9]+$/.test(name))
    .filter(([, value]) => typeof value === "number" && value <= 13)
    .map(([name, value]) => [value as number, name.slice("NGHTTP2_".length)]),
);

/**
 * An HTTP/2 connection. It carries one request until the server has said how many it allows, so that none waits for a
 * place. After a GOAWAY it takes no other: the pool opens a new one, and a request that the server did not process any
 * more fails as `HTTP2_GOAWAY`, which is told apart from a stream that was reset alone.
 */
export class Http2Connection implements Connection {
  capacity = 1;
  inFlight = 0;
  isListed = false;
  readonly #events: ConnectionEvents;
  readonly #session: ClientHttp2Session;
  readonly #streams = new Map<Exchange, Http2Request>();
  #isOpen = false;
  #goaway: string | undefined;
  #error: unknown;
  /** Called once when it is known whether the connection opens. */
  #settled: (() => void) | undefined;

  constructor(origin: string, events: ConnectionEvents, settled?: () => void) {
    this.#events = events;
    this.#settled = settled;
    const beganMs = performance.now();
    const session = connect(origin, { settings: { enablePush: false }, lookup: guardedLookup });
    this.#session = session;
    session.on("connect", () => {
      this.#isOpen = true;
      this.#events.opened({ connect: performance.now() - beganMs });
    });
    session.on("remoteSettings", ({ maxConcurrentStreams = STREAMS }) => {
      if (this.#goaway === undefined) this.capacity = Math.max(1, Math.min(STREAMS, maxConcurrentStreams));
      this.#settle();
      this.#events.resized(this);
    });
    session.on("goaway", (code) => {
      this.#goaway = code === NGHTTP2_NO_ERROR ? "HTTP2_GOAWAY" : `HTTP2_GOAWAY_${ERROR_NAMES.get(code) ?? code}`;
      // The requests that are on it may still end.
      this.capacity = 0;
      this.#events.resized(this);
    });
    session.on("error", (error) => {
      this.#error = error;
    });
    session.on("close", () => {
      this.#settle();
      this.capacity = 0;
      this.#events.closed(this);
      for (const request of [...this.#streams.values()]) request.fail(this.#failure(undefined));
    });
  }

  #settle(): void {
    this.#settled?.();
    this.#settled = undefined;
  }

  send(exchange: Exchange): void {
    const { path, headers, body } = numbered(exchange.request, exchange.n);
    const end = (): boolean => {
      if (!this.#streams.delete(exchange)) return false;
      this.#events.released(this);
      return true;
    };
    let stream: ClientHttp2Stream;
    try {
      stream = this.#session.request(headersOf(exchange.request.method, path, headers, body), { endStream: !body });
    } catch (error) {
      this.#events.released(this);
      exchange.failed(this.#goaway ?? classifyFailure(this.#error ?? error));
      return;
    }
    const request = new Http2Request(stream, exchange, end, (failed) => this.#failure(failed));
    this.#streams.set(exchange, request);
    if (body) stream.end(body);
  }

  /** Why a stream ended without a response. */
  #failure(stream: ClientHttp2Stream | undefined): string {
    if (this.#goaway !== undefined) return this.#goaway;
    const code = stream?.rstCode ?? NGHTTP2_NO_ERROR;
    if (code !== NGHTTP2_NO_ERROR) return `HTTP2_STREAM_${ERROR_NAMES.get(code) ?? code}`;
    return this.#error ? classifyFailure(this.#error) : "UND_ERR_SOCKET";
  }

  waitingFor(exchange: Exchange): Waiting {
    if (!this.#isOpen) return "connect";
    return this.#streams.get(exchange)?.status ? "body" : "headers";
  }

  cancel(exchange: Exchange): void {
    this.#streams.get(exchange)?.cancel();
    // A connection that does not come about would hold its requests, and the worker, for minutes.
    if (!this.#isOpen) this.#session.destroy();
  }

  destroy(): void {
    this.#session.destroy();
  }
}

/** Headers as a raw list, which keeps their order, and those that are repeated. */
function headersOf(method: string, path: string, list: readonly string[], body: PreparedRequest["body"]): string[] {
  const headers = [":method", method, ":path", path];
  for (let index = 0; index < list.length; index += 2) {
    const name = (list[index] as string).toLowerCase();
    headers.push(name === "host" ? ":authority" : name, list[index + 1] as string);
  }
  if (body) headers.push("content-length", String(body.length));
  return headers;
}

/** One request on an HTTP/2 connection. */
class Http2Request {
  readonly #stream: ClientHttp2Stream;
  readonly #exchange: Exchange;
  /** Gives the place on the connection back; false if that was done before. */
  readonly #end: () => boolean;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;
  status = 0;

  constructor(
    stream: ClientHttp2Stream,
    exchange: Exchange,
    end: () => boolean,
    failure: (stream: ClientHttp2Stream) => string,
  ) {
    this.#stream = stream;
    this.#exchange = exchange;
    this.#end = end;
    stream.on("response", (headers) => {
      this.status = headers[":status"] ?? 0;
      exchange.began();
    });
    stream.on("data", (piece: Buffer) => this.#data(piece));
    stream.on("end", () => {
      // A stream that is reset ends too, and closes with a code.
      if (this.status !== 0 && !stream.rstCode && !stream.aborted) this.#responded();
    });
    // Each error is followed by the stream's close, which knows the code.
    stream.on("error", () => {});
    stream.on("close", () => this.fail(failure(stream)));
  }

  #data(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes <= MAX_BODY_BYTES) {
      this.#pieces.push(piece);
      return;
    }
    this.fail("UND_ERR_RES_EXCEEDED_MAX_SIZE");
    this.#stream.close(NGHTTP2_CANCEL);
  }

  #responded(): void {
    if (!this.#end()) return;
    const body = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
    this.#exchange.responded(this.status, body);
  }

  /** Ends it without a response, unless it has ended. */
  fail(failure: string): void {
    if (this.#end()) this.#exchange.failed(failure);
  }

  /** Ends it without telling its exchange. */
  cancel(): void {
    if (this.#end()) this.#stream.close(NGHTTP2_CANCEL);
  }
}
