import type { TLSSocket } from "node:tls";
import type { Connection, ConnectionEvents, Exchange, Waiting } from "./connection.ts";
import type { Dialer, Opening } from "./dial.ts";
import { classifyFailure } from "./failure.ts";
import { Http2Error } from "./h2/http2Error.ts";
import { RequestBlocks } from "./h2/requestBlock.ts";
import { LastHead } from "./h2/responseHead.ts";
import { errorName, resetClass, type SessionReading } from "./h2/responses.ts";
import { Http2Session, type SessionEvents } from "./h2/session.ts";
import type { Http2Stream } from "./http2Stream.ts";
import { ReadBuffer } from "./readBuffer.ts";
import type { Reading } from "./response.ts";

/** Maximum concurrent streams per connection, if the server allows more: what most servers allow. */
export const STREAMS = 100;

/** What the HTTP/2 connections of one origin share. */
export class Http2Origin {
  readonly #dialer: Dialer;
  readonly #buffer = new ReadBuffer();
  readonly reading: SessionReading;
  readonly blocks: RequestBlocks;

  constructor(origin: string, dialer: Dialer, { maxBodyBytes, memory }: Reading) {
    this.#dialer = dialer;
    this.reading = { maxBodyBytes, memory, lastHead: new LastHead() };
    this.blocks = new RequestBlocks(origin);
  }

  /** Opens a socket that calls `read` with received bytes; they are valid only until it returns. */
  connect(read: (bytes: Buffer) => void): Opening {
    return this.#dialer.dial("h2", this.#buffer.onread(read));
  }
}

/**
 * An HTTP/2 connection. It carries one request until the server has sent its stream limit, so that no request waits for
 * a free stream. After a GOAWAY it takes no more requests and the pool opens a new connection. A request that the
 * server did not process fails as `http2-goaway`, a different class from that of a single reset stream. Implemented
 * here instead of using node:http2 for the same reasons as HTTP/1.1 (see docs/engine.md).
 */
export class Http2Connection implements Connection, SessionEvents {
  capacity = 1;
  inFlight = 0;
  isListed = false;
  readonly #events: ConnectionEvents;
  readonly #origin: Http2Origin;
  readonly #opening: Opening;
  #session: Http2Session | undefined;
  /** The request waiting for the connection to open. */
  #waiting: Exchange | undefined;
  #goaway: { name: string; lastStream: number } | undefined;
  /** The class of what has ended the connection: the first one, as later ones follow from it. */
  #failure: string | undefined;
  #isClosed = false;
  /** Called once, when the connection is open or has failed. */
  #settled: (() => void) | undefined;

