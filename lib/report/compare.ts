import { cleanText } from "../plan/terminal.ts";
import { boundText, isLowerBound } from "./lowerBound.ts";
import type { Report, ReportChain } from "./schema.ts";
import { renderTable, TEXT_COLUMNS, wrapText } from "./table.ts";
import { type Figure, TOLERANCES, type Tolerances } from "./tolerances.ts";

/** One figure of one chain in two runs. */
export interface Difference {
  chain: string;
  metric: Figure;
  before: number | null;
  after: number | null;
  /** Whether each is only a lower bound: a percentile that falls on a request without a response. */
  isLowerBound: { before: boolean; after: boolean };
  /** (after − before) ÷ before. */
  change: number | null;
  /** The probability of a difference this large if the runs were alike; null if there are too few slices. */
  pValue: number | null;
  /** Whether the difference is real: p below SIGNIFICANCE. */
  isReal: boolean;
  /** Whether it is real, a regression, and beyond the tolerance. */
  isWorse: boolean;
}

const SIGNIFICANCE = 0.01;
const FEWEST_SLICES = 5;

/** Figures for which lower is worse; for times, higher is worse. */
const WORSE_WHEN_LOWER = new Set<Figure>(["success", "achievedRps"]);

/**
 * The differences between two runs, chain by chain. A rank test (Mann–Whitney, with ties) over slices of time decides
 * whether a difference is real. For response times the slices are the report's intervals; for success and rate, its
 * seconds.
 */
export function compareReports(before: Report, after: Report, tolerances: Tolerances = TOLERANCES): Difference[] {
  return after.chains.flatMap((chain) => {
    const earlier = before.chains.find(({ name }) => name === chain.name);
    if (!earlier) return [];
    return (["success", "achievedRps", "p50", "p90", "p99"] as const).map((metric) =>
      difference(metric, earlier, chain, tolerances[metric]),
    );
  });
}

function difference(metric: Figure, before: ReportChain, after: ReportChain, tolerance: number): Difference {
  const [from, to] = [figureOf(before, metric), figureOf(after, metric)];
  const isBound = (chain: ReportChain): boolean => isPercentile(metric) && isLowerBound(chain, metric);
  const change = from === null || to === null || from === 0 ? null : (to - from) / from;
  const [a, b] = [slicesOf(before, metric), slicesOf(after, metric)];
  const pValue = Math.min(a.length, b.length) < FEWEST_SLICES ? null : rankTest(a, b);
  const isReal = pValue !== null && pValue < SIGNIFICANCE;
  const worse = change === null ? 0 : WORSE_WHEN_LOWER.has(metric) ? -change : change;
  return {
    chain: after.name,
    metric,
    before: from,
    after: to,
    isLowerBound: { before: isBound(before), after: isBound(after) },
    change,
    pValue,
    isReal,
    isWorse: isReal && worse > tolerance,
  };
}

function figureOf(chain: ReportChain, metric: Figure): number | null {
  if (!isPercentile(metric)) return chain[metric];
  return (chain.responseTimeAllMs ?? chain.responseTimeMs)?.[metric] ?? null;
}

function isPercentile(metric: Figure): metric is "p50" | "p90" | "p99" {
  return metric !== "success" && metric !== "achievedRps";
}

function slicesOf({ seconds, intervals }: ReportChain, metric: Figure): number[] {
  if (metric === "success") return seconds.flatMap(({ sent, valid }) => (sent > 0 ? [valid / sent] : []));
  if (metric === "achievedRps") return seconds.map(({ sent }) => sent);
  return intervals.flatMap((each) => (each.count > 0 ? [each.all?.[metric] ?? each[metric]] : []));
}

