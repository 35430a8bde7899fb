import { Gathered, type ResponseMemory } from "../gathered.ts";
import { CODE, FRAME, FRAME_HEAD_BYTES, type FrameHead, MAX_PAYLOAD, readUint31 } from "./frames.ts";
import { breach, Http2Error } from "./http2Error.ts";

/** Takes a frame; its payload is `bytes` from `at` on, valid until the call returns. False ends the reading. */
export type TakeFrame = (head: Readonly<FrameHead>, bytes: Buffer, at: number) => boolean;

/**
 * Cuts a connection's bytes into frames. A frame that is whole in the bytes fed is read in place; a frame in part is
 * gathered. Time is linear in the bytes however they are split.
 */
export class FrameReader {
  readonly #take: TakeFrame;
  readonly #partial: Gathered;
  /** One object for all frames. */
  readonly #head: FrameHead = { type: 0, flags: 0, stream: 0, length: 0 };
  #isFirst = true;

  constructor(memory: ResponseMemory, take: TakeFrame) {
    this.#partial = new Gathered(memory);
    this.#take = take;
  }

  /** Reads the next bytes. Throws an Http2Error for a frame that is too long, or a first one that is no SETTINGS. */
  feed(bytes: Buffer): void {
    let at = this.#partial.length === 0 ? 0 : this.#complete(bytes);
    while (bytes.length - at >= FRAME_HEAD_BYTES) {
      this.#readHead(bytes, at);
      const end = at + FRAME_HEAD_BYTES + this.#head.length;
      if (end > bytes.length) break;
      if (!this.#take(this.#head, bytes, at + FRAME_HEAD_BYTES)) return;
      at = end;
    }
    if (at < bytes.length) this.#gather(bytes, at, bytes.length);
  }

  /** Releases the memory of a frame in part. */
  release(): void {
    this.#partial.clear();
  }

  /** Completes the frame in part, and takes it if it is whole; returns how many bytes belong to it. */
  #complete(bytes: Buffer): number {
    let at = this.#fill(bytes, 0, FRAME_HEAD_BYTES);
    if (this.#partial.length < FRAME_HEAD_BYTES) return at;
    this.#readHead(this.#partial.bytes, 0);
    const whole = FRAME_HEAD_BYTES + this.#head.length;
    at = this.#fill(bytes, at, whole);
    if (this.#partial.length < whole) return at;
    const frame = this.#partial.bytes;
    this.#partial.clear();
    return this.#take(this.#head, frame, FRAME_HEAD_BYTES) ? at : bytes.length;
  }

  /** Adds bytes from `at` on until `length` are gathered; returns the index after them. */
  #fill(bytes: Buffer, at: number, length: number): number {
    const end = Math.min(bytes.length, at + Math.max(0, length - this.#partial.length));
    if (end > at) this.#gather(bytes, at, end);
    return end;
  }

  #gather(bytes: Buffer, from: number, to: number): void {
    if (!this.#partial.append(bytes.subarray(from, to)))
      throw new Http2Error(CODE.enhanceYourCalm, "no memory is left for responses in part", "response-memory");
  }

  #readHead(bytes: Buffer, at: number): void {
    const head = this.#head;
    head.length = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    head.type = bytes[at + 3] as number;
    head.flags = bytes[at + 4] as number;
    head.stream = readUint31(bytes, at + 5);
    if (this.#isFirst && head.type !== FRAME.settings) breach("the first frame is not SETTINGS");
    this.#isFirst = false;
    if (head.length > MAX_PAYLOAD) throw new Http2Error(CODE.frameSize, "a frame is longer than allowed");
  }
}
