import { hostileBody, mutated } from "./bodies.ts";
import type { Dice } from "./dice.ts";

const STATUS = [
  ..."HTTP/1.1 200 OK,HTTP/1.1 200 OK,HTTP/1.1 200 OK,HTTP/1.0 200 OK,HTTP/1.1 200,HTTP/1.1 204 x,HTTP/1.1 304 x".split(
    ",",
  ),
  ..."HTTP/1.1 429 x,HTTP/1.1 503 x,HTTP/1.1 999 x,HTTP/1.1 101 x,HTTP/2 200,HTTP/1.1  200,ICY 200 OK".split(","),
];

const BLANKS = " ".repeat(50_000);
const HEADERS: readonly string[] = [
  "Content-Type: application/json",
  "Connection: close",
  "Connection: keep-alive",
  `Connection: a${BLANKS}b`,
  `Content-Length:${BLANKS}`,
  `Transfer-Encoding:${"\t \t".repeat(10_000)}x`,
  `Connection: ${",".repeat(40_000)}`,
  "Content-Length: 1",
  "Content-Length: 1, 1",
  "Content-Length: 99999999999999999999",
  "Content-Length: -1",
  "Content-Length : 5",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: chunked, identity",
  " folded",
  "X: a\rb",
  "X: \0",
  "no colon",
  ": no name",
  "X-Long: ".padEnd(30_000, "y"),
];

/** The bytes of a response over HTTP/1.1 that a server should not send, or just may. */
export function hostileHttp1(dice: Dice): Buffer {
  const { bytes, coding } = hostileBody(dice);
  const isChunked = dice.chance(0.4);
  const lines = [dice.one(STATUS)];
  if (coding !== undefined) lines.push(`Content-Encoding: ${coding}`);
  if (isChunked) lines.push("Transfer-Encoding: chunked");
  else if (dice.chance(0.85))
    lines.push(`Content-Length: ${bytes.length + (dice.chance(0.1) ? dice.below(9) - 4 : 0)}`);
  for (let count = dice.below(3); count > 0; count--) {
    if (dice.chance(0.5)) lines.splice(1 + dice.below(lines.length), 0, dice.one(HEADERS));
  }
  const end = dice.chance(0.9) ? "\r\n" : "\n";
  const interim = dice.chance(0.1) ? `HTTP/1.1 103 x${end}A: b${end}${end}`.repeat(dice.one([1, 3, 5_000])) : "";
  const head = Buffer.from(`${interim}${lines.join(end)}${end}${end}`, "latin1");
  const whole = Buffer.concat([head, isChunked ? chunksOf(bytes, dice) : bytes]);
  return dice.chance(0.3) ? mutated(whole, dice) : whole;
}

function chunksOf(body: Buffer, dice: Dice): Buffer {
  const pieces: Buffer[] = [];
  const size = dice.one([1, 7, 1_000, 1_000_000]);
  for (let at = 0; at < body.length && pieces.length < 20_000; at += size) {
    const piece = body.subarray(at, at + size);
    const extension = dice.chance(0.05) ? `;${dice.one(["a=b", 'a="\r', "x".repeat(5_000), "\n"])}` : "";
    pieces.push(Buffer.from(`${piece.length.toString(16)}${extension}\r\n`), piece, Buffer.from("\r\n"));
  }
  const trailers = dice.chance(0.1) ? "A: b\r\n".repeat(dice.one([1, 20, 20_000])) : "";
  pieces.push(Buffer.from(`0\r\n${trailers}\r\n`));
  return Buffer.concat(pieces);
}
