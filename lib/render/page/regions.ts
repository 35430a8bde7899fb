import type { ReportRegion } from "../../report/regionSchema.ts";
import { report } from "./data.ts";
import { type Column, count, element, ms, share, table, words } from "./elements.ts";
import { type Line, plot, SECONDS, seriesColour } from "./plots.ts";
import { clockCell, countColumns, latencyColumns, trafficColumns } from "./tables.ts";

type Row = ReportRegion["chains"][number] & { region: string };

const chainColumns: Column<Row>[] = [
  { title: "Region", cell: ({ region }) => words(region) },
  { title: "Chain", cell: ({ name }) => words(name) },
  { title: "Share", hint: "of the chain's requests", cell: (row) => share(row.share) },
  ...trafficColumns,
  ...countColumns,
  ...latencyColumns,
  { title: "SLO", cell: ({ pass }) => words(pass ? "✓" : "✗", !pass) },
];

const regionColumns: Column<ReportRegion>[] = [
  { title: "Region", cell: ({ name }) => words(name) },
  { title: "State", cell: ({ state }) => words(state, state !== "in order") },
  { title: "Workers", cell: ({ workers }) => count(workers) },
  { title: "Start skew", hint: "its latest worker's, in ms", cell: ({ startSkewMs }) => ms(startSkewMs) },
  {
    title: "Clock",
    hint: "its workers' largest error in ms, and within what it is known",
    cell: ({ clock }) => clockCell(clock),
  },
  { title: "missed", cell: ({ ledger }) => count(ledger.missed, true) },
  ...trafficColumns,
  ...latencyColumns,
];

/** What was sent from each region, and the response time of each chain from each of them. */
export function regionSection(): HTMLElement[] {
  const { regions = [] } = report;
  if (regions.length === 0) return [];
  const rows = regions.flatMap(({ name: region, chains }) => chains.map((chain): Row => ({ ...chain, region })));
  const plots = report.chains.flatMap(({ name }) => {
    const own = rows.filter((row) => row.name === name);
    return [latencyPlot(name, "p50", own), latencyPlot(name, "p99", own)];
  });
  return [
    element("h2", {}, "Regions"),
    table("All chains of each region; times in ms", regionColumns, regions),
    table("Each chain from each region; response time in ms", chainColumns, rows),
    element("div", { class: "plots" }, ...plots),
  ];
}

function latencyPlot(chain: string, percentile: "p50" | "p99", rows: readonly Row[]): HTMLElement {
  const middles = [...new Set(rows.flatMap(({ intervals }) => intervals.map(middleOf)))].sort((a, b) => a - b);
  const lines = rows.map(({ region, intervals }, index): Line => {
    const values = new Map(intervals.map((interval) => [middleOf(interval), interval[percentile]]));
    return { label: region, values: middles.map((at) => values.get(at) ?? null), colour: seriesColour(index) };
  });
  const summary = rows.map(({ region, responseTimeMs }) => `${region} ${ms(responseTimeMs?.[percentile]).text} ms`);
  const title = `Response time ${percentile} of ${chain} by region`;
  return plot([title, `${summary.join(", ")}.`], middles, lines, { x: SECONDS, y: "ms" });
}

function middleOf({ fromMs, toMs }: { fromMs: number; toMs: number }): number {
  return (fromMs + toMs) / 2_000;
}
