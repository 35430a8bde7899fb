import { firstInShard, type Shard } from "../schedule/schedule.ts";
import type { PreparedRequest } from "./requests.ts";

/** Maximum requests prepared ahead of their turn, and their maximum total bytes. */
const MAX_AHEAD = 512;
const MAX_BYTES = 8 * 1024 * 1024;

/** Requests prepared per turn of the event loop: this many take less time than a send may be late. */
const AT_ONCE = 16;

/**
 * Prepares a chain's requests ahead of their turn, between sends. A request that is not ready when it is due is made
 * then, with the same result.
 */
export class RequestsAhead {
  readonly #make: (n: number) => PreparedRequest;
  readonly #of: number;
  readonly #to: number;
  /** How many requests are prepared ahead. */
  readonly #ahead: number;
  readonly #ready: (PreparedRequest | undefined)[];
  /** The first request not prepared yet, and the first not taken yet. */
  #made: number;
  #taken: number;
  #isMaking = false;

  /** `make` returns the n-th request of those in the shard. Prepares the first ones at once. */
  constructor(make: (n: number) => PreparedRequest, { shard, of, from, to }: Shard) {
    this.#make = make;
    this.#of = of;
    this.#to = to;
    this.#made = firstInShard(from, { shard, of });
    this.#taken = this.#made;
    const bytes = this.#made < to ? make(this.#made).http1.length : 0;
    this.#ahead = Math.max(AT_ONCE, Math.min(MAX_AHEAD, Math.floor(MAX_BYTES / (bytes + 1))));
    this.#ready = new Array(this.#ahead).fill(undefined);
    while (this.#hasRoom) this.#makeNext();
  }

  /** The n-th request. `n` must rise from call to call; skipped (missed) requests are dropped. */
  take(n: number): PreparedRequest {
    const place = this.#placeOf(n);
    const request = n < this.#made ? this.#ready[place] : undefined;
    this.#ready[place] = undefined;
    this.#taken = n + this.#of;
    if (this.#made < this.#taken) this.#made = this.#taken;
    if (!this.#isMaking && this.#made < this.#to && this.#made < this.#taken + (this.#ahead / 2) * this.#of) {
      this.#isMaking = true;
      setImmediate(this.#makeSome);
    }
    return request ?? this.#make(n);
  }

  readonly #makeSome = (): void => {
    for (let made = 0; made < AT_ONCE && this.#hasRoom; made++) this.#makeNext();
    this.#isMaking = this.#hasRoom;
    if (this.#isMaking) setImmediate(this.#makeSome);
  };

  get #hasRoom(): boolean {
    return this.#made < this.#to && this.#made < this.#taken + this.#ahead * this.#of;
  }

  #makeNext(): void {
    this.#ready[this.#placeOf(this.#made)] = this.#make(this.#made);
    this.#made += this.#of;
  }

  #placeOf(n: number): number {
    return Math.floor(n / this.#of) % this.#ahead;
  }
}
