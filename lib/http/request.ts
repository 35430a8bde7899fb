import { batchId, ID_DIGITS, type IdPlace } from "../answers/ids.ts";

/** What opens a WebSocket: the HTTP request that is sent once, before all calls. */
export interface Handshake {
  /** Tells it from all others of a worker, by its chain, its URL and its headers. */
  key: string;
  /** The chain that the socket serves: two chains share no socket, for their calls may have the same ids. */
  chain: string;
  /** `ws://` or `wss://`, host and port. */
  origin: string;
  /** Path and query, as they are sent. */
  path: string;
  headers: readonly (readonly [name: string, value: string])[];
}

/** A request as connections send it: ready, so that sending it allocates little. Its texts hold bytes as latin1. */
export interface WireRequest {
  /** Where it goes; requests of the same origin share their connections. */
  origin: string;
  /** What opens its WebSocket; undefined where it goes over HTTP. */
  handshake?: Handshake;
  path: string;
  method: string;
  /** Names and values in turn, for HTTP/2. */
  headers: readonly string[];
  body: Buffer | null;
  /** Bytes of the body. */
  bytes: number;
  /** The whole request as HTTP/1.1 sends it. */
  http1: Buffer;
  /** Whether it asks for its connection to be closed after it. */
  closes: boolean;
  /** Calls of its batch; 1 otherwise. */
  parts: number;
  /** Where ids are to be written for each request; most requests have none. */
  ids: IdPlaces;
}

/** Where ids stand, by what they are written into. */
export interface IdPlaces {
  http1: readonly IdPlace[];
  body: readonly IdPlace[];
  path: readonly IdPlace[];
  /** By the value's place in `headers`. */
  headers: readonly { index: number; ids: readonly IdPlace[] }[];
}

/** Writes the n-th request's ids over their places in a copy of its bytes. */
export function writeIds(copy: Buffer, ids: readonly IdPlace[], n: number, parts: number): void {
  for (const { at, part } of ids) {
    let rest = batchId(n, part, parts);
    for (let index = at + ID_DIGITS - 1; index >= at; index--) {
      copy[index] = 0x30 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
  }
}

/** The n-th request's path, headers and body with its ids in them, for HTTP/2. */
export function numbered(request: WireRequest, n: number): Pick<WireRequest, "path" | "headers" | "body"> {
  const { ids, parts } = request;
  if (ids.http1.length === 0) return request;
  const headers = [...request.headers];
  for (const { index, ids: own } of ids.headers) headers[index] = withIds(headers[index] as string, own, n, parts);
  const body = request.body && ids.body.length > 0 ? Buffer.from(request.body) : request.body;
  if (body) writeIds(body, ids.body, n, parts);
  return { path: withIds(request.path, ids.path, n, parts), headers, body };
}

function withIds(text: string, ids: readonly IdPlace[], n: number, parts: number): string {
  let own = text;
  for (const { at, part } of ids) own = own.slice(0, at) + batchId(n, part, parts) + own.slice(at + ID_DIGITS);
  return own;
}
