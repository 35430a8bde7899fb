import { MAX_BODY_BYTES } from "../plan/schema.ts";

/** Most bytes of a response's head: what servers and proxies allow themselves. */
const MAX_HEAD_BYTES = 64 * 1024;

/** Most bytes of a chunk's size line, extensions included, and of each trailer line. */
const MAX_LINE_BYTES = 4 * 1024;

const END_OF_HEAD = Buffer.from("\r\n\r\n");
const NO_BYTES = Buffer.alloc(0);

/** A response that breaks HTTP/1.1 or a limit. Its code is the class of the failure. */
export class ResponseError extends Error {
  override readonly name = "ResponseError";
  readonly code: "INVALID_HTTP" | "UND_ERR_HEADERS_OVERFLOW" | "UND_ERR_RES_EXCEEDED_MAX_SIZE";

  constructor(code: ResponseError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** How the end of a body is told (RFC 9112, section 6.3). */
type Framing = "head" | "length" | "chunked" | "until-close";

/**
 * The head that came last from an origin, and what it said. A gateway's heads are the same to the byte until its clock's
 * second changes, and one that is need not be read again. Only heads of bodies with a known length are kept.
 */
export class LastHead {
  bytes: Buffer = NO_BYTES;
  status = 0;
  reusable = true;
  length = 0;
}

/**
 * Reads HTTP/1.1 responses (RFC 9112), one after another, from the bytes of a connection. Made for responses that come
 * in one piece: these are read without a copy.
 */
export class ResponseParser {
  status = 0;
  /** Whether the connection can carry another request after this response. */
  reusable = true;
  /** Bytes of the body so far. */
  bodyBytes = 0;
  #framing: Framing = "head";
  #isHead = false;
  /** Bytes of the body that are still to come: of all of it, or of the present chunk. */
  #left = 0;
  /** A chunk's data has been read and the line break after it has not; or the trailers are being read. */
  #chunkPart: "size" | "data" | "break" | "trailers" = "size";
  /** What has come of a head or line that is not whole yet. */
  #carried: Buffer = NO_BYTES;
  #body: Buffer = NO_BYTES;
  #pieces: Buffer[] | undefined;
  readonly #last: LastHead;

  /** `last` is shared by the connections of an origin. */
  constructor(last = new LastHead()) {
    this.#last = last;
  }

  /** Begins the next response; one to a HEAD request has no body whatever its head says. */
  begin(isHead: boolean): void {
    this.status = 0;
    this.reusable = true;
    this.bodyBytes = 0;
    this.#framing = "head";
    this.#isHead = isHead;
    this.#left = 0;
    this.#chunkPart = "size";
    this.#carried = NO_BYTES;
    this.#body = NO_BYTES;
    this.#pieces = undefined;
  }

  /** Whether anything of the response has come. */
  get hasBegun(): boolean {
    return this.status !== 0 || this.#carried.length > 0;
  }

  /** The body. It may share memory with the bytes fed last, and then holds only until the caller reads again. */
  get body(): Buffer {
    return this.#pieces ? Buffer.concat(this.#pieces) : this.#body;
  }

  /** Takes the next bytes; true when the response is whole. Throws a ResponseError. */
  feed(fed: Buffer): boolean {
    let bytes = fed;
    if (this.#carried.length > 0) {
      bytes = Buffer.concat([this.#carried, fed]);
      this.#carried = NO_BYTES;
    }
    if (this.#framing === "head" && this.#isLastHead(bytes)) bytes = bytes.subarray(this.#last.bytes.length);
    while (this.#framing === "head") {
      const end = bytes.indexOf(END_OF_HEAD);
      if (end === -1) return this.#carryHead(bytes);
      this.#readHead(bytes.toString("latin1", 0, end + 2));
      this.#keepHead(bytes, end + END_OF_HEAD.length);
      bytes = bytes.subarray(end + END_OF_HEAD.length);
    }
    if (this.#framing === "chunked") return this.#feedChunked(bytes);
    if (this.#framing === "until-close") {
      this.#append(bytes, false);
      return false;
    }
    if (bytes.length > this.#left) this.reusable = false;
    const part = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
    this.#left -= part.length;
    this.#append(part, this.#left === 0);
    return this.#left === 0;
  }

  /** The connection has closed: true if that makes the response whole. */
  close(): boolean {
    return this.#framing === "until-close";
  }

  /** Whether the bytes begin with the head that came last; if so takes over what it said. */
  #isLastHead(bytes: Buffer): boolean {
    const last = this.#last;
    const { length } = last.bytes;
    if (length === 0 || this.#isHead || bytes.length < length) return false;
    if (bytes.compare(last.bytes, 0, length, 0, length) !== 0) return false;
    this.status = last.status;
    this.reusable = last.reusable;
    this.#framing = "length";
    this.#left = last.length;
    return true;
  }

  #keepHead(bytes: Buffer, length: number): void {
    if (this.#framing !== "length" || this.#isHead) return;
    this.#last.bytes = Buffer.from(bytes.subarray(0, length));
    this.#last.status = this.status;
    this.#last.reusable = this.reusable;
    this.#last.length = this.#left;
  }

  #carryHead(bytes: Buffer): false {
    const begin = bytes.toString("latin1", 0, 5);
    if (begin !== "HTTP/".slice(0, begin.length)) throw new ResponseError("INVALID_HTTP", "this is not HTTP");
    if (bytes.length > MAX_HEAD_BYTES) throw new ResponseError("UND_ERR_HEADERS_OVERFLOW", "the head is too long");
    this.#carried = Buffer.from(bytes);
    return false;
  }

  #readHead(head: string): void {
    if (head.length > MAX_HEAD_BYTES) throw new ResponseError("UND_ERR_HEADERS_OVERFLOW", "the head is too long");
    const [, minor, status] = /^HTTP\/1\.([01]) ([1-9]\d\d)[ \r]/.exec(head) ?? [];
    if (status === undefined) throw new ResponseError("INVALID_HTTP", "the status line is not HTTP/1.1's");
    const code = Number(status);
    if (code === 101) throw new ResponseError("INVALID_HTTP", "nobody asked to switch protocols");
    if (code < 200) return;
    this.status = code;

    const connection = header(head, CONNECTION);
    this.reusable = minor === "1" ? !/\bclose\b/i.test(connection ?? "") : /\bkeep-alive\b/i.test(connection ?? "");
    this.#framing = "length";
    if (this.#isHead || code === 204 || code === 304) return;
    this.#readFraming(header(head, TRANSFER_ENCODING), header(head, CONTENT_LENGTH));
  }

  #readFraming(encoding: string | undefined, length: string | undefined): void {
    if (encoding !== undefined) {
      if (!/(^|,)[ \t]*chunked$/i.test(encoding)) throw new ResponseError("INVALID_HTTP", "an unknown transfer coding");
      this.#framing = "chunked";
      // Both together may be an attempt to smuggle a response: what follows is not to be trusted.
      if (length !== undefined) this.reusable = false;
    } else if (length !== undefined) {
      if (!/^\d{1,15}$/.test(length)) throw new ResponseError("INVALID_HTTP", "Content-Length is not a number");
      this.#left = Number(length);
      if (this.#left > MAX_BODY_BYTES) this.#tooLong();
    } else {
      this.#framing = "until-close";
      this.reusable = false;
    }
  }

  #feedChunked(fed: Buffer): boolean {
    let bytes = fed;
    for (;;) {
      if (this.#chunkPart === "data") {
        bytes = this.#readChunkData(bytes);
        if (this.#left > 0) return false;
      }
      const end = bytes.indexOf("\r\n");
      if (end === -1 || end > MAX_LINE_BYTES) {
        if (bytes.length > MAX_LINE_BYTES) throw new ResponseError("INVALID_HTTP", "a chunk's line is too long");
        this.#carried = Buffer.from(bytes);
        return false;
      }
      const line = bytes.toString("latin1", 0, end);
      bytes = bytes.subarray(end + 2);
      if (this.#readChunkLine(line)) {
        if (bytes.length > 0) this.reusable = false;
        return true;
      }
    }
  }

  /** Reads what there is of a chunk's data, and returns what follows it. */
  #readChunkData(bytes: Buffer): Buffer {
    const part = bytes.subarray(0, this.#left);
    this.#append(part, false);
    this.#left -= part.length;
    if (this.#left === 0) this.#chunkPart = "break";
    return bytes.subarray(part.length);
  }

  /** Reads a line between chunks; true at the last one. */
  #readChunkLine(line: string): boolean {
    if (this.#chunkPart === "trailers") return line === "";
    if (this.#chunkPart === "break") {
      if (line !== "") throw new ResponseError("INVALID_HTTP", "a chunk is longer than its size");
      this.#chunkPart = "size";
      return false;
    }
    const [, size] = /^([0-9a-f]{1,8})[ \t]*(;|$)/i.exec(line) ?? [];
    if (size === undefined) throw new ResponseError("INVALID_HTTP", "a chunk's size is not a number");
    this.#left = Number.parseInt(size, 16);
    this.#chunkPart = this.#left === 0 ? "trailers" : "data";
    return false;
  }

  /** Adds to the body; `whole` when nothing follows, so that a body in one piece need not be copied. */
  #append(bytes: Buffer, whole: boolean): void {
    if (bytes.length === 0) return;
    this.bodyBytes += bytes.length;
    if (this.bodyBytes > MAX_BODY_BYTES) this.#tooLong();
    if (whole && !this.#pieces) {
      this.#body = bytes;
      return;
    }
    this.#pieces ??= [];
    this.#pieces.push(Buffer.from(bytes));
  }

  #tooLong(): never {
    throw new ResponseError("UND_ERR_RES_EXCEEDED_MAX_SIZE", `the body is longer than ${MAX_BODY_BYTES} bytes`);
  }
}

const CONNECTION = /\r\nconnection:[ \t]*([^\r]*?)[ \t]*\r\n/i;
const CONTENT_LENGTH = /\r\ncontent-length:[ \t]*([^\r]*?)[ \t]*\r\n/i;
const TRANSFER_ENCODING = /\r\ntransfer-encoding:[ \t]*([^\r]*?)[ \t]*\r\n/i;

function header(head: string, pattern: RegExp): string | undefined {
  return pattern.exec(head)?.[1];
}
