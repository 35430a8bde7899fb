import type { SeriesSum } from "../results/seriesSum.ts";
import type { ReportChain } from "./schema.ts";
import { latencyOf, round } from "./timeline.ts";

/** Which nodes answered; undefined if the plan has no header for it, or nothing was answered. */
export function nodesReport({ nodes }: Pick<SeriesSum, "nodes">): ReportChain["nodes"] {
  const { byName, pairs, same } = nodes;
  const counts = [...byName.values()].map(({ responses }) => responses);
  const all = counts.reduce((sum, each) => sum + each, 0);
  if (all === 0) return undefined;
  const list = [...byName]
    .sort(([, a], [, b]) => b.responses - a.responses)
    .map(([name, { responses, valid, responseTime }]) => ({
      name,
      responses,
      share: responses / all,
      success: valid / responses,
      responseTimeMs: latencyOf(responseTime),
    }));
  return {
    list,
    imbalance: round(Math.max(...counts) / (all / counts.length), 3),
    sticky: pairs === 0 ? null : round(same / pairs, 4),
    stickyByChance: round(
      list.reduce((sum, { share }) => sum + share ** 2, 0),
      4,
    ),
  };
}
