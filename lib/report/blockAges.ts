import type { SeriesSum } from "../results/seriesSum.ts";
import type { ReportChain } from "./schema.ts";
import { latencyOf } from "./timeline.ts";

/** Responses by the age of the block asked for; undefined if the plan does not ask for it, or no call named a block. */
export function blockAgesReport({ blockAges }: Pick<SeriesSum, "blockAges">): ReportChain["blockAges"] {
  if (blockAges.byName.size === 0) return undefined;
  const rows = [...blockAges.byName].map(([name, { responses, valid, responseTime }]) => ({
    age: name === "older" ? ("older" as const) : ("recent" as const),
    responses,
    success: valid / responses,
    responseTimeMs: latencyOf(responseTime),
  }));
  return rows.sort((a, b) => b.age.localeCompare(a.age));
}
