import { HTTP2_ERRORS } from "../../answers/classes.ts";
import type { Http2Stream } from "../http2Stream.ts";
import type { Reading } from "../response.ts";
import { CODE, FLAG, FRAME, type FrameHead, frameOf } from "./frames.ts";
import { unpadded } from "./headerBlock.ts";
import { HpackDecoder } from "./hpackDecoder.ts";
import { CONNECTION_WINDOW_BYTES, MAX_HEAD_BYTES, STREAM_WINDOW_BYTES } from "./opening.ts";
import type { Outgoing } from "./outgoing.ts";
import { areWellFormed, type LastHead, type ResponseHead, readResponseHead } from "./responseHead.ts";

/** What the sessions of an origin share for their responses. */
export interface SessionReading extends Pick<Reading, "maxBodyBytes" | "memory"> {
  lastHead: LastHead;
}

/** What a session does for the responses on it. */
interface StreamOwner {
  /** Frees a stream's place. */
  end(stream: Http2Stream): void;
}

/** A header block's stream, if that has not ended, and whether the block ends it. */
interface BlockPlace {
  stream: Http2Stream | undefined;
  isEnd: boolean;
}

/** Puts the responses of a connection together from what its frames carry. */
export class Responses {
  readonly #out: Outgoing;
  readonly #reading: SessionReading;
  readonly #owner: StreamOwner;
  readonly #decoder = new HpackDecoder();
  /** Bytes received on the connection since the last WINDOW_UPDATE. */
  #unacknowledged = 0;
  /** The stream whose last piece of a body is still within the bytes being read. */
  #loose: Http2Stream | undefined;

  constructor(out: Outgoing, reading: SessionReading, owner: StreamOwner) {
    this.#out = out;
    this.#reading = reading;
    this.#owner = owner;
  }

  /** The server has acknowledged the size of the table that this side allows. */
  limitTable(bytes: number): void {
    this.#decoder.limitTable(bytes);
  }

  /** Takes a whole header block. It is decoded even if its stream has ended: later blocks depend on it. */
  takeBlock({ stream, isEnd }: BlockPlace, bytes: Buffer, range: readonly [from: number, to: number]): void {
    const last = stream?.status === 0 ? this.#reading.lastHead.of(bytes, range, this.#decoder) : undefined;
    if (stream && last) {
      this.#takeHead(stream, last, isEnd);
      return;
    }
    const fields = this.#decoder.decode(bytes, range, MAX_HEAD_BYTES);
    if (!stream) return;
    if (!fields) this.refuse(stream, CODE.cancel, "headers-too-large");
    else if (stream.status !== 0) {
      if (isEnd && areWellFormed(fields)) this.#respond(stream);
      else this.refuse(stream, CODE.protocol);
    } else {
      const head = readResponseHead(fields);
      if (!head) this.refuse(stream, CODE.protocol);
      else {
        if (head.status >= 200) this.#reading.lastHead.keep(bytes.subarray(...range), head, this.#decoder);
        this.#takeHead(stream, head, isEnd);
      }
    }
  }

  #takeHead(stream: Http2Stream, head: ResponseHead, isEnd: boolean): void {
    if (head.status < 200) {
      if (isEnd) this.refuse(stream, CODE.protocol);
      else if (!stream.takeInterim()) this.refuse(stream, CODE.cancel, "headers-too-large");
      return;
    }
    stream.takeHead(head);
    if (isEnd) this.#respond(stream);
  }

  /** Takes a DATA frame; of a stream that has ended, only the connection's window counts it. */
  takeData(stream: Http2Stream | undefined, head: FrameHead, bytes: Buffer, at: number): void {
    const [from, to] = unpadded(head, bytes, at);
    const isEnd = (head.flags & FLAG.endStream) !== 0;
    this.#unacknowledged += head.length;
    if (this.#unacknowledged > CONNECTION_WINDOW_BYTES / 2) {
      this.#out.send(frameOf(FRAME.windowUpdate, 0, [this.#unacknowledged]));
      this.#unacknowledged = 0;
    }
    if (!stream) return;
    if (this.#loose !== stream) this.keepLoose();
    const isKept = stream.takePiece(bytes, from, to, this.#reading.memory);
    if (stream.received > this.#reading.maxBodyBytes) this.refuse(stream, CODE.cancel, "body-too-large");
    else if (!isKept) this.refuse(stream, CODE.cancel, "response-memory");
    else if (isEnd) this.#respond(stream);
    else {
      this.#loose = stream;
      this.#acknowledge(stream, head.length);
    }
  }

  #acknowledge(stream: Http2Stream, bytes: number): void {
    stream.unacknowledged += bytes;
    if (stream.unacknowledged <= STREAM_WINDOW_BYTES / 2) return;
    this.#out.send(frameOf(FRAME.windowUpdate, stream.id, [stream.unacknowledged]));
    stream.unacknowledged = 0;
  }

  /** Keeps the piece that is still within the bytes being read. */
  keepLoose(): void {
    const stream = this.#loose;
    this.#loose = undefined;
    if (stream && !stream.keepPiece(this.#reading.memory)) this.refuse(stream, CODE.cancel, "response-memory");
  }

  #respond(stream: Http2Stream): void {
    if (!stream.isWhole) {
      this.refuse(stream, CODE.protocol);
      return;
    }
    if (!stream.completeBody(this.#reading.memory)) {
      this.refuse(stream, CODE.cancel, "response-memory");
      return;
    }
    // The server does not need the rest of a request that it has answered.
    if (stream.unsent) this.#out.send(frameOf(FRAME.reset, stream.id, [CODE.cancel]));
    this.#end(stream);
    stream.respond();
  }

  /** Resets a stream, whose request fails: as if the server had reset it, unless there is another class. */
  refuse(stream: Http2Stream, code: number, failure = resetClass(code)): void {
    this.cancel(stream, code);
    stream.exchange.failed(failure);
  }

  /** Resets a stream without a call of its exchange. */
  cancel(stream: Http2Stream, code: number): void {
    this.#out.send(frameOf(FRAME.reset, stream.id, [code]));
    stream.release();
    this.#end(stream);
  }

  #end(stream: Http2Stream): void {
    if (this.#loose === stream) this.#loose = undefined;
    this.#owner.end(stream);
  }
}

/** The class of a request whose stream was reset with a code. */
export function resetClass(code: number): string {
  return `http2-stream-${errorName(code)}`;
}

/**
 * An error code's name; codes that HTTP/2 does not define share one, so that a server cannot create unlimited classes.
 */
export function errorName(code: number): string {
  return HTTP2_ERRORS[code] ?? "unknown-code";
}
