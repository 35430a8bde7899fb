/** Where time comes from. */
export interface Clock {
  /** The present in ms since the epoch, with fractions down to µs; it never steps back. */
  nowMs(): number;
}

/**
 * The wall clock as it was when the process began, carried on by the monotonic clock: a step of the wall clock in
 * mid-run moves no request.
 */
export const systemClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
};
