import { ResponseError } from "./responseError.ts";

/** Maximum bytes of a chunk's size line, including extensions, and of a trailer line. */
const MAX_LINE_BYTES = 4 * 1024;

/** Maximum bytes of all trailers. */
const MAX_TRAILER_BYTES = 64 * 1024;

/**
 * Maximum total bytes of size lines, beyond 16 bytes plus twice the data for each chunk: without it, a server could
 * send endless extensions that count towards no limit.
 */
const MAX_EXCESS_BYTES = 16 * 1024;

const LF = 0x0a;
const CR = 0x0d;

/**
 * Parses what comes between the data of a chunked body (RFC 9112, section 7.1): size lines, the line break after the
 * data, and trailers. Lines end with CR LF only, as the section's erratum 7633 confirms: a parser that accepts a lone
 * LF and one that does not see different bodies.
 */
export class ChunkLines {
  #part: "size" | "break" | "trailers" = "size";
  #line = "";
  #size = 0;
  #excess = 0;
  #trailerBytes = 0;
  /** Whether the last line of the body has been read. */
  isEnded = false;

  /** Reads the line that begins or continues at `from`; returns the index after its end, or the end of the bytes. */
  feed(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(LF, from);
    const until = end === -1 ? bytes.length : end;
    if (this.#line.length + until - from > MAX_LINE_BYTES)
      throw new ResponseError("invalid-http", "a chunk's line is too long");
    this.#line += bytes.toString("latin1", from, until);
    if (end === -1) return until;
    const line = this.#line;
    this.#line = "";
    if (line.charCodeAt(line.length - 1) !== CR || line.indexOf("\r") !== line.length - 1)
      throw new ResponseError("invalid-http", "a chunk's line does not end with CR LF");
    this.#read(line.slice(0, -1));
    return end + 1;
  }

  /** The number of data bytes that follow the last line read; resets it to 0. */
  takeSize(): number {
    const size = this.#size;
    this.#size = 0;
    return size;
  }

  #read(line: string): void {
    if (this.#part === "trailers") {
      this.#trailerBytes += line.length + 2;
      if (this.#trailerBytes > MAX_TRAILER_BYTES)
        throw new ResponseError("headers-too-large", "the trailers are too long");
      this.isEnded = line === "";
    } else if (this.#part === "break") {
      if (line !== "") throw new ResponseError("invalid-http", "a chunk is longer than its size");
      this.#part = "size";
    } else {
      this.#readSize(line);
    }
  }

  #readSize(line: string): void {
    const [, size] = /^([0-9a-f]{1,16})[ \t]*(?:;|$)/i.exec(line) ?? [];
    if (size === undefined) throw new ResponseError("invalid-http", "a chunk's size is not a number");
    this.#size = Number.parseInt(size, 16);
    this.#excess = Math.max(0, this.#excess + line.length - 16 - 2 * this.#size);
    if (this.#excess > MAX_EXCESS_BYTES) throw new ResponseError("invalid-http", "chunks have too long extensions");
    this.#part = this.#size === 0 ? "trailers" : "break";
  }
}
