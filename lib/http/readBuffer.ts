import type { OnReadOpts } from "node:net";

/** Maximum bytes per read from a socket. */
const READ_BYTES = 64 * 1024;

/** One buffer for all connections to an origin: each read is consumed before the next one starts. */
export class ReadBuffer {
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  /** The part of the buffer that was read last: most reads are as long as the one before. */
  #part: Buffer = this.#buffer;

  /** Lets a socket call `read` with received bytes; they are valid only until it returns. */
  onread(read: (bytes: Buffer) => void): OnReadOpts {
    const callback = (length: number): boolean => {
      if (this.#part.length !== length) this.#part = this.#buffer.subarray(0, length);
      read(this.#part);
      return true;
    };
    return { buffer: this.#buffer, callback };
  }
}
