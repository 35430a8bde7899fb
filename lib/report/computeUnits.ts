import { chainUnits, meanUnits, unitsOf } from "../plan/computeUnits.ts";
import type { Plan } from "../plan/schema.ts";
import type { Ledger } from "../results/chunk.ts";
import type { SeriesSum } from "../results/seriesSum.ts";
import type { ReportChain } from "./schema.ts";
import { type MeasuredRun, round } from "./timeline.ts";

/** A chain's or a run's figures in compute units. */
export type ReportUnits = NonNullable<ReportChain["computeUnits"]>;

/** The counts and rates, in requests, that compute units follow from. */
interface Requests {
  ledger: Ledger;
  offeredRps: number;
  achievedRps: number;
}

/** A chain's figures in compute units; undefined if the plan has none for it. */
export function unitsReport(
  sum: SeriesSum,
  chain: Plan["chains"][number],
  { plan, measuredMs }: MeasuredRun,
  { ledger, offeredRps, achievedRps }: Requests,
): ReportUnits | undefined {
  const units = chainUnits(plan, chain);
  if (!units) return undefined;
  const perRequest = meanUnits(chain.targets, units) ?? 0;
  const counts = [...sum.targets].map(([place, { sent, valid }]) => {
    const target = chain.targets[place];
    const own = (target && unitsOf(target, units)) ?? 0;
    return { sent: sent * own, valid: valid * own, requests: sent };
  });
  // Targets that are not recorded separately all cost the same: computeUnitProblems sees to it.
  const alike = { sent: ledger.sent * perRequest, valid: ledger.valid * perRequest, requests: ledger.sent };
  const parts = counts.length > 0 ? counts : [alike];
  const sent = parts.reduce((all, each) => all + each.sent, 0);
  const valid = parts.reduce((all, each) => all + each.valid, 0);
  const requests = parts.reduce((all, each) => all + each.requests, 0);
  return {
    perRequest: round(perRequest, 3),
    offeredPerSecond: round(offeredRps * perRequest, 3),
    achievedPerSecond: round(achievedRps * (requests > 0 ? sent / requests : 0), 3),
    relayedPerSecond: round(measuredMs > 0 ? valid / (measuredMs / 1_000) : 0, 3),
    sent: round(sent, 3),
    relayed: round(valid, 3),
    usdPerMillion: null,
  };
}

/** The figures of all chains; undefined unless each has compute units. */
export function totalUnits(
  chains: readonly Pick<ReportChain, "computeUnits" | "offeredRps">[],
): ReportUnits | undefined {
  const all = chains.flatMap(({ computeUnits }) => computeUnits ?? []);
  if (all.length === 0 || all.length < chains.length) return undefined;
  const sum = (read: (each: ReportUnits) => number): number =>
    round(
      all.reduce((whole, each) => whole + read(each), 0),
      3,
    );
  const offeredRps = chains.reduce((rps, chain) => rps + chain.offeredRps, 0);
  const offeredPerSecond = sum((each) => each.offeredPerSecond);
  return {
    perRequest: offeredRps > 0 ? round(offeredPerSecond / offeredRps, 3) : 0,
    offeredPerSecond,
    achievedPerSecond: sum((each) => each.achievedPerSecond),
    relayedPerSecond: sum((each) => each.relayedPerSecond),
    sent: sum((each) => each.sent),
    relayed: sum((each) => each.relayed),
    usdPerMillion: null,
  };
}

/** The same figures with the cost of a million compute units, from the cost of a million relays. */
export function withCost(
  units: ReportUnits | undefined,
  relays: number,
  usdPerMillionRelays: number | null,
): ReportUnits | undefined {
  if (!units || usdPerMillionRelays === null || units.relayed === 0) return units;
  return { ...units, usdPerMillion: (usdPerMillionRelays * relays) / units.relayed };
}
