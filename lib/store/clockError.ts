import type { Clock } from "./clock.ts";
import type { Store } from "./store.ts";

/** How far a worker's clock is off: its own time − the store's. */
export interface ClockError {
  errorMs: number;
  /** The true error is at most this far from `errorMs`. */
  boundMs: number;
  /** Whether the worker used the store's time because its own was certainly wrong. */
  corrected: boolean;
}

/** Looking stops once the interval is this narrow, in ms, or after this many looks. */
const NARROW_MS = 20;
const MAX_LOOKS = 9;

/**
 * A clock that learns the store's time. The store reports its time with a limited resolution (S3's Date header: a
 * second), so each look only bounds the difference. The next look is timed so that the store's tick falls into the
 * middle of the remaining interval, which halves it.
 */
export class StoreClock implements Clock {
  readonly #store: Store;
  readonly #key: string;
  readonly #own: Clock;
  readonly #sleep: (ms: number) => Promise<unknown>;
  /** Bounds on the store's time − this clock's own. */
  #least = Number.NEGATIVE_INFINITY;
  #most = Number.POSITIVE_INFINITY;
  #resolutionMs = 0;
  #looks = 0;
  #offsetMs = 0;

  /** `key` names an object that exists. */
  constructor(store: Store, key: string, own: Clock, sleep: (ms: number) => Promise<unknown>) {
    this.#store = store;
    this.#key = key;
    this.#own = own;
    this.#sleep = sleep;
  }

  nowMs(): number {
    return this.#own.nowMs() + this.#offsetMs;
  }

  /** Takes the first look. It reveals a clock that is off by more than the resolution, and costs one round trip. */
  async begin(): Promise<void> {
    await this.#look();
  }

  /** If this clock is certainly wrong, narrows its error until `untilMs` on the own clock at most, and corrects it. */
  async settle(untilMs: number): Promise<void> {
    if (this.#isWrong()) await this.narrow(untilMs);
  }

  /** Looks until the error is known well, or until `untilMs` on the own clock. Corrects this clock if it is wrong. */
  async narrow(untilMs: number): Promise<void> {
    while (this.#most - this.#least > NARROW_MS && this.#looks < MAX_LOOKS) {
      const waitMs = this.#untilTickMs();
      if (this.#own.nowMs() + waitMs > untilMs) break;
      await this.#sleep(waitMs);
      await this.#look();
    }
    if (this.#isWrong()) this.#offsetMs = (this.#least + this.#most) / 2;
  }

  /** The error as far as it is known; null if the store never answered. */
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

  /** How long until the store's tick falls into the middle of the remaining interval. */
  #untilTickMs(): number {
    if (!Number.isFinite(this.#least) || this.#resolutionMs === 0) return 0;
    const storeMs = this.#own.nowMs() + (this.#least + this.#most) / 2;
    return this.#resolutionMs - (storeMs % this.#resolutionMs);
  }

  /** Takes one look. One that fails says nothing about the clock. */
  async #look(): Promise<void> {
    this.#looks++;
    const beforeMs = this.#own.nowMs();
    const told = await this.#store.time(this.#key).catch(() => undefined);
    const afterMs = this.#own.nowMs();
    if (!told) return;
    this.#resolutionMs = told.resolutionMs;
    const least = told.atMs - afterMs;
    const most = told.atMs + told.resolutionMs - beforeMs;
    // If looks contradict each other, a clock was set in between: the last look counts.
    const isPossible = least <= this.#most && most >= this.#least;
    this.#least = isPossible ? Math.max(this.#least, least) : least;
    this.#most = isPossible ? Math.min(this.#most, most) : most;
  }
}

function round(ms: number): number {
  return Number(ms.toFixed(1));
}
