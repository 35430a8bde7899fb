import type { Exchange } from "./connection.ts";
import { Gathered, type ResponseMemory } from "./gathered.ts";
import { breach } from "./h2/http2Error.ts";
import type { ResponseHead } from "./h2/responseHead.ts";
import { type HeaderSource, Http2Headers, type ResponseHeaders } from "./headers.ts";

/** Maximum interim responses before the final one. */
const MAX_INTERIM = 100;

const NO_BYTES = Buffer.alloc(0);

/** The body of a request that waits for the server's windows, and where its rest begins. */
interface Unsent {
  bytes: Buffer;
  at: number;
}

/** One request on an HTTP/2 connection: what has arrived of its response, and what is still to be sent. */
export class Http2Stream implements HeaderSource {
  readonly id: number;
  readonly exchange: Exchange;
  /** How many bytes of its body the server takes: less than none if it has made its windows smaller. */
  sendWindow: number;
  unsent: Unsent | undefined;
  /** Bytes received since the last WINDOW_UPDATE. */
  unacknowledged = 0;
  #head: ResponseHead | undefined;
  #interim = 0;
  /** The body's length as the head states it; -1 if it does not. */
  #length = -1;
  #received = 0;
  /** The last piece of the body, within the bytes being read; the whole body if nothing is gathered. */
  #piece: Buffer = NO_BYTES;
  #gathered: Gathered | undefined;

  constructor(id: number, exchange: Exchange, sendWindow: number) {
    this.id = id;
    this.exchange = exchange;
    this.sendWindow = sendWindow;
  }

  /** The response's status; 0 until its final head has arrived. */
  get status(): number {
    return this.#head?.status ?? 0;
  }

  get headers(): ResponseHeaders {
    return new Http2Headers(this.#head?.fields ?? []);
  }

  /** Takes an interim response's head; false if there are too many. */
  takeInterim(): boolean {
    return ++this.#interim <= MAX_INTERIM;
  }

  /** Takes the final head. */
  takeHead(head: ResponseHead): void {
    this.#head = head;
    const { status } = head;
    const isEmpty = this.exchange.request.method === "HEAD" || status === 204 || status === 304;
    this.#length = isEmpty ? 0 : head.length;
    this.exchange.began();
  }

  /** Bytes of the body so far. */
  get received(): number {
    return this.#received;
  }

  /** Takes a piece of the body. Throws an Http2Error if it must not come. */
  takePiece(bytes: Buffer, from: number, to: number, memory: ResponseMemory): boolean {
    if (!this.#head) breach("a body before its head");
    this.#received += to - from;
    if (this.#length !== -1 && this.#received > this.#length) breach("a body longer than its Content-Length");
    const isKept = this.keepPiece(memory);
    this.#piece = bytes.subarray(from, to);
    return isKept;
  }

  /** Keeps the last piece beyond the bytes being read; false if there is no memory for it. */
  keepPiece(memory: ResponseMemory): boolean {
    const piece = this.#piece;
    if (piece.length === 0) return true;
    this.#piece = NO_BYTES;
    this.#gathered ??= new Gathered(memory);
    return this.#gathered.append(piece);
  }

  /** Whether the response may end here: it has a head, and as much of a body as that says. */
  get isWhole(): boolean {
    return this.#head !== undefined && (this.#length === -1 || this.#received === this.#length);
  }

  /** Makes the body ready, in one piece; false if there is no memory for it. */
  completeBody(memory: ResponseMemory): boolean {
    return this.#gathered === undefined || this.keepPiece(memory);
  }

  /** Gives the exchange the response. */
  respond(): void {
    const { status = 0, codings = "" } = this.#head ?? {};
    this.exchange.responded(status, this.#gathered?.bytes ?? this.#piece, codings, this);
    this.release();
  }

  /** Releases the memory of its body. */
  release(): void {
    this.#gathered?.clear();
    this.#piece = NO_BYTES;
    this.unsent = undefined;
  }
}
