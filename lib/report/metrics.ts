import type { Sample } from "../observe/prometheus.ts";
import { growth, type Scrape } from "../observe/scrape.ts";
import type { Plan } from "../plan/schema.ts";
import type { Report } from "./schema.ts";

/** Maximum number of series in a report. */
const MAX_SERIES = 48;

/**
 * The gateway's metrics as series over the run: counters become rates; a failed scrape or a missing sample is a gap.
 */
export function metricsOf(scrapes: readonly Scrape[], plan: Plan): Report["metrics"] {
  const names = new Map<string, Sample>();
  for (const { samples } of scrapes) for (const sample of samples) names.set(keyOf(sample), sample);
  const seconds = scrapes.map(({ atMs }) => atMs / 1_000);
  const shown = [...names.keys()].slice(0, MAX_SERIES);
  return shown.map((key) => {
    const values = scrapes.map(({ samples }) => samples.find((sample) => keyOf(sample) === key)?.value);
    const { name } = names.get(key) as Sample;
    const isCounter = /_total$|_count$|_sum$/.test(name) || plan.observe.costs.some(({ metric }) => metric === name);
    if (!isCounter)
      return { name: key, unit: "value" as const, points: seconds.map((at, index) => [at, finite(values[index])]) };
    const rates = growth(values).map((grown, index): [number, number | null] => {
      const length = (seconds[index + 1] ?? 0) - (seconds[index] ?? 0);
      return [seconds[index + 1] ?? 0, grown === undefined || length <= 0 ? null : finite(grown / length)];
    });
    return { name: key, unit: "per second" as const, points: rates };
  });
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? Number(value.toPrecision(6)) : null;
}

function keyOf({ name, labels }: Sample): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(", ")}}`;
}
