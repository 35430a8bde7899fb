import type { Connection, ConnectionEvents, Exchange, Waiting } from "./connection.ts";

/** A connection to a forbidden origin: opens no socket, and its requests fail at once. */
export class RefusedConnection implements Connection {
  capacity = 1;
  inFlight = 0;
  isListed = false;
  readonly #events: ConnectionEvents;
  readonly #failure: string;
  #exchange: Exchange | undefined;

  constructor(failure: string, events: ConnectionEvents, settled?: () => void) {
    this.#failure = failure;
    this.#events = events;
    settled?.();
  }

  send(exchange: Exchange): void {
    this.#exchange = exchange;
    queueMicrotask(() => {
      if (this.#exchange !== exchange) return;
      this.#exchange = undefined;
      this.#events.released(this);
      exchange.failed(this.#failure);
    });
  }

  waitingFor(): Waiting {
    return "connect";
  }

  cancel(): void {
    this.#exchange = undefined;
    this.#events.released(this);
  }

  destroy(): void {
    this.#exchange?.failed(this.#failure);
    this.#exchange = undefined;
  }
}
