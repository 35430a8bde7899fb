import type { SocketCounts } from "../results/sockets.ts";

/** Counts what happens to a chain's sockets, apart from the calls on them. */
export interface SocketCounter {
  opened(): void;
  /** An open socket was closed, with the class of the reason. */
  closed(failure: string): void;
  /** A socket could not be opened, with the class of the reason. */
  refused(failure: string): void;
  /** A message arrived that no call waited for. */
  unmatched(): void;
  /** Bytes buffered in a socket until the other side reads them. */
  buffered(bytes: number): void;
}

/** A counter that adds to the result of `counts`: the counts of the current phase. */
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
