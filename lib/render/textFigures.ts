import type { LatencyMs } from "../report/schema.ts";

export function all(latency: LatencyMs): string[] {
  if (!latency) return Array.from({ length: 6 }, () => "–");
  const { p50, p90, p95, p99, p999, max } = latency;
  return [p50, p90, p95, p99, p999, max].map(precise);
}

export function some(latency: LatencyMs): string[] {
  return latency ? [latency.p50, latency.p99].map(precise) : ["–", "–"];
}

export function number(value: number): string {
  return value.toLocaleString("en-US");
}

export function rate(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  const isSmall = value > 0 && value < 1;
  return value.toLocaleString("en-US", isSmall ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 1 });
}

export function between(interval: readonly [number, number] | null): string {
  return interval ? `${rate(interval[0])} … ${rate(interval[1])}` : "–";
}

export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? "–" : `${Number((share * 100).toFixed(2))} %`;
}

/** A share in percent, rounded down: only what is whole says 100 %. */
export function flooredPercent(share: number | null | undefined): string {
  return share === null || share === undefined ? "–" : `${Math.floor(share * 100_000) / 1_000} %`;
}

export function precise(valueMs: number): string {
  return valueMs.toLocaleString("en-US", { maximumFractionDigits: valueMs < 10 ? 2 : 1 });
}

export function ms(value: number | null): string {
  return value === null ? "–" : `${precise(value)} ms`;
}
