import type { SeriesSum } from "../results/seriesSum.ts";
import type { ReportChain } from "./schema.ts";

/** What responses said that a rate limit refused; undefined if there were none. */
export function rateLimitsReport({ rateLimits }: Pick<SeriesSum, "rateLimits">): ReportChain["rateLimits"] {
  const counts = rateLimits.counts();
  if (!counts) return undefined;
  const headers = Object.entries(counts.headers)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, { count, min = null, max = null, sample }]) => ({ name, count, min, max, sample }));
  return { responses: counts.responses, headers };
}
