/*
 * Which count holds which values, in the only configuration of HdrHistogram that Volley uses: whole µs, three
 * significant digits, from 0 to half an hour.
 */

/** The highest trackable value, in µs: half an hour. Higher values are recorded as this one. */
export const HIGHEST_US = 1_800_000_000;

export const DIGITS = 3;

/** Values below 2^11 µs each have their own count; above, each doubling has 1,024 counts. */
const SUB_BUCKET_BITS = 11;
const HALF = 1 << (SUB_BUCKET_BITS - 1);

/** The number of counts of the whole range, and of the values below 2 ms. */
export const LENGTH = indexOf(HIGHEST_US) + 1;
export const MIN_LENGTH = 2 * HALF;

/** The index of the count of a value of 0 … HIGHEST_US. */
export function indexOf(us: number): number {
  const bucket = 32 - SUB_BUCKET_BITS - Math.clz32(us | (2 * HALF - 1));
  return bucket * HALF + (us >>> bucket);
}

/** The highest value counted at an index. */
export function highestAt(index: number): number {
  const bucket = Math.max(0, Math.floor(index / HALF) - 1);
  return (index - bucket * HALF + 1) * 2 ** bucket - 1;
}

/** The lowest value counted at an index. */
export function lowestAt(index: number): number {
  const bucket = Math.max(0, Math.floor(index / HALF) - 1);
  return (index - bucket * HALF) * 2 ** bucket;
}
