import { END_HEADERS, END_STREAM, FRAME, frame, STATUS_200, uint32 } from "../support/frames.ts";
import { hostileBody, mutated } from "./bodies.ts";
import type { Dice } from "./dice.ts";

/** A literal header without indexing (RFC 7541, section 6.2.2), its texts not longer than 126 bytes. */
function literal(name: string, value: string): Buffer {
  const [nameBytes, valueBytes] = [Buffer.from(name), Buffer.from(value)];
  return Buffer.concat([Buffer.from([0, nameBytes.length]), nameBytes, Buffer.from([valueBytes.length]), valueBytes]);
}

const PUSH_PROMISE = 5;

/** Frames of a server that answers a request on a stream, or does something else. */
export function hostileHttp2(stream: number, dice: Dice): Buffer {
  const frames = [...answer(stream, dice)];
  for (let count = dice.below(3); count > 0; count--) {
    if (dice.chance(0.4)) frames.splice(dice.below(frames.length + 1), 0, odd(stream, dice));
  }
  const whole = Buffer.concat(frames);
  return dice.chance(0.15) ? mutated(whole, dice) : whole;
}

function answer(stream: number, dice: Dice): Buffer[] {
  const { bytes, coding } = hostileBody(dice);
  const headers: Buffer[] = [STATUS_200];
  if (coding !== undefined) headers.push(literal("content-encoding", coding));
  if (dice.chance(0.2)) headers.push(literal("content-length", String(bytes.length + dice.below(2))));
  if (dice.chance(0.05)) headers.push(literal(dice.one(["Upper", ":path", "connection", "x"]), "v"));
  if (dice.chance(0.05)) headers.push(...Array.from({ length: 2_000 }, () => literal("x", "y")));
  const block = Buffer.concat(headers);
  const frames: Buffer[] = [];
  const isSplit = block.length > 16_000 || dice.chance(0.1);
  const first = isSplit ? block.subarray(0, Math.min(16_000, 1 + dice.below(block.length))) : block;
  frames.push(frame(FRAME.headers, isSplit ? 0 : END_HEADERS, stream, first));
  for (let at = first.length; isSplit && at <= block.length; at += 16_000) {
    const isLast = at + 16_000 > block.length;
    frames.push(frame(FRAME.continuation, isLast ? END_HEADERS : 0, stream, block.subarray(at, at + 16_000)));
  }
  const size = dice.one([1, 100, 16_000]);
  for (let at = 0; at < bytes.length && frames.length < 5_000; at += size)
    frames.push(frame(FRAME.data, 0, stream, bytes.subarray(at, at + size)));
  if (dice.chance(0.85)) frames.push(frame(FRAME.data, END_STREAM, stream));
  return frames;
}

function odd(stream: number, dice: Dice): Buffer {
  return dice.one([
    () => frame(FRAME.rst, 0, stream, uint32(dice.one([0, 1, 2, 7, 8, 11, dice.below(2 ** 31)]))),
    () =>
      frame(FRAME.goaway, 0, 0, Buffer.concat([uint32(dice.one([0, stream, 2 ** 31 - 1])), uint32(dice.below(20))])),
    () => Buffer.concat(Array.from({ length: dice.one([1, 50, 3_000]) }, () => frame(FRAME.ping, 0, 0, dice.bytes(8)))),
    () => frame(FRAME.settings, 0, 0, Buffer.concat([Buffer.from([0, dice.below(8)]), uint32(dice.below(2 ** 31))])),
    () => Buffer.concat(Array.from({ length: 500 }, () => frame(FRAME.settings, 0, 0))),
    () => frame(FRAME.windowUpdate, 0, dice.one([0, stream]), uint32(dice.one([0, 1, 2 ** 31 - 1]))),
    () => frame(FRAME.data, 0, dice.one([0, 2, stream + 2]), "x"),
    () => frame(PUSH_PROMISE, END_HEADERS, stream, Buffer.concat([uint32(2), STATUS_200])),
    () => frame(dice.below(256), dice.below(256), dice.one([0, stream]), dice.bytes(dice.below(40))),
    () => Buffer.concat(Array.from({ length: 300 }, () => frame(FRAME.data, 0, stream))),
    () => Buffer.concat([Buffer.from([0xff, 0xff, 0xff]), dice.bytes(100)]),
  ])();
}
