import { csvField } from "../../report/escape.ts";
import type { Report, ReportChain } from "../../report/schema.ts";

type Row = (string | number | null)[];

const HEAD = [
  ...["second", "chain", "scheduled", "sent", "missed", "valid", "invalid", "errors"],
  ...["p50_ms", "p90_ms", "p99_ms", "all_p50_ms", "all_p90_ms", "all_p99_ms"],
];

/** Further columns of a report with subscribers. */
const SUBSCRIPTION_HEAD = [
  ...["subscription", "received", "due", "missed_notifications", "doubled", "dropped"],
  ...["lag_p50_ms", "lag_p99_ms", "subscribe_p50_ms", "subscribe_p99_ms"],
];

/**
 * The run second by second and chain by chain, as CSV (RFC 4180). A second's response times are those of the report's
 * interval that contains it: once for responses, once for all requests sent. Each subscription has a row for each
 * interval, at its first second, with the time to subscribe over the whole run.
 */
export function renderCsv({ chains }: Report): string {
  const hasSubscriptions = chains.some(({ subscriptions }) => subscriptions);
  const rows = chains.flatMap((chain) => [...secondRows(chain), ...subscriptionRows(chain)]);
  rows.sort(([a], [b]) => Number(a) - Number(b));
  const head = hasSubscriptions ? [...HEAD, ...SUBSCRIPTION_HEAD] : HEAD;
  const whole = rows.map((row) => head.map((_, place) => row[place] ?? null));
  return `${[head, ...whole].map((row) => row.map(csvField).join(",")).join("\r\n")}\r\n`;
}

function secondRows({ name, seconds, intervals }: ReportChain): Row[] {
  return seconds.map(({ second, scheduled, sent, missed, valid, invalid, errors }) => [
    second,
    name,
    scheduled,
    sent,
    missed,
    valid,
    invalid,
    errors,
    ...timesAt(intervals, second * 1_000),
  ]);
}

function timesAt(intervals: ReportChain["intervals"], atMs: number): (number | null)[] {
  const interval = intervals.find(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs);
  if (!interval) return [null, null, null, null, null, null];
  const { p50, p90, p99, all = { p50, p90, p99 } } = interval;
  return [p50, p90, p99, all.p50, all.p90, all.p99];
}

function subscriptionRows({ name: chain, subscriptions = [] }: ReportChain): Row[] {
  const blanks = HEAD.slice(2).map(() => null);
  return subscriptions.flatMap(({ name, intervals, subscribeMs }) =>
    intervals.map(({ fromMs, received, expected, missed, doubled, dropped, p50, p99 }) => [
      ...[fromMs / 1_000, chain, ...blanks, name, received, expected, missed, doubled, dropped, p50, p99],
      ...[subscribeMs?.p50 ?? null, subscribeMs?.p99 ?? null],
    ]),
  );
}
