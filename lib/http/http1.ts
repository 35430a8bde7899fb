import type { Socket } from "node:net";
import type { Connection, ConnectionEvents, Exchange, OpeningMs, Waiting } from "./connection.ts";
import type { Dialer, Opening } from "./dial.ts";
import { classifyFailure } from "./failure.ts";
import { ReadBuffer } from "./readBuffer.ts";
import { writeIds } from "./request.ts";
import { type Reading, ResponseParser } from "./response.ts";

/** What the HTTP/1.1 connections of one origin share. */
export class Http1Origin {
  readonly #dialer: Dialer;
  readonly #buffer = new ReadBuffer();
  readonly reading: Reading;

  constructor(dialer: Dialer, reading: Reading) {
    this.#dialer = dialer;
    this.reading = reading;
  }

  /** Opens a socket that calls `read` with received bytes; they are valid only until it returns. */
  connect(read: (bytes: Buffer) => void): Opening {
    return this.#dialer.dial("http/1.1", this.#buffer.onread(read));
  }
}

/**
 * An HTTP/1.1 connection that carries one request at a time. Implemented here instead of using undici because a load
 * tester's requests are known before the run: each is one ready buffer, and each response is parsed in place (see
 * docs/engine.md).
 */
export class Http1Connection implements Connection {
  capacity = 1;
  inFlight = 0;
  isListed = false;
  readonly #events: ConnectionEvents;
  readonly #keepalive: boolean;
  readonly #socket: Socket;
  readonly #parser: ResponseParser;
  #open = false;
  #exchange: Exchange | undefined;
  #error: unknown;
  /**
   * A copy of the last request sent, if requests have their own ids: nothing else may write to it while it is being
   * sent.
   */
  #copy: Buffer | undefined;
  /** Called once, when the connection is open or has failed. */
  #settled: (() => void) | undefined;

  constructor(origin: Http1Origin, keepalive: boolean, events: ConnectionEvents, settled?: () => void) {
    this.#events = events;
    this.#keepalive = keepalive;
    this.#settled = settled;
    this.#parser = new ResponseParser(origin.reading);
    const opening = origin.connect((bytes) => this.#read(bytes));
    opening.opened((times) => this.#opened(times));
    this.#socket = opening.socket;
    this.#socket.on("error", (error) => {
      this.#error = error;
    });
    this.#socket.on("close", () => this.#closed());
  }

  send(exchange: Exchange): void {
    this.#exchange = exchange;
    this.#parser.begin(exchange.request.method === "HEAD");
    if (this.#open) this.#write(exchange);
  }

  #write({ request, n }: Exchange): void {
    if (request.ids.http1.length === 0) {
      this.#socket.write(request.http1);
      return;
    }
    if (this.#copy?.length !== request.http1.length) this.#copy = Buffer.allocUnsafeSlow(request.http1.length);
    request.http1.copy(this.#copy);
    writeIds(this.#copy, request.ids.http1, n, request.parts);
    this.#socket.write(this.#copy);
  }

  #opened(times: OpeningMs): void {
    this.#open = true;
    this.#settled?.();
    this.#settled = undefined;
    this.#events.opened(times);
    if (this.#exchange) this.#write(this.#exchange);
  }

  #read(bytes: Buffer): void {
    const exchange = this.#exchange;
    if (this.#error) return;
    // Bytes without a request: nothing that follows could be matched to a request.
    if (!exchange) {
      this.destroy();
      return;
    }
    exchange.began();
    try {
      if (!this.#parser.feed(bytes)) return;
    } catch (error) {
      this.#error = error;
      this.destroy();
      return;
    }
    this.#respond(exchange);
  }

  #respond(exchange: Exchange): void {
    this.#exchange = undefined;
    if (this.#keepalive && !exchange.request.closes && this.#parser.reusable) {
      this.#events.released(this);
    } else {
      this.#retire();
      this.#socket.destroy();
    }
    exchange.responded(this.#parser.status, this.#parser.body, this.#parser.codings, this.#parser);
    this.#parser.release();
  }

  #closed(): void {
    this.#settled?.();
    this.#settled = undefined;
    const exchange = this.#exchange;
    if (exchange && !this.#error && this.#parser.close()) {
      this.#respond(exchange);
      return;
    }
    this.#exchange = undefined;
    this.#retire();
    const failure = this.#failure();
    this.#parser.release();
    exchange?.failed(failure);
  }

  #retire(): void {
    this.capacity = 0;
    this.#events.closed(this);
  }

  /** Why there is no complete response: a response that was cut off has a separate class. */
  #failure(): string {
    const within = this.#parser.hasBegun;
    if (!this.#error) return within ? "truncated-response" : "connection-closed";
    const failure = classifyFailure(this.#error);
    return failure === "ECONNRESET" && within ? "reset-in-response" : failure;
  }

  waitingFor(): Waiting {
    if (!this.#open) return "connect";
    return this.#parser.status === 0 ? "headers" : "body";
  }

  cancel(): void {
    this.#exchange = undefined;
    this.#parser.release();
    this.#retire();
    this.#socket.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
