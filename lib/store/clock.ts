import { performance } from "node:perf_hooks";

/** A source of time. */
export interface Clock {
  /** The current time in ms since the epoch, with fractions down to µs. It never steps back. */
  nowMs(): number;
}

const ORIGIN_MS = performance.timeOrigin;

/**
 * The wall clock at the process's start, advanced by the monotonic clock: if the wall clock steps mid-run, no request
 * moves.
 */
export const systemClock: Clock = {
  nowMs: () => ORIGIN_MS + performance.now(),
};
