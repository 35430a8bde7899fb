import { promisify } from "node:util";
import {
  brotliDecompress,
  brotliDecompressSync,
  constants,
  gunzip,
  gunzipSync,
  inflate,
  inflateRaw,
  inflateRawSync,
  inflateSync,
  type ZlibOptions,
  type ZstdOptions,
  zstdDecompress,
  zstdDecompressSync,
} from "node:zlib";
import { ResponseError } from "./responseError.ts";

/** Maximum bytes decoded on the sending thread, encoded and decoded: a few ms of its time. */
const SYNC_BYTES = 256 * 1024;
const SYNC_DECODED_BYTES = 1024 * 1024;

/** Maximum codings of one body: each may multiply its size by a thousand. */
const MAX_CODINGS = 4;

/** Maximum frames of one zstd body: an empty one takes 9 bytes, but time of its own. */
const MAX_FRAMES = 1_000;

interface Decoder {
  /** Undefined if it takes more than one step. */
  sync(body: Buffer, options: ZlibOptions & ZstdOptions): Buffer | undefined;
  async(body: Buffer, options: ZlibOptions & ZstdOptions): Promise<Buffer>;
}

const GZIP: Decoder = { sync: gunzipSync, async: promisify<Buffer, ZlibOptions, Buffer>(gunzip) };
const ZLIB: Decoder = { sync: inflateSync, async: promisify<Buffer, ZlibOptions, Buffer>(inflate) };
const DEFLATE: Decoder = { sync: inflateRawSync, async: promisify<Buffer, ZlibOptions, Buffer>(inflateRaw) };
const BROTLI: Decoder = {
  sync: (body, { maxOutputLength }) => brotliDecompressSync(body, { maxOutputLength }),
  async: (body, { maxOutputLength }) => promisify(brotliDecompress)(body, { maxOutputLength }),
};

/** RFC 9659: a client need not support a window of more than 8 MB. */
const FRAME = { params: { [constants.ZSTD_d_windowLogMax]: 23 }, info: true };
const ZSTD: Decoder = {
  sync(body, options) {
    const { buffer, engine } = zstdDecompressSync(body, { ...options, ...FRAME }) as unknown as Frame;
    return engine.bytesWritten === body.length ? buffer : undefined;
  },
  /** Node's stops after one frame. A body may have several, and some without content (RFC 8878, section 3.1). */
  async async(body, { maxOutputLength = 0, ...options }) {
    const pieces: Buffer[] = [];
    let left = maxOutputLength;
    for (let rest = body; rest.length > 0; ) {
      if (pieces.length === MAX_FRAMES) throw new Error(`more than ${MAX_FRAMES} frames`);
      const frame = promisify(zstdDecompress)(rest, { ...options, ...FRAME, maxOutputLength });
      const { buffer, engine } = (await frame) as unknown as Frame;
      left -= buffer.length;
      if (left < 0) throw Object.assign(new RangeError(), { code: TOO_LONG });
      pieces.push(buffer);
      rest = rest.subarray(engine.bytesWritten);
    }
    return Buffer.concat(pieces);
  },
};

/** What Node returns of one frame, with how many bytes it took. */
interface Frame {
  buffer: Buffer;
  engine: { bytesWritten: number };
}

function decoderOf(coding: string, body: Buffer): Decoder {
  switch (coding) {
    case "gzip":
    case "x-gzip":
      return GZIP;
    case "deflate":
      return hasZlibHeader(body) ? ZLIB : DEFLATE;
    case "br":
      return BROTLI;
    case "zstd":
      return ZSTD;
    default:
      throw new ResponseError("invalid-encoding", `there is no coding ${coding}`);
  }
}

/**
 * "deflate" is the zlib format (RFC 9110, section 8.4.1.2), but some servers send raw deflate. RFC 1950, section 2.2.
 */
function hasZlibHeader(body: Buffer): boolean {
  const [method = 0, flags = 0] = body;
  return (method & 0x0f) === 8 && (method * 256 + flags) % 31 === 0;
}

/** The codings in decoding order: the one applied last comes first. */
function inTurn(codings: string): string[] {
  const list = codings.split(",");
  if (list.length > MAX_CODINGS) throw new ResponseError("invalid-encoding", "there are too many codings");
  return list.reverse();
}

/**
 * Decodes a body synchronously; undefined if that could take longer than a few ms. `codings` lists the content codings,
 * first to last; `mostBytes` is the maximum size of the decoded body. Throws a ResponseError, of the class
 * invalid-encoding, or body-too-large if the body is too long.
 */
export function decodeAtOnce(body: Buffer, codings: string, mostBytes: number): Buffer | undefined {
  let decoded = body;
  for (const coding of inTurn(codings)) {
    if (decoded.length > SYNC_BYTES) return undefined;
    const decoder = decoderOf(coding, decoded);
    try {
      const next = decoder.sync(decoded, { maxOutputLength: Math.min(mostBytes, SYNC_DECODED_BYTES) });
      if (next === undefined) return undefined;
      decoded = next;
    } catch (error) {
      if (isTooLong(error) && mostBytes > SYNC_DECODED_BYTES) return undefined;
      throw failure(error, mostBytes);
    }
  }
  return decoded;
}

/** Decodes a body in Node's thread pool. Rejects with the errors that `decodeAtOnce` throws. */
export async function decodeApart(body: Buffer, codings: string, mostBytes: number): Promise<Buffer> {
  let decoded = body;
  for (const coding of inTurn(codings)) {
    const decoder = decoderOf(coding, decoded);
    try {
      decoded = await decoder.async(decoded, { maxOutputLength: mostBytes });
    } catch (error) {
      throw failure(error, mostBytes);
    }
  }
  return decoded;
}

/** Node's code of the error for a body that would be longer than it may. */
const TOO_LONG = "ERR_BUFFER_TOO_LARGE";

function isTooLong(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === TOO_LONG;
}

function failure(error: unknown, mostBytes: number): ResponseError {
  if (isTooLong(error))
    return new ResponseError("body-too-large", `the decoded body is longer than ${mostBytes} bytes`);
  return new ResponseError("invalid-encoding", `the body cannot be decoded: ${String(error)}`);
}
