import { createHistogram, type Histogram, recordMs } from "./histogram.ts";

/** The percentiles in a report, by name. */
export const PERCENTILES = { p50: 50, p90: 90, p95: 95, p99: 99, p999: 99.9, max: 100 } as const;

export type Percentile = keyof typeof PERCENTILES;

/** Percentiles in ms; null if nothing was measured. */
export type LatencyMs = Record<Percentile, number> | null;

/** The response times of all requests sent, and how many got no response. */
export interface AllRequests {
  responseTime: Histogram;
  /** Requests that ended without a complete response. */
  failed: number;
}

/**
 * A percentile of the response times of all requests sent, in ms. A request without a response ranks above every
 * response, so no failure, however quick, improves a percentile. Infinity if the percentile falls on such a request;
 * undefined if nothing was sent.
 */
export function percentileOfAll({ responseTime, failed }: AllRequests, percentile: number): number | undefined {
  const responses = responseTime.totalCount;
  const sent = responses + failed;
  if (sent === 0) return undefined;
  // Rounding errors must not push an exact rank up to the next one.
  const rank = Math.max(1, Math.ceil((percentile / 100) * sent * (1 - 2 ** -50)));
  if (rank > responses) return Number.POSITIVE_INFINITY;
  // The middle of the rank, so that rounding cannot shift it by one when it is divided by the count and multiplied
  // again.
  return responseTime.getValueAtPercentile((100 * (rank - 0.5)) / responses) / 1_000;
}

/**
 * The value in ms for a request without a response: the plan's timeout, or the longest response time if that is higher.
 */
function unansweredMs({ responseTime }: Pick<AllRequests, "responseTime">, timeoutMs: number): number {
  return Math.max(timeoutMs, responseTime.maxValue / 1_000);
}

/** A histogram of the response times of all requests sent. Requests without a response count as `unansweredMs`. */
export function histogramOfAll(responseTime: Histogram, failed: number, timeoutMs: number): Histogram {
  const all = createHistogram();
  all.add(responseTime);
  if (failed > 0) recordMs(all, unansweredMs({ responseTime }, timeoutMs), failed);
  return all;
}

/** Percentiles of all requests sent, in ms. One that falls on a request without a response is a lower bound. */
export function latencyOfAll(all: AllRequests, timeoutMs: number): LatencyMs {
  if (all.responseTime.totalCount + all.failed === 0) return null;
  const of = (name: Percentile): number =>
    Math.min(percentileOfAll(all, PERCENTILES[name]) ?? 0, unansweredMs(all, timeoutMs));
  return { p50: of("p50"), p90: of("p90"), p95: of("p95"), p99: of("p99"), p999: of("p999"), max: of("max") };
}

/**
 * Whether a percentile falls on a request without a response, by the ledger's counts. If so, its value is a lower
 * bound.
 */
export function isUnanswered({ responses, errors }: { responses: number; errors: number }, name: Percentile): boolean {
  const sent = responses + errors;
  return Math.max(1, Math.ceil((PERCENTILES[name] / 100) * sent * (1 - 2 ** -50))) > responses;
}
