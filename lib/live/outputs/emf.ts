import type { Report } from "../../report/schema.ts";
import { type Chunk, total } from "../../results/chunk.ts";

/** CloudWatch's namespace and dimension of a deployment's own metrics; the dimension's value is the stack's name. */
export const EMF_NAMESPACE = "Volley";
export const EMF_DIMENSION = "Stack";

/** The metrics: counts while a run sends, and a percentile of each run when it has its report. */
export const EMF_METRICS = {
  Sent: "Count",
  Relays: "Count",
  Failed: "Count",
  Missed: "Count",
  ResponseTimeP99: "Milliseconds",
} as const;

type Figures = Partial<Record<keyof typeof EMF_METRICS, number>>;

/** What a worker's flush counted, as a line for its log in which CloudWatch finds metrics. */
export function emfOfChunk(stack: string, { series, atMs }: Chunk, startAtMs: number): string {
  const figures = { Sent: 0, Relays: 0, Failed: 0, Missed: 0 };
  for (const each of series) {
    figures.Sent += each.sent;
    figures.Relays += each.valid;
    figures.Failed += total(each.errors) + total(each.invalid);
    figures.Missed += total(each.missed);
  }
  return lineOf(stack, figures, startAtMs + atMs);
}

/** A run's p99 of all requests sent, in the same form; undefined if it is not known. */
export function emfOfReport(stack: string, { total }: Report, atMs: number): string | undefined {
  const { p99 } = total.responseTimeAllMs ?? {};
  return typeof p99 === "number" ? lineOf(stack, { ResponseTimeP99: p99 }, atMs) : undefined;
}

/** A line in CloudWatch's embedded metric format, with its line break. */
function lineOf(stack: string, figures: Figures, atMs: number): string {
  const names = Object.keys(figures) as (keyof typeof EMF_METRICS)[];
  const Metrics = names.map((Name) => ({ Name, Unit: EMF_METRICS[Name] }));
  const directive = { Namespace: EMF_NAMESPACE, Dimensions: [[EMF_DIMENSION]], Metrics };
  const _aws = { Timestamp: Math.round(atMs), CloudWatchMetrics: [directive] };
  return `${JSON.stringify({ _aws, [EMF_DIMENSION]: stack, ...figures })}\n`;
}
