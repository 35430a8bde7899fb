import { createHistogram, HIGHEST_US, type Histogram } from "./histogram.ts";

/** The percentiles that a report gives, by their names. */
export const PERCENTILES = { p50: 50, p90: 90, p95: 95, p99: 99, p999: 99.9, max: 100 } as const;

export type Percentile = keyof typeof PERCENTILES;

/** Percentiles in ms; null where nothing was measured. */
export type LatencyMs = Record<Percentile, number> | null;

/** Requests of which the response time is asked: the responses', and how many got none. */
export interface AllRequests {
  responseTime: Histogram;
  /** Requests that ended without a complete response. */
  failed: number;
}

/**
 * A percentile of the response times of all requests sent, in ms. One without a response was never answered: it ranks
 * above every response, so that no failure, however quick, makes any percentile better. Infinity where the percentile is
 * one of those, undefined where nothing was sent.
 */
export function percentileOfAll({ responseTime, failed }: AllRequests, percentile: number): number | undefined {
  const responses = responseTime.totalCount;
  const sent = responses + failed;
  if (sent === 0) return undefined;
  // What floating point adds to an exact count must not lead to the next one.
  const rank = Math.max(1, Math.ceil((percentile / 100) * sent * (1 - 2 ** -50)));
  if (rank > responses) return Number.POSITIVE_INFINITY;
  // The middle of the rank, so that dividing it by the count and multiplying again cannot lose or gain one.
  return responseTime.getValueAtPercentile((100 * (rank - 0.5)) / responses) / 1_000;
}

/** What a request without a response counts as in figures, in ms: the plan's timeout, or a response that took longer. */
function unansweredMs({ responseTime }: Pick<AllRequests, "responseTime">, timeoutMs: number): number {
  return Math.max(timeoutMs, responseTime.maxValue / 1_000);
}

/** The response times of all requests sent as a histogram, those without a response as figures count them. */
export function histogramOfAll(responseTime: Histogram, failed: number, timeoutMs: number): Histogram {
  const all = createHistogram();
  all.add(responseTime);
  if (failed > 0)
    all.record(Math.min(HIGHEST_US, Math.round(unansweredMs({ responseTime }, timeoutMs) * 1_000)), failed);
  return all;
}

/** Percentiles of all requests sent, in ms; where one of them is a request without a response it is a lower bound. */
export function latencyOfAll(all: AllRequests, timeoutMs: number): LatencyMs {
  if (all.responseTime.totalCount + all.failed === 0) return null;
  const of = (name: Percentile): number =>
    Math.min(percentileOfAll(all, PERCENTILES[name]) ?? 0, unansweredMs(all, timeoutMs));
  return { p50: of("p50"), p90: of("p90"), p95: of("p95"), p99: of("p99"), p999: of("p999"), max: of("max") };
}

/** Whether a percentile of all requests is one without a response, by the ledger: then its figure is a lower bound. */
export function isUnanswered({ responses, errors }: { responses: number; errors: number }, name: Percentile): boolean {
  const sent = responses + errors;
  return Math.max(1, Math.ceil((PERCENTILES[name] / 100) * sent * (1 - 2 ** -50))) > responses;
}
