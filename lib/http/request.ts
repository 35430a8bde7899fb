import { batchId, ID_DIGITS, type IdPlace } from "../answers/ids.ts";

/** The HTTP request that opens a WebSocket, sent once before all calls. */
export interface Handshake {
  /** Unique within a worker: made of its chain, URL and headers. */
  key: string;
  /** The chain that the socket serves: two chains never share a socket, because their calls may have the same ids. */
  chain: string;
  /** `ws://` or `wss://`, host and port. */
  origin: string;
  /** Path and query, as they are sent. */
  path: string;
  headers: readonly (readonly [name: string, value: string])[];
}

/**
 * A request as connections send it, ready-made so that sending it allocates little. Its strings hold bytes as latin1.
 */
export interface WireRequest {
  /** Its destination; requests with the same origin share connections. */
  origin: string;
  /** The handshake of its WebSocket; undefined if it is sent over HTTP. */
  handshake?: Handshake;
  path: string;
  method: string;
  /** Alternating names and values, for HTTP/2. */
  headers: readonly string[];
  body: Buffer | null;
  /** Length of the body in bytes. */
  bytes: number;
  /** The whole request as sent over HTTP/1.1. */
  http1: Buffer;
  /** Whether it asks to close the connection afterwards. */
  closes: boolean;
  /** Number of calls in its batch; 1 if it is not a batch. */
  parts: number;
  /** Where ids are written for each request; most requests have none. */
  ids: IdPlaces;
}

/** The positions of ids, by the part that contains them. */
export interface IdPlaces {
  http1: readonly IdPlace[];
  body: readonly IdPlace[];
  path: readonly IdPlace[];
  /** By the value's index in `headers`. */
  headers: readonly { index: number; ids: readonly IdPlace[] }[];
}

/** Writes the n-th request's ids into a copy of its bytes. */
export function writeIds(copy: Buffer, ids: readonly IdPlace[], n: number, parts: number): void {
  for (const { at, part } of ids) {
    let rest = batchId(n, part, parts);
    for (let index = at + ID_DIGITS - 1; index >= at; index--) {
      copy[index] = 0x30 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
  }
}

/** The n-th request's body with its ids. */
export function numberedBody({ body, ids, parts }: WireRequest, n: number): Buffer | null {
  if (!body || ids.body.length === 0) return body;
  const copy = Buffer.from(body);
  writeIds(copy, ids.body, n, parts);
  return copy;
}
