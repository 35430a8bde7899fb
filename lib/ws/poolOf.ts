import type { ConnectionOptions, OpeningMs } from "../http/connection.ts";
import { Connections, type Pool, type Shared } from "../http/connections.ts";
import type { Handshake } from "../http/request.ts";
import { noSockets } from "../results/sockets.ts";
import { CallSockets } from "./callSockets.ts";
import { type SocketCounter, socketCounter } from "./socketCounts.ts";

/** The destination of requests. */
export interface Destination {
  origin: string;
  /** The handshake of their WebSocket; undefined if they are sent over HTTP. */
  handshake: Handshake | undefined;
  /** Counts the WebSockets; without it they are not counted. */
  counter?: SocketCounter | undefined;
}

/** The connections to a destination: HTTP connections or WebSockets. */
export function poolOf(
  { origin, handshake, counter }: Destination,
  options: ConnectionOptions,
  shared: Shared,
  onOpened: (times: OpeningMs) => void,
): Pool {
  if (!handshake) return new Connections(origin, options, shared, onOpened);
  const counts = noSockets();
  return new CallSockets(handshake, options, shared, { counter: counter ?? socketCounter(() => counts), onOpened });
}
