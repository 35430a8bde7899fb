import type { PreparedRequest } from "./requests.ts";

/** Most requests that are kept ready ahead of their turn, and most bytes of them. */
const MAX_AHEAD = 512;
const MAX_BYTES = 8 * 1024 * 1024;

/** Requests that are made ready between two turns of the event loop: so many take less time than a send may be late. */
const AT_ONCE = 16;

/** Which of a chain's requests are made ready: n ≡ shard (mod of), from ≤ n < to. */
export interface AheadRange {
  shard: number;
  of: number;
  from: number;
  to: number;
}

/**
 * Makes a chain's requests ready ahead of their turn, between the sends and not in them. What is not ready yet when it
 * is due is made then: it is the same request.
 */
export class RequestsAhead {
  readonly #make: (n: number) => PreparedRequest;
  readonly #of: number;
  readonly #to: number;
  /** How many are kept ready. */
  readonly #ahead: number;
  readonly #ready: (PreparedRequest | undefined)[];
  /** The first request that has not been made ready, and the first that has not been taken. */
  #made: number;
  #taken: number;
  #isMaking = false;

  /** `make` gives the n-th request. Makes the first ones ready at once. */
  constructor(make: (n: number) => PreparedRequest, { shard, of, from, to }: AheadRange) {
    this.#make = make;
    this.#of = of;
    this.#to = to;
    this.#made = from + ((((shard - from) % of) + of) % of);
    this.#taken = this.#made;
    const bytes = this.#made < to ? make(this.#made).http1.length : 0;
    this.#ahead = Math.max(AT_ONCE, Math.min(MAX_AHEAD, Math.floor(MAX_BYTES / (bytes + 1))));
    this.#ready = new Array(this.#ahead).fill(undefined);
    while (this.#hasRoom) this.#makeNext();
  }

  /** The n-th request. Numbers rise from call to call; those between them that were missed are let go. */
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
