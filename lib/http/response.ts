import { MAX_BODY_BYTES } from "../plan/sizes.ts";
import { ChunkLines } from "./chunkLines.ts";
import { Gathered, ResponseMemory } from "./gathered.ts";
import { type Head, headEnd, readHead } from "./head.ts";
import { type HeaderSource, HeadHeaders, type ResponseHeaders } from "./headers.ts";
import { ResponseError } from "./responseError.ts";

/** Maximum bytes of a response's heads, including interim ones: the limit that servers and proxies set themselves. */
const MAX_HEAD_BYTES = 64 * 1024;

/** Maximum bytes of a worker's partial responses. */
export const MEMORY_BYTES = 256 * 1024 * 1024;

const NO_BYTES = Buffer.alloc(0);
const PROTOCOL = Buffer.from("HTTP/1.");
const NO_HEAD: Head = { status: 0, reusable: true, framing: "none", length: 0, codings: "", text: "" };

/** What the connections of an origin, or of a worker, share for parsing responses. */
export class Reading {
  readonly maxBodyBytes: number;
  readonly memory: ResponseMemory;
  /**
   * The last head, raw and parsed. A gateway's heads are byte-identical until its clock's second changes, and an
   * identical head need not be parsed again.
   */
  lastBytes: Buffer = NO_BYTES;
  lastHead: Head = NO_HEAD;
  /** The bytes that were fed last, and those of them after that head: most responses are as long as the one before. */
  #fed: Buffer = NO_BYTES;
  #rest: Buffer = NO_BYTES;

  constructor(maxBodyBytes = MAX_BODY_BYTES, memory = new ResponseMemory(MEMORY_BYTES)) {
    this.maxBodyBytes = maxBodyBytes;
    this.memory = memory;
  }

  /** The bytes after the last head, of bytes that begin with it. */
  afterLastHead(fed: Buffer): Buffer {
    if (fed !== this.#fed || fed.length - this.lastBytes.length !== this.#rest.length) {
      this.#fed = fed;
      this.#rest = fed.subarray(this.lastBytes.length);
    }
    return this.#rest;
  }
}

/**
 * Parses HTTP/1.1 responses (RFC 9112), one after another, from a connection's bytes. Designed for responses that
 * arrive in one piece: these are parsed without a copy. Time and memory are linear in the bytes received, however they
 * are split.
 */
export class ResponseParser implements HeaderSource {
  readonly #shared: Reading;
  #head = NO_HEAD;
  /** Whether the connection can carry another request after this response. */
  reusable = true;
  #isHead = false;
  /** Bytes of complete heads so far. */
  #headBytes = 0;
  /** The bytes of an incomplete head, and the index from which to search for its end. */
  readonly #partial: Gathered;
  #searchFrom = 0;
  /** Bytes of the body, or of its current chunk, that are still missing. */
  #left = 0;
  #chunks: ChunkLines | undefined;
  /** A piece of the body within the bytes being fed; the whole body if nothing is gathered. */
  #piece: Buffer = NO_BYTES;
  readonly #gathered: Gathered;

  constructor(shared = new Reading()) {
    this.#shared = shared;
    this.#partial = new Gathered(shared.memory);
    this.#gathered = new Gathered(shared.memory);
  }

  /** Begins the next response; a response to a HEAD request has no body whatever its head says. */
  begin(isHead: boolean): void {
    this.release();
    this.#head = NO_HEAD;
    this.reusable = true;
    this.#isHead = isHead;
    this.#headBytes = 0;
    this.#left = 0;
    this.#chunks = undefined;
  }

  /** Releases the memory of the last response's body. */
  release(): void {
    this.#partial.clear();
    this.#searchFrom = 0;
    this.#gathered.clear();
    this.#piece = NO_BYTES;
  }

  /** The response's status; 0 until its head is complete. */
  get status(): number {
    return this.#head.status;
  }

  /** A list of the body's codings, first to last; empty for none. */
  get codings(): string {
    return this.#head.codings;
  }

