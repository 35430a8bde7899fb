/** A source of time. */
export interface Clock {
  /** The current time in ms since the epoch, with fractions down to µs. It never steps back. */
  nowMs(): number;
}

/**
 * The wall clock at the process's start, advanced by the monotonic clock: if the wall clock steps mid-run, no request
 * moves.
 */
export const systemClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
};