  constructor(origin: Http2Origin, events: ConnectionEvents, settled?: () => void) {
    this.#origin = origin;
    this.#events = events;
    this.#settled = settled;
    this.#opening = origin.connect((bytes) => this.#read(bytes));
    const { socket } = this.#opening;
    socket.on("error", (error) => {
      this.#failure ??= classifyFailure(error);
    });
    socket.on("close", () => this.#closed());
    this.#opening.opened((times) => {
      this.#events.opened(times);
      this.#opened();
    });
  }

  #opened(): void {
    const { socket, isSecure } = this.#opening;
    if (isSecure && (socket as TLSSocket).alpnProtocol !== "h2") {
      this.#failure ??= "http2-not-offered";
      socket.destroy();
      return;
    }
    const session = new Http2Session(socket, this.#origin.reading, this);
    this.#session = session;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) this.#request(session, waiting);
  }

  #read(bytes: Buffer): void {
    const session = this.#session;
    if (!session) return;
    try {
      session.receive(bytes);
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.#failure ??= error.code;
      this.#end(session, error.errorCode);
    }
  }

  /** Ends the connection at once, with all requests on it, and tells the server why. */
  #end(session: Http2Session, errorCode: number): void {
    const { socket } = this.#opening;
    const isStuck = socket.writableLength > 0;
    session.close(errorCode);
    // A server that does not read what it was sent would not read the reason either.
    if (isStuck) socket.destroy();
    else socket.destroySoon();
    this.#closed();
  }

  settings(maxStreams: number): void {
    if (this.capacity > 0) this.capacity = Math.max(1, Math.min(STREAMS, maxStreams));
    this.#settle();
    this.#events.resized(this);
  }

  goaway(code: number, lastStream: number): void {
    this.#goaway = { name: code === 0 ? "http2-goaway" : `http2-goaway-${errorName(code)}`, lastStream };
    const session = this.#session;
    if (!session) return;
    if (code !== 0) {
      this.#end(session, 0);
      return;
    }
    this.#retire(session);
    // Requests that the server has taken may still complete.
    for (const stream of [...session.streams.values()]) if (stream.id > lastStream) this.#fail(session, stream);
  }

  /** Takes no more requests, and closes once none is in flight. */
  #retire(session: Http2Session): void {
    this.capacity = 0;
    this.#events.resized(this);
    if (session.streams.size === 0) this.#opening.socket.destroySoon();
  }

  ended(): void {
    this.#events.released(this);
    if (this.capacity === 0 && this.#session?.streams.size === 0) this.#opening.socket.destroySoon();
  }

  wasReset(stream: Http2Stream, code: number): void {
    if (this.#session) this.#fail(this.#session, stream, this.#unprocessed(stream) ?? resetClass(code));
  }

  /** The socket has closed, or is closed by this side: requests still in flight have failed. Called once or twice. */
  #closed(): void {
    this.#settle();
    this.capacity = 0;
    this.#events.closed(this);
    this.#isClosed = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) this.#refuse(waiting, this.#failure ?? "connection-closed");
    const session = this.#session;
    if (!session) return;
    session.release();
    for (const stream of [...session.streams.values()]) this.#fail(session, stream);
  }

  #settle(): void {
    this.#settled?.();
    this.#settled = undefined;
  }

  send(exchange: Exchange): void {
    if (this.#isClosed) this.#refuse(exchange, this.#goaway?.name ?? this.#failure ?? "connection-closed");
    else if (this.#session) this.#request(this.#session, exchange);
    else this.#waiting = exchange;
  }

  #request(session: Http2Session, exchange: Exchange): void {
    const { blocks } = this.#origin;
    const block = session.isNew ? blocks.firstOf(exchange.request) : blocks.of(exchange.request);
    if (!block) {
      this.#refuse(exchange, "invalid-request");
      return;
    }
    session.send(exchange, block);
    if (!session.hasIds) this.#retire(session);
  }

  /** Ends a request that was not sent. */
  #refuse(exchange: Exchange, failure: string): void {
    this.#events.released(this);
    exchange.failed(failure);
  }

  #fail(session: Http2Session, stream: Http2Stream, failure = this.#failureOf(stream)): void {
    stream.release();
    session.end(stream);
    stream.exchange.failed(failure);
  }

  /** The class of a request that the server did not process. */
  #unprocessed({ id }: Http2Stream): string | undefined {
    const goaway = this.#goaway;
    // A graceful GOAWAY names the last request that the server has answered or will answer.
    return goaway && (goaway.name !== "http2-goaway" || id > goaway.lastStream) ? goaway.name : undefined;
  }

  /** The class of a request whose connection has ended. */
  #failureOf(stream: Http2Stream): string {
    const failure = this.#unprocessed(stream) ?? this.#failure;
    if (failure === "ECONNRESET" && stream.status !== 0) return "reset-in-response";
    // EPIPE says that the server had closed the connection before it was sent something, which need not be this request.
    if (failure !== undefined && failure !== "EPIPE") return failure;
    return stream.status === 0 ? "connection-closed" : "truncated-response";
  }

  waitingFor(exchange: Exchange): Waiting {
    if (!this.#session) return "connect";
    return this.#streamOf(exchange)?.status ? "body" : "headers";
  }

  cancel(exchange: Exchange): void {
    if (this.#waiting === exchange) {
      this.#waiting = undefined;
      this.#events.released(this);
    }
    const stream = this.#streamOf(exchange);
    if (stream) this.#session?.cancel(stream);
    // A connection that never opens would hold its requests, and the worker, for minutes.
    if (!this.#session) this.destroy();
  }

  #streamOf(exchange: Exchange): Http2Stream | undefined {
    return this.#session?.streams.values().find((stream) => stream.exchange === exchange);
  }

  destroy(): void {
    this.#opening.socket.destroy();
  }
}
