import { deflateSync, inflateSync } from "node:zlib";

/*
 * HdrHistogram (Gil Tene, public domain) in Volley's only configuration, so that all its histograms add up exactly:
 * whole µs, three significant digits, from 0 to half an hour. Volley has its own implementation instead of
 * hdr-histogram-js because a worker encodes several histograms per flush, between two requests, and a reducer adds up
 * some ten thousand: encoding here takes a tenth of the time and is as fast the first time as the hundredth. Tests
 * compare it with hdr-histogram-js.
 */

/** The highest trackable value, in µs: half an hour. Higher values are recorded as this one. */
export const HIGHEST_US = 1_800_000_000;

const DIGITS = 3;
/** Values below 2^11 µs each have their own count; above, each doubling has 1,024 counts. */
const SUB_BUCKET_BITS = 11;
const HALF = 1 << (SUB_BUCKET_BITS - 1);
const LENGTH = indexOf(HIGHEST_US) + 1;

/** Initial number of counts: enough for 2 ms. */
const MIN_LENGTH = 2 * HALF;

const COOKIE = 0x1c849313;
const COMPRESSED_COOKIE = 0x1c849314;
const HEADER_BYTES = 40;
/** Maximum bytes of an encoded count: counts stay below 2^53. */
const MAX_BYTES = 8;
/** zlib's level: a flush happens between two requests, and the highest level saves only a few bytes. */
const LEVEL = 3;
/** How much memory zlib takes at first for a histogram: this many times its compressed bytes. Most need less. */
const EXPANSION = 4;
const MIN_CHUNK_BYTES = 256;

function bucketOf(us: number): number {
  return 32 - SUB_BUCKET_BITS - Math.clz32(us | (2 * HALF - 1));
}

function indexOf(us: number): number {
  const bucket = bucketOf(us);
  return bucket * HALF + (us >>> bucket);
}

/** The highest value counted at an index. */
function highestAt(index: number): number {
  const bucket = Math.max(0, Math.floor(index / HALF) - 1);
  return (index - bucket * HALF + 1) * 2 ** bucket - 1;
}

/** The lowest value counted at an index. */
function lowestAt(index: number): number {
  const bucket = Math.max(0, Math.floor(index / HALF) - 1);
  return (index - bucket * HALF) * 2 ** bucket;
}

/** A distribution of durations in whole µs. */
export class Histogram {
  /** Grows with the highest value: most histograms stay below a tenth of the maximum size. */
  #counts = new Float64Array(0);
  /** The highest index with a count, or −1: nothing above it needs to be read. */
  #top = -1;
  /** How many values were recorded. */
  totalCount = 0;

