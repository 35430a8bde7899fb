import { Client, type Dispatcher } from "undici";
import { MAX_BODY_BYTES } from "../plan/schema.ts";
import type { Connection, ConnectionEvents, Exchange, Waiting } from "./connection.ts";
import { classifyFailure } from "./failure.ts";
import { ResponseError } from "./response.ts";

/** Streams that one HTTP/2 connection carries at once: what most servers allow. */
const STREAMS = 100;

/** How long an idle connection is kept, in ms: below the 60 s and more at which gateways close theirs. */
const KEEP_ALIVE_MS = 30_000;

/** An HTTP/2 connection: an undici client, which opens it with the first request and again when the server closed it. */
export class Http2Connection implements Connection {
  readonly capacity = STREAMS;
  inFlight = 0;
  readonly #events: ConnectionEvents;
  readonly #client: Client;
  readonly #streams = new Map<Exchange, Stream>();

  constructor(origin: string, timeoutMs: number, events: ConnectionEvents) {
    this.#events = events;
    this.#client = new Client(origin, {
      allowH2: true,
      h2Options: { maxConcurrentStreams: STREAMS },
      pipelining: STREAMS,
      // The worker has a clock of its own for these: undici's ticks every half second.
      headersTimeout: 0,
      bodyTimeout: 0,
      connectTimeout: timeoutMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
    });
  }

  send(exchange: Exchange): void {
    const { path, method, headers, body } = exchange.request;
    const stream = new Stream(exchange, () => {
      if (!this.#streams.delete(exchange)) return false;
      this.#events.released(this);
      return true;
    });
    this.#streams.set(exchange, stream);
    try {
      this.#client.dispatch({ path, method: method as Dispatcher.HttpMethod, headers, body }, stream);
    } catch (error) {
      stream.onResponseError(undefined, error);
    }
  }

  waitingFor(exchange: Exchange): Waiting {
    const stream = this.#streams.get(exchange);
    if (!stream?.controller) return "connect";
    return stream.status === 0 ? "headers" : "body";
  }

  cancel(exchange: Exchange): void {
    const stream = this.#streams.get(exchange);
    if (!stream) return;
    stream.end();
    stream.cancelled = true;
    stream.controller?.abort(new Error("cancelled"));
  }

  destroy(): void {
    this.#client.destroy();
  }
}

/** One request on an HTTP/2 connection, as undici calls it back. */
class Stream implements Dispatcher.DispatchHandler {
  readonly #exchange: Exchange;
  /** Gives the place on the connection back; false if that was done before. */
  readonly end: () => boolean;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;
  status = 0;
  cancelled = false;
  controller: Dispatcher.DispatchController | undefined;

  constructor(exchange: Exchange, end: () => boolean) {
    this.#exchange = exchange;
    this.end = end;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.cancelled) controller.abort(new Error("cancelled"));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number): void {
    this.status = statusCode;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_BODY_BYTES) {
      controller.abort(new ResponseError("UND_ERR_RES_EXCEEDED_MAX_SIZE", "the body is too long"));
    } else {
      this.#pieces.push(chunk);
    }
  }

  onResponseEnd(): void {
    if (this.status < 200 || !this.end()) return;
    const body = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
    this.#exchange.responded(this.status, body);
  }

  onResponseError(_controller: unknown, error: unknown): void {
    if (this.end()) this.#exchange.failed(classifyFailure(error));
  }
}
