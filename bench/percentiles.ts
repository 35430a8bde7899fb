import type { ResponseMs } from "./generators/generator.ts";

/** The exact percentiles of values by nearest rank, the least and the greatest; 0 without values. */
export function percentiles(values: readonly number[]): ResponseMs & { min: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share - 1e-9) - 1)] ?? 0;
  return { min: at(0), p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
}
