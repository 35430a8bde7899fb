const NO_BYTES = Buffer.alloc(0);

/** Least bytes that are taken at once. */
const MIN_BYTES = 512;

/**
 * Memory for responses that come in pieces, over all connections of a worker. A target that answers ten thousand
 * requests with four MiB each, all but the last byte, must not take the worker's memory.
 */
export class ResponseMemory {
  /** Bytes that can still be taken. */
  left: number;

  constructor(bytes: number) {
    this.left = bytes;
  }
}

/** Bytes put together from pieces, in one buffer that grows: linear in time and memory however small the pieces are. */
export class Gathered {
  readonly #memory: ResponseMemory;
  #buffer: Buffer = NO_BYTES;
  length = 0;

  constructor(memory: ResponseMemory) {
    this.#memory = memory;
  }

  /** Adds a copy of a piece; false where there is no memory left for it. */
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

  /** All of it; it holds until it is cleared. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }

  /** Gives the memory back. */
  clear(): void {
    if (this.#buffer.length === 0) return;
    this.#memory.left += this.#buffer.length;
    this.#buffer = NO_BYTES;
    this.length = 0;
  }
}
