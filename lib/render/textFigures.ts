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

export function rate(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 1 });
}

export function percent(share: number | null): string {
  return share === null ? "–" : `${Number((share * 100).toFixed(2))} %`;
}

export function precise(valueMs: number): string {
  return valueMs.toLocaleString("en-US", { maximumFractionDigits: valueMs < 10 ? 2 : 1 });
}

export function ms(value: number | null): string {
  return value === null ? "–" : `${precise(value)} ms`;
}
