import type { LatencyMs, Report } from "../report/schema.ts";
import { renderTable } from "../report/table.ts";
import { number, rate } from "./textFigures.ts";

/**
 * The subscribers' results, in two tables: what they received, and how they connected. Empty if there are no
 * subscribers.
 */
export function subscriptionText({ chains }: Report, width: number): string {
  const all = chains.flatMap(({ name, subscriptions = [] }) => subscriptions.map((each) => ({ chain: name, ...each })));
  if (all.length === 0) return "";
  const received = all.map((each) => [
    each.chain,
    each.name,
    number(each.notifications),
    number(each.expected),
    number(each.missed),
    number(each.doubled),
    number(each.silent),
    ms(each.lagMs, "p50"),
    ms(each.lagMs, "p99"),
    ms(each.lagMs, "max"),
  ]);
  const connected = all.map((each) => [
    each.chain,
    each.name,
    number(each.subscribers),
    number(each.subscribed),
    number(sum(each.failures)),
    number(sum(each.drops)),
    number(each.handedOver),
    ms(each.subscribeMs, "p50"),
    ms(each.subscribeMs, "p99"),
    [...Object.keys(each.failures), ...Object.keys(each.drops)].slice(0, 3).join(", ") || "–",
  ]);
  const head = ["chain", "subscription"];
  const receipt = ["notifications", "due", "missed", "doubled", "silent", "lag p50", "p99", { title: "max", drop: 1 }];
  const connection = ["subscribers", "subscribed", "failed", "dropped", { title: "handed over", drop: 2 }];
  return [
    renderTable([...head, ...receipt], received, width),
    renderTable([...head, ...connection, "to subscribe p50", "p99", { title: "why", drop: 1 }], connected, width),
  ].join("\n\n");
}

/** What happened to the sockets that carry calls, chain by chain. Empty if there are none. */
export function socketText({ chains }: Report, width: number): string {
  const rows = chains.flatMap(({ name, sockets }) =>
    sockets
      ? [
          [
            name,
            number(sockets.opened),
            number(sum(sockets.closed)),
            number(sum(sockets.refused)),
            number(sockets.unmatched),
            `${number(Math.round(sockets.bufferedBytes / 1_024))} KiB`,
          ],
        ]
      : [],
  );
  const head = [
    "chain",
    "sockets opened",
    "closed",
    "refused",
    "unmatched messages",
    { title: "most waiting", drop: 1 },
  ];
  return rows.length === 0 ? "" : renderTable(head, rows, width);
}

function sum(tally: Readonly<Record<string, number>>): number {
  return Object.values(tally).reduce((all, each) => all + each, 0);
}

function ms(latency: LatencyMs, name: "p50" | "p99" | "max"): string {
  return latency === null ? "–" : `${rate(latency[name])} ms`;
}
