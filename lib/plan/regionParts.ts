/** Shares of regions are whole thousandths, so that each is exact over a thousand requests. */
export const PARTS = 1_000;

/** A share in thousandths. */
export function partsOf(share: number): number {
  return Math.round(share * PARTS);
}
