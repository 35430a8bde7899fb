import type { Report } from "../../report/schema.ts";

/** A chain's figures in compute units, by the names that the exports share. */
export interface ExportedUnits {
  chain: string;
  /** Rates by what they are of. */
  perSecond: Record<string, number>;
  /** In dollars; null if the cost of a relay is not known. */
  usdPerMillion: number | null;
}

/** The figures of all chains that have compute units. */
export function exportedUnits({ chains }: Report): ExportedUnits[] {
  return chains.flatMap(({ name: chain, computeUnits }) => {
    if (!computeUnits) return [];
    const { offeredPerSecond, achievedPerSecond, relayedPerSecond, usdPerMillion } = computeUnits;
    const perSecond = { offered: offeredPerSecond, achieved: achievedPerSecond, relayed: relayedPerSecond };
    return [{ chain, perSecond, usdPerMillion }];
  });
}
