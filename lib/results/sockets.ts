import { addTally, type Tally } from "./chunk.ts";

/** What happened to a chain's WebSockets, apart from the calls on them. */
export interface SocketCounts {
  opened: number;
  /** Open sockets that the other side or the network closed, by class. */
  closed: Tally;
  /** Handshakes that failed, by class. */
  refused: Tally;
  /** Messages that no call waited for: late responses after a timeout, or responses to nothing that was sent. */
  unmatched: number;
  /** The most bytes buffered in one socket until the other side reads them. */
  bufferedBytes: number;
}

/** Empty counts. */
export function noSockets(): SocketCounts {
  return { opened: 0, closed: {}, refused: {}, unmatched: 0, bufferedBytes: 0 };
}

/** Whether anything was counted. */
export function anySockets({ opened, closed, refused, unmatched, bufferedBytes }: SocketCounts): boolean {
  return opened + unmatched + bufferedBytes > 0 || Object.keys(closed).length + Object.keys(refused).length > 0;
}

/** Adds one set of counts to another, in any order. */
export function addSockets(into: SocketCounts, from: SocketCounts): void {
  into.opened += from.opened;
  into.unmatched += from.unmatched;
  into.bufferedBytes = Math.max(into.bufferedBytes, from.bufferedBytes);
  addTally(into.closed, from.closed);
  addTally(into.refused, from.refused);
}