/** The two-sided p-value of Mann and Whitney's U, by its normal approximation with the correction for ties. */
export function rankTest(a: readonly number[], b: readonly number[]): number {
  const all = [...a.map((value) => ({ value, first: true })), ...b.map((value) => ({ value, first: false }))];
  all.sort((x, y) => x.value - y.value);
  let rankSum = 0;
  let ties = 0;
  for (let from = 0; from < all.length; ) {
    let to = from;
    while (to < all.length && all[to]?.value === all[from]?.value) to++;
    const count = to - from;
    ties += count ** 3 - count;
    for (let index = from; index < to; index++) if (all[index]?.first) rankSum += (from + to + 1) / 2;
    from = to;
  }
  const [n, m, total] = [a.length, b.length, all.length];
  const u = rankSum - (n * (n + 1)) / 2;
  const variance = ((n * m) / 12) * (total + 1 - ties / (total * (total - 1)));
  if (variance <= 0) return 1;
  const z = Math.max(0, Math.abs(u - (n * m) / 2) - 0.5) / Math.sqrt(variance);
  return Math.min(1, 2 * upperTail(z));
}

/** The upper tail of the standard normal distribution (Abramowitz and Stegun 26.2.17; accurate to 7.5e-8). */
function upperTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
}

/** Two runs and their differences. */
export interface Comparison {
  before: string;
  after: string;
  differences: Difference[];
  /** What the reader needs to know to interpret them. */
  notes: string[];
}

/** Compares a run with an earlier one. */
export function compareRuns(before: Report, after: Report, tolerances: Tolerances = TOLERANCES): Comparison {
  const missing = before.chains.filter(({ name }) => !after.chains.some((chain) => chain.name === name));
  return {
    before: before.run.id,
    after: after.run.id,
    differences: compareReports(before, after, tolerances),
    notes: [
      ...missing.map(({ name }) => `${name} is not in the second run`),
      ...[before, after]
        .filter(({ verdict }) => !verdict.valid)
        .map(({ run }) => `${run.id} is not a valid run: its figures tell about the generator too`),
    ],
  };
}

/** Formats a comparison as a table for a terminal. */
export function compareText({ before, after, differences, notes }: Comparison, width: number = TEXT_COLUMNS): string {
  const rows = differences.map((difference) => [
    difference.chain,
    METRIC_TITLES[difference.metric],
    figureText(difference, "before"),
    figureText(difference, "after"),
    changeText(difference),
    pText(difference),
    difference.isWorse ? "WORSE" : kindText(difference),
  ]);
  return [
    wrapText(cleanText(`${before} → ${after}`), width),
    renderTable(["chain", "figure", "before", "after", "change", { title: "p", drop: 1 }, "which is"], rows, width),
    wrapText(
      "p: rank test (Mann–Whitney) over slices of time; real below 0.01; WORSE beyond the tolerance; unknown if a run is " +
        "too short to tell",
      width,
    ),
    ...notes.map((note) => wrapText(cleanText(note), width)),
    "",
  ].join("\n");
}

/** Display names of the figures. */
export const METRIC_TITLES: Record<Figure, string> = {
  success: "success",
  achievedRps: "achieved/s",
  p50: "p50 ms",
  p90: "p90 ms",
  p99: "p99 ms",
};

/** What a difference is that is no regression: real, noise, or unknown if the runs were too short to tell. */
export function kindText({ isReal, pValue }: Difference): string {
  if (pValue === null) return "unknown";
  return isReal ? "real" : "noise";
}

/** A change in percent. */
export function changeText({ change }: Difference): string {
  return change === null ? "–" : `${change > 0 ? "+" : ""}${(change * 100).toFixed(2)} %`;
}

/** The p-value, or why there is none. */
export function pText({ pValue }: Difference): string {
  return pValue === null ? "too few slices" : pValue < 0.001 ? "< 0.001" : pValue.toFixed(3);
}

/** A figure of one of the two runs, formatted for its kind. */
export function figureText({ metric, isLowerBound: isBound, ...values }: Difference, run: "before" | "after"): string {
  const value = values[run];
  if (value === null) return "–";
  return metric === "success"
    ? `${(value * 100).toFixed(3)} %`
    : boundText(value.toLocaleString("en-US", { maximumFractionDigits: 2 }), isBound[run]);
}
