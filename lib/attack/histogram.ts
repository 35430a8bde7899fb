import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from "hdr-histogram-js";

export type { Histogram };

/** The highest value that is told apart, in µs: half an hour. Higher ones are recorded as this. */
export const HIGHEST_US = 1_800_000_000;

/**
 * A histogram of µs with three significant digits, from 1 µs to half an hour. All of Volley's have this one
 * configuration, so that they add up exactly.
 */
export function createHistogram(): Histogram {
  return build({
    bitBucketSize: 32,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
}

/** Records a duration of so many ms, as whole µs. */
export function recordMs(histogram: Histogram, ms: number): void {
  const us = Math.round(ms * 1_000);
  histogram.recordValue(us <= 0 ? 0 : Math.min(us, HIGHEST_US));
}

/** HdrHistogram's V2 compressed encoding in base64, which other implementations read. */
export function encodeHistogram(histogram: Histogram): string {
  return encodeIntoCompressedBase64(histogram);
}

/** The histogram of `encodeHistogram`. Throws on text that is none. */
export function decodeHistogram(text: string): Histogram {
  return decodeFromCompressedBase64(text, 32, false);
}
