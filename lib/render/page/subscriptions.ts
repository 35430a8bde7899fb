import type { ReportSubscription } from "../../report/subscriptionSchema.ts";
import { report } from "./data.ts";
import { type Column, count, element, ms, table, words } from "./elements.ts";
import { type Line, plot, SECONDS, seriesColour } from "./plots.ts";

type Row = ReportSubscription & { chain: string };

const names: Column<Row>[] = [
  { title: "Chain", cell: ({ chain }) => words(chain) },
  { title: "Subscription", cell: ({ name }) => words(name) },
];

const received: Column<Row>[] = [
  ...names,
  { title: "Notifications", cell: ({ notifications }) => count(notifications) },
  { title: "Announced", hint: "different blocks, logs or transactions", cell: ({ items }) => count(items) },
  { title: "Due", hint: "of each thing, by the subscribers that were there", cell: ({ expected }) => count(expected) },
  { title: "Missed", hint: "due and never received, by hash", cell: ({ missed }) => count(missed, true) },
  {
    title: "by number",
    hint: "the same by the block's number",
    cell: ({ missedByNumber }) => count(missedByNumber, true),
  },
  { title: "Doubled", cell: ({ doubled }) => count(doubled, true) },
  { title: "Gaps", hint: "jumps over a block's number", cell: ({ gaps }) => count(gaps, true) },
  {
    title: "Silent",
    hint: "subscribers that received nothing more at their end",
    cell: ({ silent }) => count(silent, true),
  },
  { title: "Lag p50", hint: "behind the first subscriber, in ms", cell: ({ lagMs }) => ms(lagMs?.p50) },
  { title: "p99", cell: ({ lagMs }) => ms(lagMs?.p99) },
  { title: "max", cell: ({ lagMs }) => ms(lagMs?.max) },
];

const connected: Column<Row>[] = [
  ...names,
  { title: "Subscribers", cell: ({ subscribers }) => count(subscribers) },
  { title: "Subscribed", hint: "again after a drop included", cell: ({ subscribed }) => count(subscribed) },
  {
    title: "To subscribe p50",
    hint: "handshake and eth_subscribe, in ms",
    cell: ({ subscribeMs }) => ms(subscribeMs?.p50),
  },
  { title: "p99", cell: ({ subscribeMs }) => ms(subscribeMs?.p99) },
  { title: "Failed", cell: ({ failures }) => words(tallyText(failures), tallyText(failures) !== "–") },
  { title: "Dropped", cell: ({ drops }) => words(tallyText(drops), tallyText(drops) !== "–") },
  { title: "Missed while dropped", cell: ({ missedWhileDropped }) => count(missedWhileDropped, true) },
  { title: "Handed over", hint: "at the border of two segments", cell: ({ handedOver }) => count(handedOver) },
  { title: "Missed then", cell: ({ missedAtHandOver }) => count(missedAtHandOver, true) },
];

function tallyText(tally: Readonly<Record<string, number>>): string {
  return (
    Object.entries(tally)
      .map(([name, each]) => `${name} ${each}`)
      .join(", ") || "–"
  );
}

/** How subscribers fared, and the lag of what they received over the run. */
export function subscriptionSection(): HTMLElement[] {
  const rows = report.chains.flatMap(({ name, subscriptions = [] }) =>
    subscriptions.map((each): Row => ({ chain: name, ...each })),
  );
  if (rows.length === 0) return socketSection();
  const place = element("div", { class: "plots" }, ...rows.flatMap(lagPlots));
  return [
    element("h2", {}, "Subscribers"),
    table("What they received", received, rows),
    table("How they connected", connected, rows),
    place,
    ...socketSection(),
  ];
}

function lagPlots({ chain, name, intervals }: Row): HTMLElement[] {
  if (intervals.length === 0) return [];
  const x = intervals.map(({ fromMs }) => fromMs / 1_000);
  const line = (label: string, values: (number | null)[], index: number): Line => ({
    label,
    values,
    colour: seriesColour(index),
  });
  const lags = [
    line(
      "p50",
      intervals.map(({ p50 }) => p50),
      0,
    ),
    line(
      "p99",
      intervals.map(({ p99 }) => p99),
      1,
    ),
  ];
  const counts = [
    line(
      "received",
      intervals.map(({ received: each }) => each),
      2,
    ),
    line(
      "missed",
      intervals.map(({ missed }) => missed),
      3,
    ),
  ];
  return [
    plot([`Lag of ${chain}, ${name}`, "Behind the first subscriber."], x, lags, { x: SECONDS, y: "ms" }),
    plot([`Notifications of ${chain}, ${name}`, "In each interval."], x, counts, { x: SECONDS, y: "" }),
  ];
}

function socketSection(): HTMLElement[] {
  const rows = report.chains.flatMap(({ name, sockets }) => (sockets ? [{ name, ...sockets }] : []));
  if (rows.length === 0) return [];
  type Socket = (typeof rows)[number];
  const columns: Column<Socket>[] = [
    { title: "Chain", cell: ({ name }) => words(name) },
    { title: "Opened", cell: ({ opened }) => count(opened) },
    { title: "Closed", cell: ({ closed }) => words(tallyText(closed)) },
    { title: "Refused", cell: ({ refused }) => words(tallyText(refused)) },
    { title: "Unmatched", hint: "messages that no call waited for", cell: ({ unmatched }) => count(unmatched, true) },
    { title: "Most bytes waiting", hint: "in one socket, for the other side", cell: (row) => count(row.bufferedBytes) },
  ];
  return [element("h2", {}, "WebSockets"), table("The sockets that carry calls", columns, rows)];
}
