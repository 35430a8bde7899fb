import { type Duplex, pipeline, type Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { type Dispatcher, request } from "undici";
import { ForbiddenHostError } from "../http/lookup.ts";

/** Why a page could not be fetched. */
export type FetchFailure = "refused" | "unreachable" | "timeout" | "status" | "too large" | "unreadable";

/** A page that could not be fetched: the kind of failure, and what was found. */
export class FetchError extends Error {
  override readonly name = "FetchError";
  readonly failure: FetchFailure;

  constructor(failure: FetchFailure, detail: string) {
    super(detail);
    this.failure = failure;
  }
}

/** Options for fetching a page. */
export interface FetchOptions {
  /** The dispatcher for connections. */
  dispatcher: Dispatcher;
  headers: Record<string, string>;
  /** Timeout for the whole fetch, in ms. */
  timeoutMs: number;
  /** Maximum bytes after decompression. */
  mostBytes: number;
}

/** Fetches a text page within a time and size limit, whatever the server does. Rejects with a FetchError. */
export async function fetchText(url: string, options: FetchOptions): Promise<{ text: string; contentType: string }> {
  const signal = AbortSignal.timeout(options.timeoutMs);
  try {
    const { statusCode, headers, body } = await request(url, {
      dispatcher: options.dispatcher,
      headers: options.headers,
      signal,
    });
    // Later errors of an abandoned body do not matter.
    body.on("error", () => {});
    if (statusCode !== 200) {
      body.destroy();
      throw new FetchError("status", `HTTP ${statusCode}`);
    }
    const text = await readBody(body, String(headers["content-encoding"] ?? "identity"), options.mostBytes);
    return { text, contentType: String(headers["content-type"] ?? "") };
  } catch (error) {
    throw asFetchError(error, signal, options.timeoutMs);
  }
}

const DECODERS: Record<string, () => Duplex> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

async function readBody(body: Readable, encoding: string, mostBytes: number): Promise<string> {
  const decoder = DECODERS[encoding.toLowerCase()];
  if (!decoder && encoding.toLowerCase() !== "identity") {
    body.destroy();
    throw new FetchError("unreadable", `Content-Encoding ${encoding}`);
  }
  // The reader gets pipeline errors from the decoder.
  const plain = decoder ? pipeline(body, decoder(), () => {}) : body;
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of plain as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > mostBytes) throw new FetchError("too large", `more than ${mostBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

function asFetchError(error: unknown, signal: AbortSignal, timeoutMs: number): FetchError {
  if (error instanceof FetchError) return error;
  if (error instanceof ForbiddenHostError) return new FetchError("refused", error.message);
  if (signal.aborted) return new FetchError("timeout", `no whole answer within ${timeoutMs / 1_000} s`);
  const { code, message, name } = error as NodeJS.ErrnoException;
  if (code?.startsWith("Z_") || code?.startsWith("ERR_")) return new FetchError("unreadable", message || code);
  return new FetchError("unreachable", message || code || name);
}
