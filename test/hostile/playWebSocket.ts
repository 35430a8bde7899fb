import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { constants, inflateRawSync } from "node:zlib";
import type { Dice } from "./dice.ts";
import { type Asked, hostileFrames, hostileHandshake } from "./webSocket.ts";

/** The text that RFC 6455, section 1.3, adds to a key. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const TEXT = 1;
const COMPRESSED = 0x40;

/** What a sender leaves out at the end of a compressed message. */
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);

/** Plays a hostile WebSocket server by hand on a socket: responds to the handshake, and to each message of the client. */
export function playWebSocket(socket: Socket, dice: Dice, write: (bytes: Buffer) => void): void {
  const askedIn = reader();
  let received = Buffer.alloc(0);
  let isOpen = false;
  socket.on("data", (bytes) => {
    received = Buffer.concat([received, bytes]);
    if (!isOpen) {
      const end = received.indexOf("\r\n\r\n");
      if (end === -1) return;
      const head = received.toString("latin1", 0, end);
      received = received.subarray(end + 4);
      const [, key = ""] = /^sec-websocket-key: *(.*)$/im.exec(head) ?? [];
      const accept = createHash("sha1").update(`${key}${GUID}`).digest("base64");
      isOpen = true;
      write(hostileHandshake(accept, head.includes("permessage-deflate"), dice));
    }
    for (let frame = clientFrame(received); frame; frame = clientFrame(received)) {
      received = received.subarray(frame.bytes);
      const asked = askedIn(frame);
      if (asked) write(hostileFrames(asked, dice));
    }
  });
}

interface ClientFrame {
  /** How long it is, with its head. */
  bytes: number;
  first: number;
  payload: Buffer;
}

/** The first whole frame of a client, which masks its payload. */
function clientFrame(received: Buffer): ClientFrame | undefined {
  const short = (received[1] ?? 0) & 0x7f;
  const at = short === 126 ? 4 : 2;
  if (received.length < at + 4) return undefined;
  const length = short === 126 ? received.readUInt16BE(2) : short;
  const mask = received.subarray(at, at + 4);
  const bytes = at + 4 + length;
  if (received.length < bytes) return undefined;
  const payload = received.subarray(at + 4, bytes).map((byte, index) => byte ^ (mask[index % 4] as number));
  return { bytes, first: received[0] as number, payload: Buffer.from(payload) };
}

/** How far back a compressed message may refer to earlier ones, in bytes (RFC 7692, section 7.1.2). */
const WINDOW = 32_768;

/** Reads a connection's messages, of which compressed ones may refer to the ones before. */
function reader(): (frame: ClientFrame) => Asked | undefined {
  let dictionary = Buffer.alloc(0);
  return ({ first, payload }) => {
    if ((first & 0x0f) !== TEXT) return undefined;
    let message = payload;
    if ((first & COMPRESSED) !== 0) {
      message = inflateRawSync(Buffer.concat([payload, TAIL]), { finishFlush: constants.Z_SYNC_FLUSH, dictionary });
      dictionary = Buffer.concat([dictionary, message]).subarray(-WINDOW);
    }
    const text = message.toString();
    const [, id = "0"] = /"id":(\d+)/.exec(text) ?? [];
    return { id, isSubscription: text.includes("eth_subscribe") };
  };
}
