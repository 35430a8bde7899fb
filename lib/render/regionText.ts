import { cleanText } from "../plan/terminal.ts";
import type { ReportRegion } from "../report/regionSchema.ts";
import type { Report } from "../report/schema.ts";
import { type Column, renderTable } from "../report/table.ts";
import { ms, number, percent, precise, rate, some } from "./textFigures.ts";

const HEAD: (string | Column)[] = [
  "region",
  "chain",
  { title: "share", drop: 6 },
  { title: "offered/s", drop: 4 },
  "achieved/s",
  "success",
  { title: "missed", drop: 2 },
  { title: "errors", drop: 1 },
  "p50",
  "p99",
];

const WORKER_HEAD: (string | Column)[] = [
  "region",
  "state",
  "workers",
  "start skew",
  { title: "clocks", drop: 1 },
  "lag p50",
  "lag p99",
];

/** What was sent from each region, and how its workers kept to the schedule. Empty for a plan without regions. */
export function regionText({ regions = [] }: Report, width: number): string {
  if (regions.length === 0) return "";
  const rows = regions.flatMap((region) => region.chains.map((chain) => chainRow(region.name, chain)));
  const workers = regions.map(({ name, state, workers: count, startSkewMs, clock, sendLagMs }) => [
    cleanText(name),
    state,
    number(count),
    ms(startSkewMs),
    clock ? `± ${precise(clock.boundMs)} ms${clock.corrected > 0 ? `, ${clock.corrected} corrected` : ""}` : "–",
    ...some(sendLagMs),
  ]);
  return `${renderTable(HEAD, rows, width)}\n\n${renderTable(WORKER_HEAD, workers, width)}`;
}

function chainRow(region: string, { name, share, ...traffic }: ReportRegion["chains"][number]): string[] {
  const { offeredRps, achievedRps, success, ledger, responseTimeMs } = traffic;
  return [
    cleanText(region),
    name,
    percent(share),
    rate(offeredRps),
    rate(achievedRps),
    percent(success),
    number(ledger.missed),
    number(ledger.errors),
    ...some(responseTimeMs),
  ];
}
