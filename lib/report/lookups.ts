import { total } from "../results/chunk.ts";
import type { SeriesSum } from "../results/seriesSum.ts";
import type { ReportChain } from "./schema.ts";

/** How the calls of a chain's lookups ended, lookup by lookup. */
export function lookupsReport({ lookups }: Pick<SeriesSum, "lookups">): NonNullable<ReportChain["lookups"]> {
  return Object.entries(lookups).map(([name, outcomes]) => {
    return { name, calls: total(outcomes), values: outcomes.new ?? 0, failed: outcomes.failed ?? 0 };
  });
}
