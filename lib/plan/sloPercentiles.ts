/** The percentiles of an SLO: the field of the plan, the line of the report, and the share of requests above it. */
export const SLO_PERCENTILES = [
  { field: "p50Ms", line: "p50", above: 0.5 },
  { field: "p90Ms", line: "p90", above: 0.1 },
  { field: "p95Ms", line: "p95", above: 0.05 },
  { field: "p99Ms", line: "p99", above: 0.01 },
  { field: "p999Ms", line: "p999", above: 0.001 },
] as const;

/** The fewest requests above a percentile that make it meaningful. */
export const MIN_SAMPLES_ABOVE = 20;
