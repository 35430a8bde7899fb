import type { Plan } from "../plan/schema.ts";
import { latencyOfAll } from "../results/allRequests.ts";
import { intervalMs as intervalLength, type SecondCounts, UNFINISHED } from "../results/chunk.ts";
import { createHistogram, type Histogram } from "../results/histogram.ts";
import type { SeriesSum } from "../results/seriesSum.ts";
import { heatOf } from "./heat.ts";
import type { LatencyMs, ReportChain } from "./schema.ts";
import { steadyFrom } from "./steady.ts";

/** The part of a plan's run that was measured. */
export interface MeasuredRun {
  plan: Plan;
  /** How long it measured. */
  measuredMs: number;
}

/**
 * The time course of one chain, or of all chains together. `scheduledIn` returns how many requests were due in a
 * second.
 */
export function timelineOf(
  sum: SeriesSum,
  { plan, measuredMs }: MeasuredRun,
  scheduledIn: (second: number) => number,
): Pick<ReportChain, "seconds" | "intervals" | "percentiles" | "heat" | "steady"> {
  const intervals = inOrder(sum);
  return {
    seconds: Array.from({ length: Math.ceil(measuredMs / 1_000) }, (_, second) => ({
      second,
      scheduled: scheduledIn(second),
      ...secondOf(sum.seconds.get(second)),
    })),
    intervals: intervalsOf(sum, plan),
    percentiles: percentileCurve(sum.responseTime()),
    heat: heatOf(intervals.map(([, histogram]) => histogram)),
    steady: steadyOf(sum, intervals, { plan, measuredMs }),
  };
}

/** The response times of each interval. */
export function intervalsOf(sum: SeriesSum, plan: Pick<Plan, "durationMs" | "timeoutMs">): ReportChain["intervals"] {
  const intervalMs = intervalLength(plan.durationMs);
  return inOrder(sum).map(([interval, histogram]) => ({
    fromMs: interval * intervalMs,
    toMs: (interval + 1) * intervalMs,
    count: histogram.totalCount,
    p50: percentileMs(histogram, 50),
    p90: percentileMs(histogram, 90),
    p99: percentileMs(histogram, 99),
    max: histogram.maxValue / 1_000,
    ...allOf(histogram, failedIn(sum, interval * intervalMs, intervalMs), plan.timeoutMs),
  }));
}

function inOrder({ intervals }: SeriesSum): [number, Histogram][] {
  return [...intervals].sort(([a], [b]) => a - b);
}

/** A second's counts, with requests cut off by an abort separate from errors. */
function secondOf(counts: SecondCounts | undefined): Omit<ReportChain["seconds"][number], "second" | "scheduled"> {
  if (!counts) return { sent: 0, missed: 0, valid: 0, invalid: 0, errors: 0 };
  const unfinished = counts.classes?.[UNFINISHED] ?? 0;
  return unfinished === 0 ? counts : { ...counts, errors: counts.errors - unfinished, unfinished };
}

/** Requests that were due in an interval and got no response. */
function failedIn({ seconds }: SeriesSum, fromMs: number, lengthMs: number): number {
  let failed = 0;
  for (let second = fromMs / 1_000; second < (fromMs + lengthMs) / 1_000; second++) {
    failed += secondOf(seconds.get(second)).errors;
  }
  return failed;
}

/** An interval's percentiles over all requests sent, if they differ from those of the responses. */
function allOf(responseTime: Histogram, failed: number, timeoutMs: number) {
  const all = failed === 0 ? null : latencyOfAll({ responseTime, failed }, timeoutMs);
  return all ? { all: { p50: all.p50, p90: all.p90, p99: all.p99 } } : {};
}

/** The part of the run after the initial transient, with its figures. */
function steadyOf(
  sum: SeriesSum,
  intervals: readonly [number, Histogram][],
  { plan, measuredMs }: MeasuredRun,
): ReportChain["steady"] {
  if (plan.profile.type !== "constant" && plan.profile.type !== "limit") return { why: "the rate is not constant" };
  const cut = steadyFrom(intervals.map(([, histogram]) => histogram.getValueAtPercentile(50)));
  if (cut === undefined) return { why: `${intervals.length} intervals are too few to tell` };
  const rest = intervals.slice(cut);
  const fromMs = (rest[0]?.[0] ?? 0) * intervalLength(plan.durationMs);
  const responseTime = createHistogram();
  for (const [, histogram] of rest) responseTime.add(histogram);
  let sent = 0;
  let valid = 0;
  for (const [second, counts] of sum.seconds) {
    if (second * 1_000 < fromMs) continue;
    sent += counts.sent;
    valid += counts.valid;
  }
  return {
    fromMs,
    toMs: measuredMs,
    success: sent === 0 ? null : valid / sent,
    responseTimeMs: latencyOf(responseTime),
  };
}

/** A histogram's percentiles in ms; null if nothing was recorded. */
export function latencyOf(histogram: Histogram): LatencyMs {
  if (histogram.totalCount === 0) return null;
  return {
    p50: percentileMs(histogram, 50),
    p90: percentileMs(histogram, 90),
    p95: percentileMs(histogram, 95),
    p99: percentileMs(histogram, 99),
    p999: percentileMs(histogram, 99.9),
    max: histogram.maxValue / 1_000,
  };
}

function percentileMs(histogram: Histogram, percentile: number): number {
  return histogram.getValueAtPercentile(percentile) / 1_000;
}

/** The distribution at percentiles ever closer to 100, as far as the number of samples supports. */
function percentileCurve(histogram: Histogram): [number, number][] {
  if (histogram.totalCount === 0) return [];
  const curve: [number, number][] = [[0, histogram.minNonZeroValue / 1_000]];
  for (let rest = 1; rest > 1 / histogram.totalCount; rest *= 0.85) {
    const percentile = 100 * (1 - rest * 0.85);
    curve.push([round(percentile, 6), percentileMs(histogram, percentile)]);
  }
  curve.push([100, histogram.maxValue / 1_000]);
  return curve;
}

/** Rounds a number to this many decimal places. */
export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
