import type { Connection, ConnectionOptions, OpeningMs } from "../http/connection.ts";
import { type Pool, refusalOf, type Shared } from "../http/connections.ts";
import { Dialer } from "../http/dial.ts";
import { openInAdvance } from "../http/openInAdvance.ts";
import { RefusedConnection } from "../http/refused.ts";
import type { Handshake } from "../http/request.ts";
import { CallSocket } from "./callSocket.ts";
import type { SocketCounter } from "./socketCounts.ts";
import { dialedOrigin } from "./wsSocket.ts";

/** How long after a refused socket the next one is tried, in ms, while others are open. */
const PAUSE_MS = 1_000;

/**
 * The WebSockets of one handshake. Calls use them in turn; a closed socket is reopened with the next call. A call waits
 * for a handshake only if no socket is open; its time still counts from when it was due.
 */
export class CallSockets implements Pool {
  readonly #handshake: Handshake;
  readonly #options: ConnectionOptions;
  readonly #shared: Shared;
  readonly #counter: SocketCounter;
  readonly #onOpened: (times: OpeningMs) => void;
  readonly #dialer: Dialer;
  /** Why no socket is opened: the failure class of every call. */
  readonly #refused: string | undefined;
  readonly #sockets: CallSocket[] = [];
  #wanted = 1;
  #next = 0;
  #notBeforeMs = 0;

  constructor(
    handshake: Handshake,
    options: ConnectionOptions,
    shared: Shared,
    { counter, onOpened }: { counter: SocketCounter; onOpened: (times: OpeningMs) => void },
  ) {
    this.#handshake = handshake;
    this.#options = options;
    this.#shared = shared;
    this.#counter = counter;
    this.#onOpened = onOpened;
    const origin = dialedOrigin(handshake);
    this.#refused = refusalOf(origin, options)?.code;
    this.#dialer = new Dialer(origin, options, shared.names.lookup);
  }

  async open(sockets: number, goesOn = (): boolean => true): Promise<void> {
    if (this.#refused !== undefined) return;
    this.#wanted = Math.max(1, sockets);
    const { count } = this.#shared;
    await openInAdvance(
      this.#wanted - this.#sockets.length,
      () => count.now < count.most && goesOn(),
      (done) => this.#create(done),
    );
  }

  acquire(): Connection | undefined {
    if (this.#refused !== undefined) return new RefusedConnection(this.#refused, IGNORED);
    const { count } = this.#shared;
    const open = this.#nextOpen();
    const mayOpen = this.#sockets.length < this.#wanted && count.now < count.most;
    if (mayOpen && (!open || performance.now() >= this.#notBeforeMs)) this.#create();
    const socket = open ?? this.#sockets[this.#next++ % this.#sockets.length];
    if (socket) socket.inFlight++;
    return socket;
  }

  #nextOpen(): CallSocket | undefined {
    const { length } = this.#sockets;
    for (let tries = 0; tries < length; tries++) {
      const socket = this.#sockets[this.#next++ % length];
      if (socket?.isOpen) return socket;
    }
    return undefined;
  }

  #create(settled?: () => void): void {
    const socket = new CallSocket(
      this.#handshake,
      {
        dialer: this.#dialer,
        options: { ...this.#options, compress: this.#options.webSocket?.compress ?? false },
        counter: this.#counter,
      },
      {
        opened: this.#onOpened,
        resized: () => {},
        released: (connection) => {
          connection.inFlight--;
        },
        closed: () => this.#remove(socket),
      },
      settled,
    );
    this.#sockets.push(socket);
    this.#shared.count.now++;
  }

  #remove(socket: CallSocket): void {
    const index = this.#sockets.indexOf(socket);
    if (index === -1) return;
    this.#sockets.splice(index, 1);
    this.#shared.count.now--;
    if (!socket.isOpen) this.#notBeforeMs = performance.now() + PAUSE_MS;
  }

  /** Sockets are few and carry many calls: none is closed for another origin. */
  closeIdle(): boolean {
    return false;
  }

  destroy(): void {
    for (const socket of this.#sockets.splice(0)) {
      this.#shared.count.now--;
      socket.destroy();
    }
  }
}

/** Events for a connection that is never opened and belongs to no pool. */
const IGNORED = { released: () => {}, resized: () => {}, closed: () => {}, opened: () => {} };
