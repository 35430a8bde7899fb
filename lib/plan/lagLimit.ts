import type { Plan } from "./schema.ts";
import { SLO_PERCENTILES } from "./sloPercentiles.ts";
import type { Slo } from "./sloSchema.ts";

/** The limit of a plan that sets none and has no SLO on the tail of its response times, in ms. */
const DEFAULT_LIMIT_MS = 50;

/**
 * Largest share of an SLO's response time that the send lag may be. Response times count from the instant a request was
 * due and so contain the lag: a p99 limit of 30 ms cannot be judged by a generator whose own p99 is 16 ms.
 */
const MAX_SHARE = 0.25;

/** Percentiles that a lag in one of a hundred requests changes. */
const TAIL = SLO_PERCENTILES.filter(({ above }) => above <= 0.01);

/**
 * The p99 of the send lag above which a run of this plan is invalid, in ms: `limits.sendLagP99Ms`, or a quarter of the
 * smallest p99 or p99.9 in its SLOs, and at most 50 ms.
 */
export function lagLimitMs({ limits, slo, chains }: Plan): number {
  if (limits.sendLagP99Ms !== undefined) return limits.sendLagP99Ms;
  const slos: (Slo | undefined)[] = [
    slo,
    ...chains.flatMap((chain) => [chain.slo, ...chain.targets.map((each) => each.slo)]),
  ];
  const lines = slos.flatMap((each) =>
    each ? [each, ...Object.values(each.methods ?? {}), ...Object.values(each.regions ?? {})] : [],
  );
  const responseMs = lines.flatMap((line) => TAIL.map(({ field }) => line[field] ?? Number.POSITIVE_INFINITY));
  return Math.min(DEFAULT_LIMIT_MS, ...responseMs.map((ms) => ms * MAX_SHARE));
}
