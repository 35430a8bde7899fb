import { deflateRawSync } from "node:zlib";
import { hostileBody, mutated } from "./bodies.ts";
import type { Dice } from "./dice.ts";

/** Opcodes of frames (RFC 6455, section 5.2). */
const OP = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/** How many frames of messages come at once, at most about: the server must not be busier than the worker. */
const MOST_FRAMES = 2_500;

const FIN = 0x80;
const COMPRESSED = 0x40;

/** What a client asks for: the id of its call, and whether it wants to subscribe. */
export interface Asked {
  id: string;
  isSubscription: boolean;
}

/** A frame's bytes; `length` is what its head claims, `mask` are four bytes that a server must not send. */
export function wsFrame(
  first: number,
  payload: Buffer,
  { length = BigInt(payload.length), mask = false } = {},
): Buffer {
  const bit = mask ? 0x80 : 0;
  let head = Buffer.from([first, bit | Number(length)]);
  if (length > 125n) {
    const isLong = length > 65_535n;
    head = Buffer.alloc(isLong ? 10 : 4);
    head[0] = first;
    head[1] = bit | (isLong ? 127 : 126);
    if (isLong) head.writeBigUInt64BE(length, 2);
    else head.writeUInt16BE(Number(length), 2);
  }
  return Buffer.concat(mask ? [head, Buffer.alloc(4), payload] : [head, payload]);
}

/** Frames of a server that responds to a call or a subscription, or does something else. */
export function hostileFrames(asked: Asked, dice: Dice): Buffer {
  const pieces: Buffer[] = [];
  for (const message of messages(asked, dice)) if (pieces.length < MOST_FRAMES) pieces.push(...framesOf(message, dice));
  for (let count = dice.below(3); count > 0; count--) {
    if (dice.chance(0.1)) pieces.splice(dice.below(pieces.length + 1), 0, odd(dice));
  }
  const whole = Buffer.concat(pieces);
  return dice.chance(0.04) ? mutated(whole, dice) : whole;
}

/** How many blocks a subscriber is notified of at once. */
const BLOCKS = [1, 3, 50, 1_000];

function messages(asked: Asked, dice: Dice): Buffer[] {
  if (!asked.isSubscription || dice.chance(0.2)) return [response(asked, dice)];
  const confirmed = `{"jsonrpc":"2.0","id":${asked.id},"result":"0xabc"}`;
  const blocks = Array.from({ length: dice.one(BLOCKS) }, () => Buffer.from(notification(dice)));
  return dice.chance(0.8) ? [Buffer.from(confirmed), ...blocks] : [...blocks, Buffer.from(confirmed)];
}

function response({ id }: Asked, dice: Dice): Buffer {
  const kind = dice.next();
  const ids = [id, id, id, `"${id}"`, "1", "null", "-1", `${id}0`, "9".repeat(5_000), `[${id}]`, `{"id":${id}}`];
  const said = dice.one(['"result":"0x1"', '"error":{"code":-32000,"message":"no"}', '"result":null', '"x":1']);
  const one = `{"jsonrpc":"2.0","id":${dice.one(ids)},${said}}`;
  if (kind < 0.3) return Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":"0x1"}`);
  if (kind < 0.6) return Buffer.from(one);
  if (kind < 0.7)
    return Buffer.from(
      `[${Array(dice.one([1, 2, 1_000]))
        .fill(one)
        .join()}]`,
    );
  if (kind < 0.75) return Buffer.from(notification(dice));
  if (kind < 0.8) return Buffer.concat([Buffer.from(one), Buffer.from([0xff, 0xc0, 0x80])]);
  return hostileBody(dice).bytes;
}

const LONG = 40_000;

function notification(dice: Dice): string {
  const block = dice.below(1_000);
  const hash = `"0x${block.toString(16).padStart(64, "0")}"`;
  const usual = `{"number":"0x${block.toString(16)}","hash":${hash}}`;
  if (dice.chance(0.9))
    return `{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0xabc","result":${usual}}}`;
  const head = dice.one([
    usual,
    `{"hash":"0x${dice.below(2 ** 31).toString(16)}"}`,
    `{"number":"0x${"f".repeat(LONG)}","hash":"0x${"f".repeat(LONG)}"}`,
    `{"number":${" ".repeat(LONG)}"0x1","hash":${"\t".repeat(LONG)}${hash}}`,
    `{"number":-1,"hash":1,"removed":true}`,
    `{"number":"0x","hash":"0x","toString":1,"__proto__":null}`,
    `${"[".repeat(LONG)}${"]".repeat(LONG)}`,
    "null",
  ]);
  const subscription = dice.one(['"0xabc"', '"0xabc"', '"0xother"', "1", "{}", `"${"x".repeat(LONG)}"`]);
  return `{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":${subscription},"result":${head}}}`;
}

/** A message as one frame, or in fragments, or compressed. */
function framesOf(message: Buffer, dice: Dice): Buffer[] {
  const opcode = dice.chance(0.9) ? OP.text : OP.binary;
  if (dice.chance(0.7)) return [wsFrame(FIN | opcode, message)];
  if (dice.chance(0.5)) {
    const deflated = deflateRawSync(message, { finishFlush: 2 }).subarray(0, -4);
    return [wsFrame(FIN | COMPRESSED | opcode, dice.chance(0.3) ? mutated(deflated, dice) : deflated)];
  }
  const size = dice.one([1, 10, 1_000]);
  const frames: Buffer[] = [];
  for (let at = 0; at < message.length && frames.length < 5_000; at += size) {
    const isLast = at + size >= message.length;
    frames.push(wsFrame((isLast ? FIN : 0) | (at === 0 ? opcode : OP.continuation), message.subarray(at, at + size)));
  }
  return frames;
}

