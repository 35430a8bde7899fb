import { DIGITS, HIGHEST_US, LENGTH } from "./hdrRange.ts";

/*
 * HdrHistogram's V2 encoding, before compression: a header, and the counts as ZigZag LEB128. A positive number is a
 * count, a negative one a run of that many zero counts.
 */

const COOKIE = 0x1c849313;
const HEADER_BYTES = 40;

/** Maximum bytes of an encoded count: counts stay below 2^53. */
const MAX_BYTES = 8;

/** Maximum bytes of an encoded histogram. */
export const MAX_ENCODED_BYTES = HEADER_BYTES + LENGTH * MAX_BYTES;

/** The validated counts of an encoded histogram. */
export interface ParsedCounts {
  bytes: Uint8Array;
  /** All counts from this index on are zero. */
  end: number;
}

/** Encodes counts; those above `top` are zero. */
export function encodeCounts(counts: Float64Array, top: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + (top + 1) * MAX_BYTES);
  const end = writeCounts(bytes, counts, top);
  bytes.writeInt32BE(COOKIE, 0);
  bytes.writeInt32BE(end - HEADER_BYTES, 4);
  bytes.writeInt32BE(0, 8);
  bytes.writeInt32BE(DIGITS, 12);
  bytes.writeBigInt64BE(1n, 16);
  bytes.writeBigInt64BE(BigInt(HIGHEST_US), 24);
  bytes.writeDoubleBE(1, 32);
  return bytes.subarray(0, end);
}

function writeCounts(bytes: Buffer, counts: Float64Array, top: number): number {
  let at = HEADER_BYTES;
  let zeros = 0;
  for (let index = 0; index <= top; index++) {
    const count = counts[index] as number;
    if (count === 0) {
      zeros++;
      continue;
    }
    if (zeros > 0) at = writeVarint(bytes, at, zeros * 2 - 1);
    zeros = 0;
    at = writeVarint(bytes, at, count * 2);
  }
  return at;
}

function writeVarint(bytes: Buffer, from: number, value: number): number {
  let at = from;
  let rest = value;
  while (rest >= 0x80) {
    bytes[at++] = (rest % 0x80) + 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[at++] = rest;
  return at;
}

/**
 * Validates `howMany` encoded histograms, one after the other, and returns their counts. Throws if the bytes are not
 * that many histograms of this configuration.
 */
export function parseEncoded(bytes: Buffer, howMany: number): ParsedCounts[] {
  const parsed: ParsedCounts[] = [];
  let at = 0;
  while (parsed.length < howMany) {
    if (bytes.length < at + HEADER_BYTES || bytes.readInt32BE(at) !== COOKIE)
      throw new Error("not an HdrHistogram (V2)");
    if (bytes.readInt32BE(at + 12) !== DIGITS || bytes.readBigInt64BE(at + 16) !== 1n) {
      throw new Error("a histogram of another configuration");
    }
    const from = at + HEADER_BYTES;
    at = from + bytes.readUInt32BE(at + 4);
    if (at > bytes.length) throw new Error("a histogram that is cut short");
    const counts = bytes.subarray(from, at);
    parsed.push({ bytes: counts, end: endOf(counts) });
  }
  if (at < bytes.length) throw new Error("bytes after the last histogram");
  return parsed;
}

/**
 * Reads counts without adding them, and returns the index after the last one. Throws if they are not valid.
 */
function endOf(bytes: Uint8Array): number {
  const { length } = bytes;
  let index = 0;
  for (let at = 0; at < length; ) {
    const byte = bytes[at++] as number;
    if (byte < 0x80) {
      index += 1 + ((byte >> 1) & -(byte & 1));
      continue;
    }
    const { word, end } = readLongWord(bytes, at - 1);
    at = end;
    const half = Math.floor(word / 2);
    index += word === half * 2 ? 1 : half + 1;
  }
  if (index > LENGTH) throw new Error("a histogram with more counts than its range has");
  return index;
}

/**
 * Nobody reads the counts that are added to it. It has the whole range: V8 would compile accesses beyond an array's end
 * to slower code, for all arrays.
 */
export const NOWHERE = new Float64Array(LENGTH);

/**
 * Adds validated counts to two histograms' counts, and returns their total. A reducer adds some 800,000 histograms, each
 * to an interval of a chain and to a worker. So they are read once for both, nothing is allocated per count, and there is
 * no branch on what a byte is: counts and runs of zeros alternate at random, and each wrong guess of the processor costs
 * more than the arithmetic of both cases.
 */
export function addCounts(bytes: Uint8Array, into: Float64Array, also: Float64Array): number {
  // V8 reads the length again for each byte unless it is a variable: a sixth of the time.
  const { length } = bytes;
  let index = 0;
  let total = 0;
  for (let at = 0; at < length; ) {
    const byte = bytes[at++] as number;
    if (byte < 0x80) {
      const isRun = byte & 1;
      const half = byte >> 1;
      const count = half & (isRun - 1);
      into[index] = (into[index] as number) + count;
      also[index] = (also[index] as number) + count;
      total += count;
      index += 1 + (half & -isRun);
      continue;
    }
    const { word, end } = readLongWord(bytes, at - 1);
    at = end;
    const half = Math.floor(word / 2);
    if (word !== half * 2) {
      index += half + 1;
      continue;
    }
    into[index] = (into[index] as number) + half;
    also[index] = (also[index] as number) + half;
    total += half;
    index++;
  }
  return total;
}

/** Reads a word of more than one byte; `end` is where the next word begins. */
function readLongWord(bytes: Uint8Array, from: number): { word: number; end: number } {
  let at = from;
  let byte = bytes[at++] as number;
  let word = byte & 0x7f;
  for (let scale = 0x80; byte >= 0x80 && scale < 2 ** 56; scale *= 0x80) {
    if (at >= bytes.length) throw new Error("a histogram that ends within a count");
    byte = bytes[at++] as number;
    word += (byte & 0x7f) * scale;
  }
  return { word, end: at };
}