  /** Records a value of 0 … HIGHEST_US, `times` times. */
  record(us: number, times = 1): void {
    const index = indexOf(us);
    if (index >= this.#counts.length) this.#grow(index);
    this.#counts[index] = (this.#counts[index] as number) + times;
    this.totalCount += times;
    if (index > this.#top) this.#top = index;
  }

  #grow(index: number): void {
    const grown = new Float64Array(Math.min(LENGTH, Math.max(MIN_LENGTH, 2 ** Math.ceil(Math.log2(index + 1)))));
    grown.set(this.#counts);
    this.#counts = grown;
  }

  /** Adds another histogram's counts. */
  add(other: Histogram): void {
    if (other.#top >= this.#counts.length) this.#grow(other.#top);
    for (let index = other.#top; index >= 0; index--) {
      this.#counts[index] = (this.#counts[index] as number) + (other.#counts[index] as number);
    }
    if (other.#top > this.#top) this.#top = other.#top;
    this.totalCount += other.totalCount;
  }

  /** Resets all counts. */
  reset(): void {
    this.#counts.fill(0, 0, this.#top + 1);
    this.#top = -1;
    this.totalCount = 0;
  }

  /** The highest recorded value, to the histogram's precision; 0 if there is none. */
  get maxValue(): number {
    return this.#top < 0 ? 0 : highestAt(this.#top);
  }

  /** The lowest recorded value above 0, to the histogram's precision; 0 if there is none. */
  get minNonZeroValue(): number {
    const index = this.#counts.findIndex((count, place) => place > 0 && count > 0);
    return index === -1 ? 0 : lowestAt(index);
  }

  /** The mean of the recorded values, each taken as the middle of its count's range; 0 if there is none. */
  get mean(): number {
    let sum = 0;
    for (const [us, count] of this.values()) sum += us * count;
    return this.totalCount === 0 ? 0 : sum / this.totalCount;
  }

  /** The value at a percentile of the recorded values, 0 < percentile ≤ 100; 0 if there is none. */
  getValueAtPercentile(percentile: number): number {
    // Rounding errors must not push an exact count up to the next one.
    const wanted = Math.max(1, Math.ceil((Math.min(100, percentile) / 100) * this.totalCount * (1 - 2 ** -50)));
    let reached = 0;
    for (let index = 0; index <= this.#top; index++) {
      reached += this.#counts[index] as number;
      if (reached >= wanted) return highestAt(index);
    }
    return 0;
  }

  /** The number of recorded values ≤ `us`, to the histogram's precision. */
  countUpTo(us: number): number {
    let sum = 0;
    const end = Math.min(indexOf(Math.min(us, HIGHEST_US)), this.#top);
    for (let index = 0; index <= end; index++) sum += this.#counts[index] as number;
    return sum;
  }

  /** The recorded values in ascending order: the middle of each count's range, and the count. */
  *values(): Generator<[us: number, count: number]> {
    for (let index = 0; index <= this.#top; index++) {
      const count = this.#counts[index] as number;
      if (count > 0) yield [(lowestAt(index) + highestAt(index)) / 2, count];
    }
  }

  /** Encodes in HdrHistogram's V2 compressed format, in base64, which other implementations can decode. */
  encode(): string {
    const bytes = Buffer.allocUnsafe(HEADER_BYTES + (this.#top + 1) * MAX_BYTES);
    const end = this.#writeCounts(bytes);
    bytes.writeInt32BE(COOKIE, 0);
    bytes.writeInt32BE(end - HEADER_BYTES, 4);
    bytes.writeInt32BE(0, 8);
    bytes.writeInt32BE(DIGITS, 12);
    bytes.writeBigInt64BE(1n, 16);
    bytes.writeBigInt64BE(BigInt(HIGHEST_US), 24);
    bytes.writeDoubleBE(1, 32);
    const compressed = deflateSync(bytes.subarray(0, end), { level: LEVEL });
    const head = Buffer.alloc(8);
    head.writeInt32BE(COMPRESSED_COOKIE, 0);
    head.writeInt32BE(compressed.length, 4);
    return Buffer.concat([head, compressed]).toString("base64");
  }

  /**
   * Writes the counts as ZigZag LEB128: a positive number is a count, a negative one a run of that many zero counts.
   */
  #writeCounts(bytes: Buffer): number {
    let at = HEADER_BYTES;
    let zeros = 0;
    for (let index = 0; index <= this.#top; index++) {
      const count = this.#counts[index] as number;
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

  /** Adds the counts that `parseHistogram` returned. */
  addParsed({ bytes, top, total }: ParsedCounts): void {
    if (top >= this.#counts.length) this.#grow(top);
    readCounts(bytes, this.#counts);
    if (top > this.#top) this.#top = top;
    this.totalCount += total;
  }

  /**
   * Adds an encoded histogram, and returns its counts, as `parseHistogram` does. Throws if the text is not a histogram of
   * this configuration; part of it may then have been added.
   */
  addEncoded(text: string): ParsedCounts {
    // The highest value is known only once all counts have been read.
    if (this.#counts.length < LENGTH) this.#grow(LENGTH - 1);
    const bytes = payload(text);
    const { top, total } = readCounts(bytes, this.#counts);
    if (top > this.#top) this.#top = top;
    this.totalCount += total;
    return { bytes, top, total };
  }
}

/** An encoded histogram's counts, decompressed and validated. */
export interface ParsedCounts {
  bytes: Uint8Array;
  /** The highest index with a count, or −1. */
  top: number;
  /** How many values were recorded. */
  total: number;
}

/**
 * Decompresses and validates the result of `Histogram.encode`. Throws if the text is not a histogram of this
 * configuration.
 */
export function parseHistogram(text: string): ParsedCounts {
  const bytes = payload(text);
  return { bytes, ...readCounts(bytes, NOWHERE) };
}

/** Counts added to it are dropped: a typed array ignores what lies beyond its end. */
const NOWHERE = new Float64Array(0);

/**
 * Reads the counts that `#writeCounts` wrote, and adds them to `into`. A reducer reads some 800,000 histograms, each
 * twice, so nothing is allocated per count, and there is no branch on what a byte is: counts and runs of zeros alternate
 * at random, and each wrong guess of the processor costs more than the arithmetic of both cases. Throws if the bytes are
 * not valid counts.
 */
function readCounts(bytes: Uint8Array, into: Float64Array): Omit<ParsedCounts, "bytes"> {
  let index = 0;
  let top = -1;
  let total = 0;
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at++] as number;
    if (byte < 0x80) {
      const isRun = byte & 1;
      const half = byte >> 1;
      const count = half & (isRun - 1);
      into[index] = (into[index] as number) + count;
      total += count;
      top += (index - top) & (-count >> 31);
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
    total += half;
    if (half > 0) top = index;
    index++;
  }
  if (index > LENGTH) throw new Error("a histogram with more counts than its range has");
  return { top, total };
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
 * The bytes of an encoded histogram's counts. Throws if the text is not a histogram, or one of another configuration.
 */
function payload(text: string): Buffer {
  const outer = Buffer.from(text, "base64");
  if (outer.length < 8 || outer.readInt32BE(0) !== COMPRESSED_COOKIE) throw new Error("not an HdrHistogram (V2)");
  const compressed = outer.subarray(8, 8 + outer.readInt32BE(4));
  // zlib's default is 16 KB, ten times what most histograms need.
  const bytes = inflateSync(compressed, { chunkSize: Math.max(MIN_CHUNK_BYTES, EXPANSION * compressed.length) });
  if (bytes.length < HEADER_BYTES || bytes.readInt32BE(0) !== COOKIE) throw new Error("not an HdrHistogram (V2)");
  if (bytes.readInt32BE(12) !== DIGITS || bytes.readBigInt64BE(16) !== 1n) {
    throw new Error("a histogram of another configuration");
  }
  const end = HEADER_BYTES + bytes.readInt32BE(4);
  if (end > bytes.length) throw new Error("a histogram that is cut short");
  return bytes.subarray(HEADER_BYTES, end);
}

/** An empty histogram. */
export function createHistogram(): Histogram {
  return new Histogram();
}

/** Records a duration in ms, rounded to whole µs, `times` times. */
export function recordMs(histogram: Histogram, ms: number, times = 1): void {
  const us = Math.round(ms * 1_000);
  histogram.record(us <= 0 ? 0 : Math.min(us, HIGHEST_US), times);
}

/** Encodes a histogram as text: `Histogram.encode`. */
export function encodeHistogram(histogram: Histogram): string {
  return histogram.encode();
}

/** Encodes histograms by key, each as text. */
export function encodeHistograms(histograms: ReadonlyMap<string | number, Histogram>): Record<string, string> {
  return Object.fromEntries([...histograms].map(([key, histogram]) => [key, histogram.encode()]));
}

/** Decodes the result of `encodeHistogram`. Throws if the text is not a histogram of this configuration. */
export function decodeHistogram(text: string): Histogram {
  const histogram = new Histogram();
  histogram.addParsed(parseHistogram(text));
  return histogram;
}
