import type { PreparedRequest } from "./requests.ts";

/** How a worker speaks to an origin. */
export interface ConnectionOptions {
  http: "1.1" | "2";
  keepalive: boolean;
  timeoutMs: number;
}

/** One request on its way, as its connection sees it. Exactly one of the two is called, once. */
export interface Exchange {
  readonly request: PreparedRequest;
  /** The response is whole. The body's memory is only lent: it holds until this returns. */
  responded(status: number, body: Buffer): void;
  /** There will be no response; `failure` is the class of the reason. */
  failed(failure: string): void;
}

/** What a request that has no whole response yet is waiting for. */
export type Waiting = "connect" | "headers" | "body";

/** A connection that requests can be sent on. */
export interface Connection {
  /** Requests that it can carry at once. */
  readonly capacity: number;
  /** Requests that it carries now; its pool counts them. */
  inFlight: number;
  send(exchange: Exchange): void;
  waitingFor(exchange: Exchange): Waiting;
  /** Takes a request off: its exchange is not called any more. */
  cancel(exchange: Exchange): void;
  /** Closes it at once; requests that are on it fail. */
  destroy(): void;
}

/** What a connection tells the pool that it belongs to. */
export interface ConnectionEvents {
  /** A request has ended, and its place is free. Told before the exchange is. */
  released(connection: Connection): void;
  /** It carries no request any more, nor ever will. Told before the exchange is. */
  closed(connection: Connection): void;
}
