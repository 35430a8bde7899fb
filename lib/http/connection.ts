import type { HostGuard } from "../guard/hostGuard.ts";
import type { Plan } from "../plan/schema.ts";
import type { WireRequest } from "./request.ts";
import type { Secure } from "./secure.ts";

/** How a worker speaks to an origin: the plan's own fields, and what was read for them. */
export interface ConnectionOptions
  extends Pick<Plan, "http" | "keepalive" | "timeoutMs">,
    Partial<Pick<Plan, "resolve" | "unixSocket" | "dns" | "webSocket">> {
  limits?: { maxBodyBytes: number };
  /** The plan's `tls`. */
  secure?: Secure;
  /** Which hosts may be spoken to; without it loopback alone. */
  guard?: HostGuard;
}

/** How long the parts of opening a connection took, in ms. */
export interface OpeningMs {
  dns?: number;
  connect: number;
  tls?: number;
}

/** One request on its way, as its connection sees it. Exactly one of `responded` and `failed` is called, once. */
export interface Exchange {
  readonly request: WireRequest;
  /** Its number in the schedule. */
  readonly n: number;
  /** The first byte of the response is there. */
  began(): void;
  /**
   * The response is whole. `codings` are those of its body, first to last, as a list; empty for none. The body's memory
   * is only lent: it holds until this returns.
   */
  responded(status: number, body: Buffer, codings: string): void;
  /** There will be no response; `failure` is the class of the reason. */
  failed(failure: string): void;
}

/** What a request that has no whole response yet is waiting for. */
export type Waiting = "connect" | "headers" | "body";

/** A connection that requests can be sent on. */
export interface Connection {
  /** Requests that it can carry at once; 0 when it takes none any more. */
  readonly capacity: number;
  /** Requests that it carries now; its pool counts them. */
  inFlight: number;
  /** Whether its pool has it among those with room; the pool's own. */
  isListed: boolean;
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
  /** How many requests it can carry has changed. */
  resized(connection: Connection): void;
  /** It carries no other request, and its socket is closed. Told before the exchanges on it are. */
  closed(connection: Connection): void;
  /** It was opened, and how long that took. */
  opened(times: OpeningMs): void;
}
