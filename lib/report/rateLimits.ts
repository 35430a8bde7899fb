import { limitShape } from "../capacity/limitShape.ts";
import { SLOT_MS } from "../results/admissions.ts";
import type { SeriesSum } from "../results/seriesSum.ts";
import type { ReportChain } from "./schema.ts";
import { latencyOf } from "./timeline.ts";

/** What responses said that a rate limit refused; undefined if there were none. */
export function rateLimitsReport({ rateLimits }: Pick<SeriesSum, "rateLimits">): ReportChain["rateLimits"] {
  const counts = rateLimits.counts();
  if (!counts) return undefined;
  const headers = Object.entries(counts.headers)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, { count, min = null, max = null, sample }]) => ({ name, count, min, max, sample }));
  return { responses: counts.responses, headers };
}

/** The shape of the chain's rate limit; undefined if the plan did not look for it. */
export function limitReport(sum: SeriesSum): ReportChain["limit"] {
  const counts = sum.admissions.counts();
  if (!counts) return undefined;
  // The burst is what the limit had saved up by the first request, whenever that came.
  const first = Math.min(...Object.keys(counts).map(Number));
  const slots = Object.entries(counts).map(([slot, [admitted, refused]]) => {
    return { endMs: (Number(slot) - first + 1) * SLOT_MS, admitted, refused };
  });
  const delayMs = latencyOf(sum.responseTime())?.p999 ?? 0;
  return limitShape(
    slots.sort((a, b) => a.endMs - b.endMs),
    delayMs,
  );
}
