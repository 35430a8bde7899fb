import { type Chunk, total } from "../attack/chunk.ts";
import type { AbortCause } from "../results/abort.ts";

/** Fewest requests in the window that the breaker judges: a handful says nothing about a target. */
const FEWEST = 50;

/** Trips when the target fails too large a share of the requests of the last seconds. */
export class Breaker {
  readonly #errorRatio: number;
  readonly #windowMs: number;
  readonly #flushed: { atMs: number; ended: number; valid: number }[] = [];

  constructor({ errorRatio, window }: { errorRatio: number; window: number }) {
    this.#errorRatio = errorRatio;
    this.#windowMs = window;
  }

  /** Takes in what a worker flushed. */
  add(chunk: Chunk): void {
    let ended = 0;
    let valid = 0;
    for (const series of chunk.series) {
      valid += series.valid;
      ended += series.valid + total(series.invalid) + total(series.errors);
    }
    valid -= chunk.stale ?? 0;
    this.#flushed.push({ atMs: chunk.atMs, ended, valid });
  }

  /** Why the run must stop; undefined while it may go on. */
  tripped(): Extract<AbortCause, { kind: "breaker" }> | undefined {
    const latestMs = this.#flushed.reduce((latest, { atMs }) => Math.max(latest, atMs), -Infinity);
    let ended = 0;
    let valid = 0;
    for (const flushed of this.#flushed) {
      if (flushed.atMs <= latestMs - this.#windowMs) continue;
      ended += flushed.ended;
      valid += flushed.valid;
    }
    if (ended < FEWEST || 1 - valid / ended < this.#errorRatio) return undefined;
    return { kind: "breaker", failedShare: 1 - valid / ended, windowMs: this.#windowMs };
  }
}
