import type { Clock } from "./clock.ts";
import type { Store } from "./store.ts";

/** How far a worker's clock is from the store's: its own time − the store's. */
export interface ClockError {
  errorMs: number;
  /** The true error is within so much of it. */
  boundMs: number;
  /** Whether the worker went by the store's time, for its own was surely wrong. */
  corrected: boolean;
}

/** How narrow is narrow enough, in ms, and after how many looks it is left at that. */
const NARROW_MS = 20;
const MAX_LOOKS = 9;

/**
 * A clock that learns the store's time. The store tells its time to a resolution (S3's Date header: a second), so that
 * each look says only between which two values the difference lies; the next look is made when the store's tick falls
 * into the middle of what is left, which halves it.
 */
export class StoreClock implements Clock {
  readonly #store: Store;
  readonly #key: string;
  readonly #own: Clock;
  readonly #sleep: (ms: number) => Promise<unknown>;
  /** The store's time − this clock's own lies between these. */
  #least = Number.NEGATIVE_INFINITY;
  #most = Number.POSITIVE_INFINITY;
  #resolutionMs = 0;
  #looks = 0;
  #offsetMs = 0;

  /** `key` names an object that is there. */
  constructor(store: Store, key: string, own: Clock, sleep: (ms: number) => Promise<unknown>) {
    this.#store = store;
    this.#key = key;
    this.#own = own;
    this.#sleep = sleep;
  }

  nowMs(): number {
    return this.#own.nowMs() + this.#offsetMs;
  }

  /** Looks for the first time: that tells a clock that is off by more than the resolution, and costs one round trip. */
  async begin(): Promise<void> {
    await this.#look();
  }

  /** Looks on, until an instant of the own clock, where this is surely wrong; then it is put right. */
  async settle(untilMs: number): Promise<void> {
    if (this.#isWrong()) await this.narrow(untilMs);
  }

  /** Looks until the difference is known well, or until an instant of the own clock; then the clock is put right. */
  async narrow(untilMs: number): Promise<void> {
    while (this.#most - this.#least > NARROW_MS && this.#looks < MAX_LOOKS) {
      const waitMs = this.#untilTickMs();
      if (this.#own.nowMs() + waitMs > untilMs) break;
      await this.#sleep(waitMs);
      await this.#look();
    }
    if (this.#isWrong()) this.#offsetMs = (this.#least + this.#most) / 2;
  }

  /** What has been found; null where the store never answered. */
  error(): ClockError | null {
    if (!Number.isFinite(this.#most - this.#least)) return null;
    return {
      errorMs: round(-(this.#least + this.#most) / 2),
      boundMs: round((this.#most - this.#least) / 2),
      corrected: this.#offsetMs !== 0,
    };
  }

  #isWrong(): boolean {
    return this.#least > 0 || this.#most < 0;
  }

  /** How long until the store's tick falls into the middle of what is not known. */
  #untilTickMs(): number {
    if (!Number.isFinite(this.#least) || this.#resolutionMs === 0) return 0;
    const storeMs = this.#own.nowMs() + (this.#least + this.#most) / 2;
    return this.#resolutionMs - (storeMs % this.#resolutionMs);
  }

  /** A store that does not answer just now says nothing about the clock. */
  async #look(): Promise<void> {
    this.#looks++;
    const beforeMs = this.#own.nowMs();
    const told = await this.#store.time(this.#key).catch(() => undefined);
    const afterMs = this.#own.nowMs();
    if (!told) return;
    this.#resolutionMs = told.resolutionMs;
    const least = told.atMs - afterMs;
    const most = told.atMs + told.resolutionMs - beforeMs;
    // Looks that contradict each other mean that a clock was set meanwhile: the last one counts.
    const isPossible = least <= this.#most && most >= this.#least;
    this.#least = isPossible ? Math.max(this.#least, least) : least;
    this.#most = isPossible ? Math.min(this.#most, most) : most;
  }
}

function round(ms: number): number {
  return Number(ms.toFixed(1));
}
