import { type ClientHttp2Stream, constants } from "node:http2";
import type { Exchange } from "./connection.ts";
import { Gathered } from "./gathered.ts";
import { codingsOf } from "./head.ts";
import { type HeaderSource, Http2Headers, type ResponseHeaders } from "./headers.ts";
import type { Reading } from "./response.ts";

/** Maximum interim responses before the final one. */
const MAX_INTERIM = 100;

/** What a stream's connection does for it. */
export interface StreamOwner {
  /** Frees the stream's place on the connection; false if that was done before. */
  ended(exchange: Exchange): boolean;
  /** The class of a stream that ended without a response. */
  failureOf(stream: Http2Request): string;
}

/** One request on an HTTP/2 connection. */
export class Http2Request implements HeaderSource {
  readonly stream: ClientHttp2Stream;
  readonly #exchange: Exchange;
  readonly #owner: StreamOwner;
  readonly #maxBodyBytes: number;
  /** The first piece of the body; `#gathered` holds all pieces once there are several. */
  #piece: Buffer | undefined;
  readonly #gathered: Gathered;
  #codings = "";
  #headers: Readonly<Record<string, unknown>> = {};
  #interim = 0;
  status = 0;
  /** The error that the stream reported. */
  error: unknown;

  constructor(stream: ClientHttp2Stream, exchange: Exchange, owner: StreamOwner, reading: Reading) {
    this.stream = stream;
    this.#exchange = exchange;
    this.#owner = owner;
    this.#maxBodyBytes = reading.maxBodyBytes;
    this.#gathered = new Gathered(reading.memory);
    stream.on("response", (headers) => {
      this.#headers = headers;
      this.status = headers[":status"] ?? 0;
      const coding = headers["content-encoding"];
      if (coding !== undefined) this.#codings = codingsOf(coding.toLowerCase()).join();
      exchange.began();
    });
    stream.on("headers", () => {
      if (++this.#interim > MAX_INTERIM) this.#refuse("headers-too-large");
    });
    stream.on("data", (piece: Buffer) => this.#data(piece));
    this.#onEndOfStream(() => this.#responded());
    stream.on("error", (error) => {
      this.error = error;
    });
    // Every error is followed by the stream's close event, which has the code.
    stream.on("close", () => this.fail());
  }

  get headers(): ResponseHeaders {
    return new Http2Headers(this.#headers);
  }

  /**
   * Calls back at the end of a response that the server ended (END_STREAM). Node ends a stream that was reset with
   * NO_ERROR in the same way, even within its body, but only after it is closed.
   */
  #onEndOfStream(ended: () => void): void {
    const { stream } = this;
    const push = stream.push;
    let isWhole = false;
    stream.push = (chunk: unknown, ...rest: []) => {
      if (chunk === null && !stream.closed) isWhole = true;
      return push.call(stream, chunk, ...rest);
    };
    stream.on("end", () => {
      if (isWhole && this.status !== 0 && !stream.rstCode && !stream.aborted) ended();
    });
  }

  #data(piece: Buffer): void {
    const before = this.#gathered.length + (this.#piece?.length ?? 0);
    if (before + piece.length > this.#maxBodyBytes) this.#refuse("body-too-large");
    else if (before === 0) this.#piece = piece;
    else if (!this.#gather(piece)) this.#refuse("response-memory");
  }

  #gather(piece: Buffer): boolean {
    if (this.#piece && !this.#gathered.append(this.#piece)) return false;
    this.#piece = undefined;
    return this.#gathered.append(piece);
  }

  #responded(): void {
    if (!this.#owner.ended(this.#exchange)) return;
    this.#exchange.responded(this.status, this.#piece ?? this.#gathered.bytes, this.#codings, this);
    this.#gathered.clear();
  }

  #refuse(failure: string): void {
    this.fail(failure);
    this.stream.close(constants.NGHTTP2_CANCEL);
  }

  /** Ends it without a response, unless it has already ended. */
  fail(failure = this.#owner.failureOf(this)): void {
    if (!this.#owner.ended(this.#exchange)) return;
    this.#gathered.clear();
    this.#exchange.failed(failure);
  }

  /** Ends it without notifying its exchange. */
  cancel(): void {
    if (!this.#owner.ended(this.#exchange)) return;
    this.#gathered.clear();
    this.stream.close(constants.NGHTTP2_CANCEL);
  }
}
