import { Gathered, type ResponseMemory } from "../gathered.ts";
import { CODE, FLAG, type FrameHead } from "./frames.ts";
import { breach, Http2Error } from "./http2Error.ts";

/** Bytes of a HEADERS frame's priority. */
const PRIORITY_BYTES = 5;

/** Takes apart frames that may be padded: the range of what is within. Throws an Http2Error. */
export function unpadded({ flags, length }: FrameHead, bytes: Buffer, at: number): [from: number, to: number] {
  if ((flags & FLAG.padded) === 0) return [at, at + length];
  const to = at + length - (bytes[at] ?? 0);
  if (length === 0 || to <= at) breach("more padding than payload");
  return [at + 1, to];
}

/** A header block that arrives in several frames: HEADERS, and CONTINUATION after it. */
export class HeaderBlock {
  readonly #gathered: Gathered;
  readonly #most: number;
  /** The stream whose block is incomplete; 0 if there is none. */
  stream = 0;
  /** Whether its HEADERS frame ended the stream. */
  isEnd = false;

  /** `most` is how many bytes a block may have. */
  constructor(memory: ResponseMemory, most: number) {
    this.#gathered = new Gathered(memory);
    this.#most = most;
  }

  /** The range of a HEADERS frame's fragment. */
  static fragment(head: FrameHead, bytes: Buffer, at: number): [from: number, to: number] {
    const range = unpadded(head, bytes, at);
    if ((head.flags & FLAG.priority) !== 0) range[0] += PRIORITY_BYTES;
    if (range[0] > range[1]) breach("HEADERS without room for its priority");
    return range;
  }

  begin(stream: number, isEnd: boolean): void {
    this.stream = stream;
    this.isEnd = isEnd;
  }

  /** Adds a fragment. Throws an Http2Error if the block is too long. */
  add(bytes: Buffer, [from, to]: readonly [from: number, to: number]): void {
    if (this.#gathered.length + to - from > this.#most)
      throw new Http2Error(CODE.enhanceYourCalm, "a header block is too long", "headers-too-large");
    if (!this.#gathered.append(bytes.subarray(from, to)))
      throw new Http2Error(CODE.enhanceYourCalm, "no memory is left for responses in part", "response-memory");
  }

  /** The whole block. Ends it: the next one may begin. */
  take(): Buffer {
    const { bytes } = this.#gathered;
    this.release();
    return bytes;
  }

  release(): void {
    this.stream = 0;
    this.#gathered.clear();
  }
}
