/** Work that is repeated until it is ended. */
export interface Repetition {
  /** Starts no more work; resolves when the work that is going on has ended. */
  end(): Promise<void>;
}

/**
 * Does `work` every `everyMs` ms, but never twice at once: a turn that comes while the last one is still going on is left
 * out. So slow work, such as writing to a store that is far away, cannot pile up. Work that rejects is tried again at its
 * next turn.
 */
export function repeat(everyMs: number, work: () => Promise<unknown>): Repetition {
  let working: Promise<void> | undefined;
  const turn = async (): Promise<void> => {
    try {
      await work();
    } catch {
      // The next turn tries again.
    }
    working = undefined;
  };
  const timer = setInterval(() => {
    working ??= turn();
  }, everyMs);
  return {
    async end() {
      clearInterval(timer);
      await working;
    },
  };
}
