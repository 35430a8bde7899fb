import type { HostGuard } from "../guard/hostGuard.ts";
import type { Plan } from "../plan/schema.ts";
import type { HeaderSource } from "./headers.ts";
import type { WireRequest } from "./request.ts";
import type { Secure } from "./secure.ts";

/** How a worker connects to an origin: fields of the plan, and what was read for them. */
export interface ConnectionOptions
  extends Pick<Plan, "http" | "keepalive" | "timeoutMs">,
    Partial<Pick<Plan, "resolve" | "unixSocket" | "dns" | "webSocket">> {
  limits?: { maxBodyBytes: number };
  /** The plan's `tls`. */
  secure?: Secure;
  /** Which hosts are allowed; loopback only if it is absent. */
  guard?: HostGuard;
}

/** How long the parts of opening a connection took, in ms. */
export interface OpeningMs {
  dns?: number;
  connect: number;
  tls?: number;
}

/** One request in flight, as its connection sees it. Exactly one of `responded` and `failed` is called, once. */
export interface Exchange {
  readonly request: WireRequest;
  /** Its number in the schedule. */
  readonly n: number;
  /** The first byte of the response has arrived. */
  began(): void;
  /**
   * The response is complete. `codings` lists the codings of its body, first to last; empty for none. The body's memory
   * is only lent, and so are its headers, which a WebSocket's message does not have: they are valid until this call
   * returns.
   */
  responded(status: number, body: Buffer, codings: string, source?: HeaderSource): void;
  /** There will be no response; `failure` is the class of the failure. */
  failed(failure: string): void;
}

/** What a request without a complete response is waiting for. */
export type Waiting = "connect" | "headers" | "body";

/** A connection that can carry requests. */
export interface Connection {
  /** The number of requests it can carry at once; 0 once it takes no more. */
  readonly capacity: number;
  /** The number of requests it carries now; its pool counts them. */
  inFlight: number;
  /** Whether its pool lists it as having room; only the pool uses this. */
  isListed: boolean;
  send(exchange: Exchange): void;
  waitingFor(exchange: Exchange): Waiting;
  /** Drops a request: its exchange is not called any more. */
  cancel(exchange: Exchange): void;
  /** Closes it at once; requests in flight on it fail. */
  destroy(): void;
}

/** The events that a connection reports to its pool. */
export interface ConnectionEvents {
  /** A request has ended, and its place is free. Called before the exchange is. */
  released(connection: Connection): void;
  /** How many requests it can carry has changed. */
  resized(connection: Connection): void;
  /** It takes no more requests, and its socket is closed. Called before its exchanges are. */
  closed(connection: Connection): void;
  /** It was opened; `times` is how long that took. */
  opened(times: OpeningMs): void;
}
