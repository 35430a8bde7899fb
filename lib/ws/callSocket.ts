import { batchId } from "../answers/ids.ts";
import { SWITCHED } from "../answers/jsonrpc.ts";
import { madeIdOf } from "../answers/messageId.ts";
import type { Connection, ConnectionEvents, Exchange, Waiting } from "../http/connection.ts";
import type { Dialer } from "../http/dial.ts";
import { type Handshake, numberedBody } from "../http/request.ts";
import type { SocketCounter } from "./socketCounts.ts";
import { type WsEnd, type WsOptions, WsSocket } from "./wsSocket.ts";

/** The dependencies of a call socket. */
interface CallSocketParts {
  dialer: Dialer;
  options: WsOptions;
  counter: SocketCounter;
}

/** A WebSocket that carries calls: many are in flight at once, and responses are matched by id. */
export class CallSocket implements Connection {
  capacity = Number.POSITIVE_INFINITY;
  inFlight = 0;
  isListed = false;
  readonly #events: ConnectionEvents;
  readonly #counter: SocketCounter;
  readonly #socket: WsSocket;
  /** Exchanges by the ids of their calls; a batch has several. */
  readonly #byId = new Map<number, Exchange>();
  /** Exchanges that were due before the socket was open. */
  #waiting: Exchange[] = [];
  /** Called once, when the socket is open or has failed. */
  #settled: (() => void) | undefined;

  constructor(
    handshake: Handshake,
    { dialer, options, counter }: CallSocketParts,
    events: ConnectionEvents,
    settled?: () => void,
  ) {
    this.#events = events;
    this.#counter = counter;
    this.#settled = settled;
    this.#socket = new WsSocket(handshake, dialer, options, {
      opened: (times) => {
        counter.opened();
        events.opened(times);
        this.#settle();
        for (const exchange of this.#waiting.splice(0)) this.#write(exchange);
      },
      message: (data) => this.#answer(data),
      ended: (end) => this.#ended(end),
    });
  }

  /** Whether calls can be sent without waiting for the handshake. */
  get isOpen(): boolean {
    return this.#socket.isOpen;
  }

  send(exchange: Exchange): void {
    for (const id of idsOf(exchange)) this.#byId.set(id, exchange);
    if (this.#socket.isOpen) this.#write(exchange);
    else this.#waiting.push(exchange);
  }

  #write({ request, n }: Exchange): void {
    const body = numberedBody(request, n);
    if (body) this.#socket.send(body);
    this.#counter.buffered(this.#socket.bufferedBytes);
  }

  #answer(data: Buffer): void {
    const id = madeIdOf(data);
    const exchange = this.#byId.get(id) ?? this.#onlyOne(id);
    if (!exchange) {
      this.#counter.unmatched();
      return;
    }
    this.#drop(exchange);
    this.#events.released(this);
    exchange.began();
    exchange.responded(SWITCHED, data, "");
  }

  /** If only one call is waiting, a message without an id is its response: an error that names no call. */
  #onlyOne(id: number): Exchange | undefined {
    if (!Number.isNaN(id) || this.inFlight !== 1) return undefined;
    return this.#byId.values().next().value;
  }

  #drop(exchange: Exchange): void {
    for (const id of idsOf(exchange)) this.#byId.delete(id);
  }

  #ended({ failure, code }: WsEnd): void {
    this.#settle();
    if (code === undefined) this.#counter.refused(failure);
    else this.#counter.closed(failure);
    this.capacity = 0;
    const left = new Set(this.#byId.values());
    this.#byId.clear();
    this.#waiting = [];
    this.inFlight -= left.size;
    this.#events.closed(this);
    for (const exchange of left) exchange.failed(failure);
  }

  #settle(): void {
    this.#settled?.();
    this.#settled = undefined;
  }

  waitingFor(): Waiting {
    return this.#socket.isOpen ? "headers" : "connect";
  }

  cancel(exchange: Exchange): void {
    this.#drop(exchange);
    this.#waiting = this.#waiting.filter((each) => each !== exchange);
    this.#events.released(this);
  }

  destroy(): void {
    const left = new Set(this.#byId.values());
    this.#byId.clear();
    this.#waiting = [];
    if (this.#socket.isOpen) this.#socket.close();
    else this.#socket.destroy();
    this.#settle();
    for (const exchange of left) exchange.failed("connection-closed");
  }
}

function idsOf({ request: { parts }, n }: Exchange): number[] {
  return Array.from({ length: parts }, (_, part) => batchId(n, part, parts));
}