  /** The response's headers; none of a head that is long. */
  get headers(): ResponseHeaders {
    return new HeadHeaders(this.#head.text);
  }

  /** Whether any part of the response has arrived. */
  get hasBegun(): boolean {
    return this.#headBytes > 0 || this.#partial.length > 0;
  }

  /** The body. It may share memory with the bytes fed last, and is valid only until the next `feed` or `release`. */
  get body(): Buffer {
    return this.#gathered.length > 0 ? this.#gathered.bytes : this.#piece;
  }

  /** Parses the next bytes; true when the response is complete. Throws a ResponseError. */
  feed(fed: Buffer): boolean {
    const bytes = this.#head === NO_HEAD ? this.#feedHead(fed) : fed;
    if (bytes === undefined) return false;
    const used = this.#head.framing === "chunked" ? this.#feedChunked(bytes) : this.#feedPlain(bytes);
    const isWhole = used !== undefined;
    // The remaining bytes belong to no request.
    if (isWhole && used < bytes.length) this.reusable = false;
    // The fed memory is reused, unless the body is complete and consumed at once.
    if (!isWhole || this.#gathered.length > 0) this.#gatherPiece();
    return isWhole;
  }

  /** The connection has closed: true if that completes the response. */
  close(): boolean {
    return this.#head.framing === "until-close";
  }

  /** Parses heads up to the final response's, and returns the bytes that follow it; undefined if it is incomplete. */
  #feedHead(fed: Buffer): Buffer | undefined {
    if (this.#partial.length === 0 && this.#isLastHead(fed)) {
      this.#take(this.#shared.lastHead, this.#shared.lastBytes.length);
      return this.#shared.afterLastHead(fed);
    }
    let bytes = fed;
    if (this.#partial.length > 0) {
      this.#gather(this.#partial, fed);
      bytes = this.#partial.bytes;
    }
    for (;;) {
      const end = headEnd(bytes, this.#searchFrom);
      if (this.#headBytes + (end === -1 ? bytes.length : end) > MAX_HEAD_BYTES)
        throw new ResponseError("headers-too-large", "the head is too long");
      if (end === -1) {
        this.#keepPartial(bytes);
        return undefined;
      }
      this.#searchFrom = 0;
      const head = readHead(bytes, end, this.#isHead);
      if (head.status === 101) throw new ResponseError("invalid-http", "nobody asked to switch protocols");
      if (head.status >= 200) {
        this.#keepHead(bytes, end, head);
        this.#take(head, end);
        return this.#rest(bytes, end);
      }
      this.#headBytes += end;
      bytes = this.#rest(bytes, end);
    }
  }

  /** The bytes after a head. A copy if the head was gathered, because that memory is reused for the next bytes. */
  #rest(bytes: Buffer, end: number): Buffer {
    if (this.#partial.length === 0) return bytes.subarray(end);
    const rest = Buffer.from(bytes.subarray(end));
    this.#partial.clear();
    return rest;
  }

  /** Keeps an incomplete head, unless it is already invalid. */
  #keepPartial(bytes: Buffer): void {
    const begin = Math.min(PROTOCOL.length, bytes.length);
    if (bytes.compare(PROTOCOL, 0, begin, 0, begin) !== 0)
      throw new ResponseError("invalid-http", "this is not HTTP/1.1");
    if (this.#partial.length === 0) this.#gather(this.#partial, bytes);
    // The last line break may be the first of the two that end a head.
    this.#searchFrom = Math.max(0, bytes.length - 2);
  }

  /** Whether the bytes begin with the last head. */
  #isLastHead(bytes: Buffer): boolean {
    const last = this.#shared.lastBytes;
    const { length } = last;
    if (length === 0 || this.#isHead || bytes.length < length) return false;
    return bytes.compare(last, 0, length, 0, length) === 0;
  }

  #keepHead(bytes: Buffer, length: number, head: Head): void {
    if (this.#isHead) return;
    this.#shared.lastBytes = Buffer.from(bytes.subarray(0, length));
    this.#shared.lastHead = head;
  }

  /** Applies the final head. */
  #take(head: Head, length: number): void {
    this.#head = head;
    this.#headBytes += length;
    this.reusable = head.reusable;
    if (head.framing === "chunked") this.#chunks = new ChunkLines();
    if (head.framing !== "length") return;
    this.#left = head.length;
    if (head.length > this.#shared.maxBodyBytes) this.#tooLong();
  }

  /** Takes bytes of a body without chunks; once it is complete, returns how many bytes it used. */
  #feedPlain(bytes: Buffer): number | undefined {
    if (this.#head.framing === "until-close") {
      this.#append(bytes);
      return undefined;
    }
    const used = Math.min(bytes.length, this.#left);
    this.#append(used === bytes.length ? bytes : bytes.subarray(0, used));
    this.#left -= used;
    return this.#left === 0 ? used : undefined;
  }

  /** Takes bytes of a chunked body; once it is complete, returns how many bytes it used. */
  #feedChunked(bytes: Buffer): number | undefined {
    const chunks = this.#chunks as ChunkLines;
    let at = 0;
    while (at < bytes.length) {
      if (this.#left > 0) {
        const end = Math.min(bytes.length, at + this.#left);
        this.#append(bytes.subarray(at, end));
        this.#left -= end - at;
        at = end;
        continue;
      }
      at = chunks.feed(bytes, at);
      if (chunks.isEnded) return at;
      this.#left = chunks.takeSize();
      if (this.#bodyBytes + this.#left > this.#shared.maxBodyBytes) this.#tooLong();
    }
    return undefined;
  }

  get #bodyBytes(): number {
    return this.#gathered.length + this.#piece.length;
  }

  /** Appends to the body. */
  #append(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.#bodyBytes + bytes.length > this.#shared.maxBodyBytes) this.#tooLong();
    this.#gatherPiece();
    this.#piece = bytes;
  }

  #gatherPiece(): void {
    if (this.#piece.length === 0) return;
    this.#gather(this.#gathered, this.#piece);
    this.#piece = NO_BYTES;
  }

  #gather(into: Gathered, bytes: Buffer): void {
    if (!into.append(bytes)) throw new ResponseError("response-memory", "no memory is left for responses in part");
  }

  #tooLong(): never {
    const message = `the body is longer than ${this.#shared.maxBodyBytes} bytes`;
    throw new ResponseError("body-too-large", message);
  }
}
