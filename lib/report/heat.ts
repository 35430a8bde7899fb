import type { Histogram } from "../results/histogram.ts";

/** Maximum number of rows: when times span two orders of magnitude, a row is some 15 % wide. */
const ROWS = 32;

/** Counts by response time and interval. */
export interface Heat {
  /** Row edges in ms, one more than there are rows, each a constant ratio above the previous one. */
  edgesMs: number[];
  /** For each interval, the count in each row. */
  counts: number[][];
}

/** A heat map of response times over the run, from each interval's histogram. */
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
