import { z } from "zod";
import { name } from "./fields.ts";
import { PARTS, partsOf } from "./regionParts.ts";

const isWhole = (share: number): boolean => Math.abs(share * PARTS - partsOf(share)) < 1e-9;

/** The share of a chain's requests that each region sends, by the region's name. */
export const regionShares = z
  .record(name, z.number().gt(0).max(1).refine(isWhole, "a share of at most three decimals"))
  .refine((shares) => sumOf(Object.values(shares)) === PARTS, "shares that add up to 1");

function sumOf(shares: readonly number[]): number {
  return shares.reduce((sum, share) => sum + partsOf(share), 0);
}
