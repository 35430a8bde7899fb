import type { Dispatcher } from "undici";
import { MAX_BODY_BYTES } from "../plan/schema.ts";
import type { Clock } from "./clock.ts";
import { type Connection, type ConnectionOptions, Connections, type Handler } from "./connections.ts";
import { CutOff, classifyFailure } from "./failure.ts";
import { classifyResponse } from "./jsonrpc.ts";
import type { Recorder } from "./recorder.ts";
import type { PreparedRequest } from "./requests.ts";

const NO_BODY = Buffer.alloc(0);

/** How often the oldest requests are looked at for their timeout, in ms. */
const TIMEOUT_CHECK_MS = 20;

/**
 * Sends requests and sees each one to its end: exactly one of a response or a failure is recorded for every request
 * sent, whatever the target does.
 */
export class Sender {
  readonly #clock: Clock;
  readonly #options: ConnectionOptions;
  readonly #origins = new Map<string, Connections>();
  /** In the order in which they were sent, and so of their timeouts; ended ones are dropped when they come first. */
  #order: Exchange[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #idle: (() => void)[] = [];
  inFlight = 0;

  constructor(clock: Clock, options: ConnectionOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#timer = setInterval(() => this.#checkTimeouts(), TIMEOUT_CHECK_MS);
  }

  /** How many connections there are, to all origins. */
  get connections(): number {
    let sum = 0;
    for (const origin of this.#origins.values()) sum += origin.size;
    return sum;
  }

  /** Opens so many connections to an origin ahead of the first request. */
  async open(origin: string, count: number): Promise<number> {
    return this.#connectionsTo(origin).open(count);
  }

  #connectionsTo(origin: string): Connections {
    let connections = this.#origins.get(origin);
    if (!connections) {
      connections = new Connections(origin, this.#options);
      this.#origins.set(origin, connections);
    }
    return connections;
  }

  /** Sends a request now. `dueMs` is from the phase's start, `dueAtMs` and `nowMs` are since the epoch. */
  send(request: PreparedRequest, recorder: Recorder, dueMs: number, dueAtMs: number, nowMs: number): void {
    const connections = this.#connectionsTo(request.origin);
    const connection = connections.acquire();
    const exchange = new Exchange(this, connections, connection, request, recorder, dueMs, dueAtMs, nowMs);
    this.inFlight++;
    this.#order.push(exchange);
    recorder.sent(dueMs, nowMs - dueAtMs, request.bytes);
    try {
      connection.client.dispatch(
        {
          path: request.path,
          method: request.method as Dispatcher.HttpMethod,
          headers: request.headers,
          body: request.body,
          ...(!this.#options.keepalive && { reset: true }),
        },
        exchange,
      );
    } catch (error) {
      exchange.fail(error);
      exchange.leave();
    }
  }

  /** The clock, for exchanges. */
  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** An exchange has its outcome. */
  ended(): void {
    this.inFlight--;
    if (this.inFlight === 0) for (const done of this.#idle.splice(0)) done();
  }

  /** Resolves when no request is in flight. */
  async drained(): Promise<void> {
    if (this.inFlight === 0) return;
    await new Promise<void>((done) => this.#idle.push(done));
  }

  #checkTimeouts(): void {
    const oldestMs = this.#clock.nowMs() - this.#options.timeoutMs;
    let index = 0;
    for (; index < this.#order.length; index++) {
      const exchange = this.#order[index] as Exchange;
      if (!exchange.done) {
        if (exchange.sentAtMs > oldestMs) break;
        exchange.cutOff();
      }
    }
    if (index > 0) this.#order = this.#order.slice(index);
  }

  /** Ends what is in flight, as aborted, and closes all connections. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const exchange of this.#order) exchange.cutOff("ABORTED");
    this.#order = [];
    await Promise.all([...this.#origins.values()].map((connections) => connections.destroy()));
  }
}

/** One request on its way. Undici calls it back. */
class Exchange implements Handler {
  readonly #sender: Sender;
  readonly #connections: Connections;
  readonly #connection: Connection;
  readonly #request: PreparedRequest;
  readonly #recorder: Recorder;
  readonly #dueMs: number;
  readonly #dueAtMs: number;
  readonly sentAtMs: number;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  /** The body: nearly always one piece. */
  #body: Buffer = NO_BODY;
  #pieces: Buffer[] | undefined;
  #bytes = 0;
  #left = false;
  /** Whether its outcome has been recorded. */
  done = false;

  constructor(
    sender: Sender,
    connections: Connections,
    connection: Connection,
    request: PreparedRequest,
    recorder: Recorder,
    dueMs: number,
    dueAtMs: number,
    sentAtMs: number,
  ) {
    this.#sender = sender;
    this.#connections = connections;
    this.#connection = connection;
    this.#request = request;
    this.#recorder = recorder;
    this.#dueMs = dueMs;
    this.#dueAtMs = dueAtMs;
    this.sentAtMs = sentAtMs;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.done) controller.abort(new CutOff("UND_ERR_CONNECT_TIMEOUT"));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number): void {
    this.#status = statusCode;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_BODY_BYTES) {
      controller.abort(Object.assign(new Error("body too large"), { code: "UND_ERR_RES_EXCEEDED_MAX_SIZE" }));
    } else if (this.#bytes === chunk.length) {
      this.#body = chunk;
    } else {
      this.#pieces ??= [this.#body];
      this.#pieces.push(chunk);
    }
  }

  onResponseEnd(): void {
    const nowMs = this.#sender.nowMs();
    this.leave();
    if (this.done || this.#status < 200) return;
    this.done = true;
    const body = this.#pieces ? Buffer.concat(this.#pieces) : this.#body;
    const classified = classifyResponse(this.#status, body.toString("utf8"), this.#request.expected);
    this.#recorder.responded(
      this.#dueMs,
      nowMs - this.#dueAtMs,
      nowMs - this.sentAtMs,
      this.#status,
      this.#bytes,
      classified,
    );
    this.#sender.ended();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error);
    this.leave();
  }

  /** Records that there will be no response. */
  fail(error: unknown): void {
    if (this.done) return;
    this.done = true;
    this.#recorder.failed(this.#dueMs, classifyFailure(error));
    this.#sender.ended();
  }

  /** Gives the connection back; undici says when, even for a request that timed out before. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#connections.release(this.#connection);
  }

  /** Ends a request that takes too long: recorded at once, and taken off its connection as soon as undici can. */
  cutOff(code?: CutOff["code"]): void {
    if (this.done) return;
    const late = !this.#controller
      ? "UND_ERR_CONNECT_TIMEOUT"
      : this.#status === 0
        ? "UND_ERR_HEADERS_TIMEOUT"
        : "UND_ERR_BODY_TIMEOUT";
    const error = new CutOff(code ?? late);
    this.fail(error);
    this.#controller?.abort(error);
  }
}
