import type { ConnectionOptions, OpeningMs } from "../http/connection.ts";
import { Connections, type Pool, type Shared } from "../http/connections.ts";
import type { Handshake } from "../http/request.ts";
import { noSockets } from "../results/sockets.ts";
import { CallSockets } from "./callSockets.ts";
import { type SocketCounter, socketCounter } from "./socketCounts.ts";

/** Where requests go. */
export interface Destination {
  origin: string;
  /** What opens their WebSocket; undefined where they go over HTTP. */
  handshake: Handshake | undefined;
  /** What counts the WebSockets; without it they are not counted. */
  counter?: SocketCounter | undefined;
}

/** The connections to a destination: of HTTP, or WebSockets. */
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
