import { csvField } from "../../report/escape.ts";
import type { Report, ReportChain } from "../../report/schema.ts";

const HEAD = [
  ...["second", "chain", "scheduled", "sent", "missed", "valid", "invalid", "errors"],
  ...["p50_ms", "p90_ms", "p99_ms", "all_p50_ms", "all_p90_ms", "all_p99_ms"],
];

/**
 * The run second by second and chain by chain, as CSV (RFC 4180). A second's response times are those of the report's
 * interval that contains it: once for responses, once for all requests sent.
 */
export function renderCsv({ chains }: Report): string {
  const rows = chains.flatMap(({ name, seconds, intervals }) =>
    seconds.map(({ second, scheduled, sent, missed, valid, invalid, errors }) => [
      second,
      name,
      scheduled,
      sent,
      missed,
      valid,
      invalid,
      errors,
      ...timesAt(intervals, second * 1_000),
    ]),
  );
  rows.sort(([a], [b]) => Number(a) - Number(b));
  return `${[HEAD, ...rows].map((row) => row.map(csvField).join(",")).join("\r\n")}\r\n`;
}

function timesAt(intervals: ReportChain["intervals"], atMs: number): (number | null)[] {
  const interval = intervals.find(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs);
  if (!interval) return [null, null, null, null, null, null];
  const { p50, p90, p99, all = { p50, p90, p99 } } = interval;
  return [p50, p90, p99, all.p50, all.p90, all.p99];
}
