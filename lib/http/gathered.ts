const NO_BYTES = Buffer.alloc(0);

/** Minimum bytes allocated at once. */
const MIN_BYTES = 512;

/**
 * The memory budget for responses that arrive in pieces, over all connections of a worker. A target that answers ten
 * thousand requests with four MiB each and withholds the last byte must not exhaust the worker's memory.
 */
export class ResponseMemory {
  /** Bytes that can still be allocated. */
  left: number;

  constructor(bytes: number) {
    this.left = bytes;
  }
}

/** Collects pieces into one growing buffer: linear in time and memory however small the pieces are. */
export class Gathered {
  readonly #memory: ResponseMemory;
  #buffer: Buffer = NO_BYTES;
  length = 0;

  constructor(memory: ResponseMemory) {
    this.#memory = memory;
  }

  /** Appends a copy of a piece; false if there is no memory left for it. */
  append(piece: Buffer): boolean {
    const needed = this.length + piece.length;
    if (needed > this.#buffer.length) {
      const size = Math.max(needed, 2 * this.#buffer.length, MIN_BYTES);
      const more = size - this.#buffer.length;
      if (more > this.#memory.left) return false;
      this.#memory.left -= more;
      const grown = Buffer.allocUnsafeSlow(size);
      this.#buffer.copy(grown, 0, 0, this.length);
      this.#buffer = grown;
    }
    piece.copy(this.#buffer, this.length);
    this.length = needed;
    return true;
  }

  /** All bytes so far; valid until `clear`. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }

  /** Releases the memory. */
  clear(): void {
    if (this.#buffer.length === 0) return;
    this.#memory.left += this.#buffer.length;
    this.#buffer = NO_BYTES;
    this.length = 0;
  }
}
