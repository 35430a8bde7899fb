import type { SocketCounts } from "../results/sockets.ts";

/** Counts what happens to a chain's sockets, besides the calls on them. */
export interface SocketCounter {
  opened(): void;
  /** A socket that was open was closed, and why. */
  closed(failure: string): void;
  /** A socket did not open, and why. */
  refused(failure: string): void;
  /** A message came that no call waited for. */
  unmatched(): void;
  /** Bytes that wait in a socket for the other side to read. */
  buffered(bytes: number): void;
}

/** A counter that adds to counts which `counts` gives: those of the phase that is on. */
export function socketCounter(counts: () => SocketCounts): SocketCounter {
  return {
    opened: () => {
      counts().opened++;
    },
    closed: (failure) => {
      const { closed } = counts();
      closed[failure] = (closed[failure] ?? 0) + 1;
    },
    refused: (failure) => {
      const { refused } = counts();
      refused[failure] = (refused[failure] ?? 0) + 1;
    },
    unmatched: () => {
      counts().unmatched++;
    },
    buffered: (bytes) => {
      const own = counts();
      own.bufferedBytes = Math.max(own.bufferedBytes, bytes);
    },
  };
}
