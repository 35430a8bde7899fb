import { ResponseError } from "./responseError.ts";

/** Most bytes of a chunk's size line, extensions included, and of a trailer. */
const MAX_LINE_BYTES = 4 * 1024;

/** Most bytes of all trailers. */
const MAX_TRAILER_BYTES = 64 * 1024;

/**
 * What size lines may have in all beyond 16 bytes and twice the data for each chunk: extensions must not be a way to send
 * without end what nobody counts.
 */
const MAX_EXCESS_BYTES = 16 * 1024;

const LF = 0x0a;
const CR = 0x0d;

/**
 * Reads what stands between the data of a chunked body (RFC 9112, section 7.1): size lines, the break after the data,
 * trailers. Lines end with CR LF and nothing else, as the section's erratum 7633 confirms: what takes a lone LF for an
 * end, and what does not, see different bodies.
 */
export class ChunkLines {
  #part: "size" | "break" | "trailers" = "size";
  #line = "";
  #size = 0;
  #excess = 0;
  #trailerBytes = 0;
  /** Whether the last line of the body has been read. */
  isEnded = false;

  /** Reads the line that begins or goes on at `from`; returns where it ends, or the end of the bytes. */
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

  /** The bytes of data that follow the line read last. */
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
