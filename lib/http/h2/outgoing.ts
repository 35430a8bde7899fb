import type { Socket } from "node:net";
import { CODE, FLAG, FRAME_HEAD_BYTES, type FrameHead, writeFrameHead } from "./frames.ts";
import { Http2Error } from "./http2Error.ts";

/** Bytes allocated at once for frames. */
const BLOCK_BYTES = 64 * 1024;

/** The most acknowledgements that wait for the socket: as many as nghttp2 allows. */
const MAX_ACKS = 1_000;

/**
 * The frames that a connection sends. Those of one turn of the event loop are one write: it costs more than a frame
 * does.
 */
export class Outgoing {
  readonly #socket: Socket;
  #block: Buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  /** The bytes of the block from `#from` to `#to` wait for the turn's end; those before may still be being sent. */
  #from = 0;
  #to = 0;
  #isDue = false;
  #acks = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** The buffer in which the last reserved bytes are. */
  get bytes(): Buffer {
    return this.#block;
  }

  /** Reserves room for the next bytes, which the caller writes at once; returns where in `bytes` they begin. */
  reserve(length: number): number {
    // Nothing waits, and nothing is being sent.
    if (this.#from === this.#to && this.#socket.writableLength === 0) {
      this.#from = 0;
      this.#to = 0;
    }
    if (this.#block.length - this.#to < length) {
      this.flush();
      this.#block = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, length));
      this.#from = 0;
      this.#to = 0;
    }
    const at = this.#to;
    this.#to += length;
    if (!this.#isDue) {
      this.#isDue = true;
      process.nextTick(() => {
        this.#isDue = false;
        this.flush();
      });
    }
    return at;
  }

  /** Sends a copy of bytes. */
  send(bytes: Buffer): void {
    const at = this.reserve(bytes.length);
    bytes.copy(this.#block, at);
  }

  /** Sends a frame. */
  frame(head: FrameHead, payload: Buffer, from = 0): void {
    const at = this.reserve(FRAME_HEAD_BYTES + head.length);
    writeFrameHead(this.#block, at, head);
    payload.copy(this.#block, at + FRAME_HEAD_BYTES, from, from + head.length);
  }

  /** Acknowledges a SETTINGS or PING. Throws an Http2Error if the server asks for more of it than it takes. */
  acknowledge(type: number, payload: Buffer): void {
    if (++this.#acks > MAX_ACKS)
      throw new Http2Error(CODE.enhanceYourCalm, "the server does not take what it asks for", "http2-flooded");
    this.frame({ type, flags: FLAG.ack, stream: 0, length: payload.length }, payload);
  }

  /** Gives the socket what waits. */
  flush(): void {
    if (this.#from === this.#to) return;
    if (this.#socket.writableLength === 0) this.#acks = 0;
    if (this.#socket.writable) this.#socket.write(this.#block.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }
}