const EMPTY = Buffer.alloc(0);
const BOMB = deflateRawSync(Buffer.alloc(40_000_000), { finishFlush: 2 }).subarray(0, -4);

const CLOSE_CODES = [0, 999, 1_000, 1_001, 1_004, 1_005, 1_006, 1_012, 1_015, 1_016, 2_999, 3_000, 4_999, 65_535];

function closeFrame(dice: Dice): Buffer {
  const code = Buffer.alloc(2);
  code.writeUInt16BE(dice.one(CLOSE_CODES));
  return wsFrame(
    FIN | OP.close,
    dice.one([EMPTY, code.subarray(1), code, Buffer.concat([code, dice.bytes(dice.below(130))])]),
  );
}

function many(count: number, frame: Buffer): Buffer {
  return Buffer.concat(Array<Buffer>(count).fill(frame));
}

function odd(dice: Dice): Buffer {
  return dice.one([
    () => closeFrame(dice),
    () => many(dice.one([1, 100, 30_000]), wsFrame(FIN | OP.ping, dice.one([EMPTY, Buffer.alloc(125)]))),
    () => many(dice.one([1, 30_000]), wsFrame(FIN | OP.pong, EMPTY)),
    () => wsFrame(FIN | OP.ping, Buffer.alloc(126)),
    () => wsFrame(OP.ping, EMPTY),
    () => many(dice.one([1, 30_000]), wsFrame(FIN | OP.text, EMPTY)),
    // ws #2329 and #2331: fragments that are empty or tiny, of a message that never ends.
    () => Buffer.concat([wsFrame(OP.text, Buffer.from("{")), many(30_000, wsFrame(OP.continuation, EMPTY))]),
    () => Buffer.concat([wsFrame(OP.text, Buffer.from("[")), many(16_000, wsFrame(OP.continuation, Buffer.from("1")))]),
    () => wsFrame(FIN | OP.continuation, Buffer.from("no start")),
    () => Buffer.concat([wsFrame(OP.text, Buffer.from("{")), wsFrame(FIN | OP.text, Buffer.from("{}"))]),
    () => wsFrame(FIN | OP.text, Buffer.from("masked"), { mask: true }),
    () => wsFrame(FIN | dice.one([0x10, 0x20, 0x30, COMPRESSED]) | OP.text, Buffer.from("reserved")),
    () => wsFrame(FIN | dice.one([3, 7, 11, 15]), Buffer.from("no such opcode")),
    // undici, CVE-2026-1528: a length of 64 bits beyond what a number holds.
    () =>
      wsFrame(FIN | OP.text, Buffer.from("x"), { length: dice.one([2n ** 63n, 2n ** 53n, 2n ** 40n, 300_000_000n]) }),
    // ws #1848: a message that is small until it is decompressed.
    () => wsFrame(FIN | COMPRESSED | OP.text, BOMB),
    () => many(20, wsFrame(FIN | COMPRESSED | OP.text, BOMB.subarray(0, BOMB.length >> 1))),
    () => wsFrame(FIN | OP.text, Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80])),
    () => dice.bytes(100),
  ])();
}

const STATUS = ["200 OK", "301 Moved", "401 Unauthorized", "403 x", "429 x", "500 x", "999 x", "101"];
const EXTENSIONS = [
  "permessage-deflate",
  "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
  // undici, CVE-2026-2229: a window that zlib does not have.
  "permessage-deflate; server_max_window_bits=1000",
  "permessage-deflate; server_max_window_bits=7",
  "permessage-deflate; server_max_window_bits=8; client_max_window_bits=8",
  "permessage-deflate; client_max_window_bits",
  "permessage-deflate; client_max_window_bits=15; client_max_window_bits=15",
  "permessage-deflate, permessage-deflate",
  "x-webkit-deflate-frame",
  `permessage-deflate; ${"a; ".repeat(5_000)}`,
  ';,;="',
];

/** What a server answers to a handshake; now and then frames follow in the same packet. */
export function hostileHandshake(accept: string, offersDeflate: boolean, dice: Dice): Buffer {
  if (dice.chance(0.04))
    return Buffer.from(`HTTP/1.1 ${dice.one(STATUS)}\r\nContent-Length: 3\r\nLocation: /\r\n\r\nabc`);
  const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  lines.push(`Sec-WebSocket-Accept: ${dice.chance(0.03) ? "d3Jvbmc=" : accept}`);
  const deflate = offersDeflate && dice.chance(0.8);
  if (deflate) lines.push(`Sec-WebSocket-Extensions: ${dice.chance(0.6) ? EXTENSIONS[0] : dice.one(EXTENSIONS)}`);
  else if (dice.chance(0.03)) lines.push(`Sec-WebSocket-Extensions: ${dice.one(EXTENSIONS)}`);
  if (dice.chance(0.03)) lines.push("Sec-WebSocket-Protocol: nobody-asked");
  if (dice.chance(0.03)) lines.splice(dice.below(lines.length), 1);
  if (dice.chance(0.03))
    lines.push(dice.one(["X-Long: ".padEnd(30_000, "y"), "X: \0", "no colon", "Content-Length: 5"]));
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  const early = dice.chance(0.1) ? odd(dice) : EMPTY;
  const whole = Buffer.concat([head, early]);
  return dice.chance(0.05) ? mutated(whole, dice) : whole;
}
