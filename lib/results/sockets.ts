/** Counts by the class of what ended a socket. */
type Counts = Record<string, number>;

/** What happened to a chain's WebSockets, besides the calls on them. */
export interface SocketCounts {
  opened: number;
  /** Sockets that were open and were closed by the other side or the network, by class. */
  closed: Counts;
  /** Handshakes that failed, by class. */
  refused: Counts;
  /** Messages that no call waited for: answers that came after their timeout, or to nothing that was asked. */
  unmatched: number;
  /** The most bytes that waited in one socket for the other side to read. */
  bufferedBytes: number;
}

/** Counts of nothing. */
export function noSockets(): SocketCounts {
  return { opened: 0, closed: {}, refused: {}, unmatched: 0, bufferedBytes: 0 };
}

/** Whether anything was counted. */
export function anySockets({ opened, closed, refused, unmatched, bufferedBytes }: SocketCounts): boolean {
  return opened + unmatched + bufferedBytes > 0 || Object.keys(closed).length + Object.keys(refused).length > 0;
}

/** Adds counts to others, in any order. */
export function addSockets(into: SocketCounts, from: SocketCounts): void {
  into.opened += from.opened;
  into.unmatched += from.unmatched;
  into.bufferedBytes = Math.max(into.bufferedBytes, from.bufferedBytes);
  for (const field of ["closed", "refused"] as const) {
    for (const [name, count] of Object.entries(from[field])) into[field][name] = (into[field][name] ?? 0) + count;
  }
}
