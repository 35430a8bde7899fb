import { deflateSync, inflateSync } from "node:zlib";
import { addCounts, encodeCounts, MAX_ENCODED_BYTES, NOWHERE, type ParsedCounts, parseEncoded } from "./hdrEncoding.ts";
import { HIGHEST_US, highestAt, indexOf, LENGTH, lowestAt, MIN_LENGTH } from "./hdrRange.ts";

/*
 * HdrHistogram (Gil Tene, public domain) in Volley's only configuration, so that all its histograms add up exactly.
 * Volley has its own implementation instead of hdr-histogram-js because a worker encodes several histograms per flush,
 * between two requests, and a reducer adds up hundreds of thousands: encoding here takes a tenth of the time and is as
 * fast the first time as the hundredth. Tests compare it with hdr-histogram-js.
 */

const COMPRESSED_COOKIE = 0x1c849314;
/** zlib's level: a flush happens between two requests, and the highest level saves only a few bytes. */
const LEVEL = 3;
/** How much memory zlib takes at first for histograms: this many times their compressed bytes. Most need less. */
const EXPANSION = 4;
const MIN_CHUNK_BYTES = 256;

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

  /** Makes room for a count at an index. */
  #grow(index: number): void {
    if (index < this.#counts.length) return;
    const grown = new Float64Array(Math.min(LENGTH, Math.max(MIN_LENGTH, 2 ** Math.ceil(Math.log2(index + 1)))));
    grown.set(this.#counts);
    this.#counts = grown;
  }

  /** Adds another histogram's counts. */
  add(other: Histogram): void {
    this.#grow(other.#top);
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

  /** HdrHistogram's V2 encoding, uncompressed. */
  encoded(): Buffer {
    return encodeCounts(this.#counts, this.#top);
  }

  /** Adds the counts that `parseHistogram` returned, and adds them to `also` in the same pass. */
  addParsed({ bytes, end }: ParsedCounts, also?: Histogram): void {
    this.#grow(end - 1);
    if (also) also.#grow(end - 1);
    const total = addCounts(bytes, this.#counts, also ? also.#counts : NOWHERE);
    this.#added(total, end);
    if (also) also.#added(total, end);
  }

  /** Notes that counts below the index `end` were added. */
  #added(total: number, end: number): void {
    this.totalCount += total;
    let top = Math.max(this.#top, end - 1);
    while (top >= 0 && this.#counts[top] === 0) top--;
    this.#top = top;
  }
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

/** Encodes a histogram in HdrHistogram's V2 compressed format, in base64, which other implementations can decode. */
export function encodeHistogram(histogram: Histogram): string {
  const compressed = deflateSync(histogram.encoded(), { level: LEVEL });
  const head = Buffer.alloc(8);
  head.writeInt32BE(COMPRESSED_COOKIE, 0);
  head.writeInt32BE(compressed.length, 4);
  return Buffer.concat([head, compressed]).toString("base64");
}

/** Encodes histograms by key, each as text. */
export function encodeHistograms(histograms: ReadonlyMap<string | number, Histogram>): Record<string, string> {
  return Object.fromEntries([...histograms].map(([key, histogram]) => [key, encodeHistogram(histogram)]));
}

/**
 * Decompresses and validates the result of `encodeHistogram`. Throws if the text is not a histogram of this
 * configuration.
 */
export function parseHistogram(text: string): ParsedCounts {
  const outer = Buffer.from(text, "base64");
  if (outer.length < 8 || outer.readInt32BE(0) !== COMPRESSED_COOKIE) throw new Error("not an HdrHistogram (V2)");
  return parseEncoded(inflate(outer.subarray(8, 8 + outer.readInt32BE(4)), 1), 1)[0] as ParsedCounts;
}

/** Decodes the result of `encodeHistogram`. Throws if the text is not a histogram of this configuration. */
export function decodeHistogram(text: string): Histogram {
  const histogram = new Histogram();
  histogram.addParsed(parseHistogram(text));
  return histogram;
}

/** Histograms by interval, compressed together: to decompress each alone would take a reducer three times as long. */
export interface PackedHistograms {
  /** The intervals, in the order of their histograms. */
  intervals: number[];
  /** HdrHistogram's V2 encodings, one after the other, compressed by zlib as one text, in base64. */
  packed: string;
}

/** Packs histograms by interval. */
export function packHistograms(histograms: ReadonlyMap<number, Histogram>): PackedHistograms {
  const encoded = Buffer.concat([...histograms.values()].map((histogram) => histogram.encoded()));
  return { intervals: [...histograms.keys()], packed: deflateSync(encoded, { level: LEVEL }).toString("base64") };
}

/**
 * Decompresses and validates the result of `packHistograms`. Throws if there is not one histogram of this configuration
 * for each interval.
 */
export function parsePacked({ intervals, packed }: PackedHistograms): [interval: number, counts: ParsedCounts][] {
  const parsed = parseEncoded(inflate(Buffer.from(packed, "base64"), intervals.length), intervals.length);
  return parsed.map((counts, place) => [intervals[place] as number, counts]);
}

/** Decompresses `howMany` encoded histograms. Throws if zlib cannot, or if there are more bytes than they can have. */
function inflate(compressed: Buffer, howMany: number): Buffer {
  return inflateSync(compressed, {
    // zlib's default is 16 KB, ten times what most histograms need.
    chunkSize: Math.max(MIN_CHUNK_BYTES, EXPANSION * compressed.length),
    maxOutputLength: Math.max(1, howMany * MAX_ENCODED_BYTES),
  });
}
