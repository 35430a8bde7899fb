import type { Socket } from "node:net";

/** Types of HTTP/2 frames (RFC 9113, section 6). */
export const FRAME = { data: 0, headers: 1, rst: 3, settings: 4, ping: 6, goaway: 7, windowUpdate: 8, continuation: 9 };

/** Flags of frames: END_STREAM and ACK are the same bit. */
export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;

/** `:status: 200` as HPACK has it in its static table. */
export const STATUS_200 = Buffer.from([0x88]);

/** A frame's bytes. */
export function frame(type: number, flags: number, stream: number, payload: Buffer | string = ""): Buffer {
  const body = Buffer.from(payload);
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

/** A number of 32 bits, such as an error code. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const PREFACE_BYTES = 24;

/**
 * Plays an HTTP/2 server by hand on a socket: sends settings, acknowledges the client's, and calls `onRequest` for each
 * request's HEADERS frame.
 */
export function playHttp2(socket: Socket, onRequest: (stream: number) => void): void {
  let received = Buffer.alloc(0);
  let at = PREFACE_BYTES;
  socket.write(frame(FRAME.settings, 0, 0));
  socket.on("data", (bytes) => {
    received = Buffer.concat([received, bytes]);
    while (received.length >= at + 9) {
      const length = received.readUIntBE(at, 3);
      if (received.length < at + 9 + length) return;
      const type = received[at + 3];
      const flags = received[at + 4] ?? 0;
      const stream = received.readUInt32BE(at + 5) & 0x7fffffff;
      at += 9 + length;
      if (type === FRAME.settings && (flags & ACK) === 0) socket.write(frame(FRAME.settings, ACK, 0));
      if (type === FRAME.headers) onRequest(stream);
    }
  });
}
