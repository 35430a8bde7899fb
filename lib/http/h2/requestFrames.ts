import type { Http2Stream } from "../http2Stream.ts";
import { numberedBody, writeIds } from "../request.ts";
import {
  CODE,
  FIRST_WINDOW,
  FLAG,
  FRAME,
  FRAME_HEAD_BYTES,
  MAX_PAYLOAD,
  MAX_WINDOW,
  writeFrameHead,
  writeUint32,
} from "./frames.ts";
import { breach, Http2Error } from "./http2Error.ts";
import type { Outgoing } from "./outgoing.ts";
import type { RequestBlock } from "./requestBlock.ts";

/** Sends requests on a connection, and their bodies as far as the server's windows allow (RFC 9113, section 5.2). */
export class RequestFrames {
  readonly #out: Outgoing;
  /** How many bytes of bodies the server takes on the whole connection. */
  #window = FIRST_WINDOW;
  /** Streams whose bodies are not sent as a whole. */
  readonly #waiting = new Set<Http2Stream>();

  constructor(out: Outgoing) {
    this.#out = out;
  }

  /** Sends a request on its stream. */
  send(stream: Http2Stream, block: RequestBlock): void {
    const { request, n } = stream.exchange;
    const { body, ids, parts } = request;
    const length = body?.length ?? 0;
    const isAtOnce = length <= Math.min(MAX_PAYLOAD, this.#window, stream.sendWindow);
    const { length: blockLength } = block.bytes;
    const at = this.#out.reserve(blockLength + (body && isAtOnce ? FRAME_HEAD_BYTES + length : 0));
    const { bytes } = this.#out;
    block.bytes.copy(bytes, at);
    for (const place of block.frames) writeUint32(bytes, at + place + 5, stream.id);
    if (block.ids.length > 0) writeIds(bytes.subarray(at), block.ids, n, parts);
    if (!body) return;
    if (!isAtOnce) {
      stream.unsent = { bytes: numberedBody(request, n) ?? body, at: 0 };
      this.#waiting.add(stream);
      this.#sendBody(stream);
      return;
    }
    const dataAt = at + blockLength;
    writeFrameHead(bytes, dataAt, { type: FRAME.data, flags: FLAG.endStream, stream: stream.id, length });
    body.copy(bytes, dataAt + FRAME_HEAD_BYTES);
    if (ids.body.length > 0) writeIds(bytes.subarray(dataAt + FRAME_HEAD_BYTES), ids.body, n, parts);
    this.#window -= length;
    stream.sendWindow -= length;
  }

  /** The stream has ended: what it had to send is dropped. */
  drop(stream: Http2Stream): void {
    if (stream.unsent) this.#waiting.delete(stream);
  }

  /** The server takes more bytes on the whole connection. */
  open(bytes: number): void {
    this.#window = opened(this.#window, bytes);
    for (const stream of this.#waiting) this.#sendBody(stream);
  }

  /** The server takes more bytes on one stream; fewer after some changes of its settings. */
  openStream(stream: Http2Stream, bytes: number): void {
    stream.sendWindow = opened(stream.sendWindow, bytes);
    if (stream.unsent) this.#sendBody(stream);
  }

  /** Sends as much of a body as the windows allow. */
  #sendBody(stream: Http2Stream): void {
    while (stream.unsent) {
      const { bytes, at } = stream.unsent;
      const left = bytes.length - at;
      const length = Math.min(left, MAX_PAYLOAD, this.#window, stream.sendWindow);
      if (length <= 0) return;
      const flags = length === left ? FLAG.endStream : 0;
      this.#out.frame({ type: FRAME.data, flags, stream: stream.id, length }, bytes, at);
      this.#window -= length;
      stream.sendWindow -= length;
      stream.unsent.at += length;
      if (length < left) continue;
      stream.unsent = undefined;
      this.#waiting.delete(stream);
    }
  }
}

function opened(window: number, bytes: number): number {
  const size = window + bytes;
  if (size > MAX_WINDOW) throw new Http2Error(CODE.flowControl, "a window is too large");
  return size;
}

/** How much a WINDOW_UPDATE opens a window. */
export function increment(bytes: number): number {
  return bytes === 0 ? breach("a WINDOW_UPDATE by nothing") : bytes;
}
