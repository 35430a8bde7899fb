import type { Socket } from "node:net";
import {
  FIRST_WINDOW,
  FLAG,
  FRAME,
  FRAME_HEAD_BYTES,
  frameOf,
  MAX_WINDOW,
  PREFACE,
  readUint31,
  settingsFrame,
  writeFrameHead,
} from "../http/h2/frames.ts";
import { nullBody } from "./nullServer.ts";

/** What the server sends first: settings, and as large a window as there can be. */
const OPENING = Buffer.concat([settingsFrame([]), frameOf(FRAME.windowUpdate, 0, [MAX_WINDOW - FIRST_WINDOW])]);

/** What acknowledges the client's settings. */
const ACK = settingsFrame([]);
ACK[4] = FLAG.ack;

/** `:status: 200` in HPACK's static table. */
const STATUS_200 = 0x88;

/** Answers each request that this worker's own client sends over HTTP/2 on a socket. */
export function answerStreamsOn(socket: Socket): void {
  const requests = new NullRequests();
  socket.setNoDelay(true);
  socket.write(OPENING);
  socket.on("data", (bytes: Buffer) => answer(socket, requests.take(bytes)));
  socket.on("error", () => socket.destroy());
}

function answer(socket: Socket, answers: readonly Buffer[]): void {
  if (answers.length > 0) socket.write(Buffer.concat(answers));
}

/** Reads a client's frames as far as is needed to answer its requests. */
class NullRequests {
  #rest: Buffer = Buffer.alloc(0);
  #hasPreface = false;

  /** The answers to what these bytes complete. */
  take(bytes: Buffer): Buffer[] {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const answers: Buffer[] = [];
    let at = 0;
    if (!this.#hasPreface && all.length >= PREFACE.length) {
      this.#hasPreface = true;
      at = PREFACE.length;
    }
    while (this.#hasPreface && all.length - at >= FRAME_HEAD_BYTES) {
      const end = at + FRAME_HEAD_BYTES + all.readUIntBE(at, 3);
      if (end > all.length) break;
      const reply = replyTo(all.subarray(at, end));
      if (reply) answers.push(reply);
      at = end;
    }
    this.#rest = all.subarray(at);
    return answers;
  }
}

/** The reply to a frame, if it needs one. */
function replyTo(frame: Buffer): Buffer | undefined {
  const [type, flags = 0] = frame.subarray(3);
  const stream = readUint31(frame, 5);
  if (type === FRAME.settings && (flags & FLAG.ack) === 0) return ACK;
  const isRequest = type === FRAME.data || type === FRAME.headers;
  return isRequest && (flags & FLAG.endStream) !== 0 ? response(stream, nullBody(frame)) : undefined;
}

/** A response of two frames. */
function response(stream: number, body: string): Buffer {
  const bytes = Buffer.allocUnsafe(2 * FRAME_HEAD_BYTES + 1 + body.length);
  writeFrameHead(bytes, 0, { type: FRAME.headers, flags: FLAG.endHeaders, stream, length: 1 });
  bytes[FRAME_HEAD_BYTES] = STATUS_200;
  const at = FRAME_HEAD_BYTES + 1;
  writeFrameHead(bytes, at, { type: FRAME.data, flags: FLAG.endStream, stream, length: body.length });
  bytes.write(body, at + FRAME_HEAD_BYTES, "latin1");
  return bytes;
}
