import type { Histogram } from "../results/histogram.ts";

/** Most rows of the map: with them a row is some 15 % wide when times spread over two orders of magnitude. */
const ROWS = 32;

/** Counts by response time and interval. */
export interface Heat {
  /** One more than there are rows, in ms, each the same ratio above the one before. */
  edgesMs: number[];
  /** For each interval, the count of each row. */
  counts: number[][];
}

/** A map of response times over the run, from each interval's histogram. */
export function heatOf(histograms: readonly Histogram[]): Heat {
  const filled = histograms.filter(({ totalCount }) => totalCount > 0);
  if (filled.length === 0) return { edgesMs: [], counts: [] };
  const lowest = Math.max(1, Math.min(...filled.map(({ minNonZeroValue }) => minNonZeroValue)));
  const highest = Math.max(lowest + 1, ...filled.map(({ maxValue }) => maxValue));
  const rows = Math.min(ROWS, Math.max(1, Math.ceil(Math.log(highest / lowest) / Math.log(1.05))));
  const ratio = (highest / lowest) ** (1 / rows);
  const counts = histograms.map((histogram) => {
    const column = Array.from({ length: rows }, () => 0);
    for (const [us, count] of histogram.values()) {
      const row = Math.floor(Math.log(Math.max(us, lowest) / lowest) / Math.log(ratio));
      const bounded = Math.min(rows - 1, row);
      column[bounded] = (column[bounded] ?? 0) + count;
    }
    return column;
  });
  const edgesMs = Array.from({ length: rows + 1 }, (_, row) =>
    Number(((lowest * ratio ** row) / 1_000).toPrecision(5)),
  );
  return { edgesMs, counts };
}
