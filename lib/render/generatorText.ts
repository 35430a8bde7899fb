import { cleanText } from "../plan/terminal.ts";
import type { Report } from "../report/schema.ts";
import { type Column, renderTable, wrapText } from "../report/table.ts";
import { all, ms, number, percent, precise, rate, some } from "./textFigures.ts";

export function timingTable({ chains }: Report, width: number): string {
  const rows = chains.flatMap(({ name, timingsMs }) =>
    Object.entries(timingsMs).map(([timing, latency]) => [name, timing, ...all(latency)]),
  );
  const head: (string | Column)[] = [
    "chain",
    "part, ms",
    "p50",
    { title: "p90", drop: 2 },
    { title: "p95", drop: 1 },
    "p99",
    { title: "p99.9", drop: 3 },
    "max",
  ];
  return rows.length === 0 ? "" : renderTable(head, rows, width);
}

/** With more workers than this, only those with problems are shown; the rest are in the HTML report. */
const MAX_WORKERS = 24;

export function workerTable({ workers }: Report, width: number): string {
  const head: (string | Column)[] = [
    "worker",
    "chain",
    { title: "offered/s", drop: 5 },
    "achieved/s",
    "success",
    { title: "p50", drop: 3 },
    "p99",
    "lag p99",
    { title: "skew", drop: 4 },
    { title: "cpu", drop: 2 },
    { title: "MB", drop: 6 },
    { title: "end", drop: 1 },
  ];
  const isOdd = (worker: Report["workers"][number]): boolean =>
    worker.outlier.length > 0 || worker.outcomes.some((each) => each !== "completed");
  const shown = workers.length <= MAX_WORKERS ? workers : workers.filter(isOdd).slice(0, MAX_WORKERS);
  if (shown.length === 0) return "";
  const rows = shown.map((worker) => [
    worker.id,
    worker.chains.join(" "),
    rate(worker.offeredRps),
    rate(worker.achievedRps),
    percent(worker.success),
    ...some(worker.responseTimeMs),
    worker.sendLagMs ? precise(worker.sendLagMs.p99) : "–",
    ms(worker.startSkewMs),
    percent(worker.health.cpu),
    number(Math.round(worker.health.residentMb)),
    worker.outcomes.join(" "),
  ]);
  const odd = workers.flatMap(({ id, outlier }) =>
    outlier.length > 0 ? [cleanText(`${id} stands out: ${outlier.join("; ")}`)] : [],
  );
  const notes = odd.slice(0, MAX_WORKERS).map((line) => wrapText(line, width));
  return [renderTable(head, rows, width), ...notes].join("\n");
}

/** In fleet mode: the maximum of each host's TCP figures. */
export function hostTable({ run, workers, generator }: Report, width: number): string {
  if (run.mode !== "fleet") return "";
  const rows = generator.workers.map(({ id, points }) => {
    const hosts = workers.find((worker) => worker.id === id)?.hosts.join(" ") ?? "";
    const most = (read: (point: (typeof points)[number]) => number | null): number =>
      Math.max(0, ...points.map((point) => read(point) ?? 0));
    const left = points.flatMap(({ portsLeft }) => portsLeft ?? []);
    const retransmits = points.reduce((sum, point) => sum + (point.retransmits ?? 0), 0);
    return [
      hosts,
      id,
      number(most(({ inFlight }) => inFlight)),
      number(most(({ established }) => established)),
      number(most(({ timeWait }) => timeWait)),
      left.length === 0 ? "–" : number(Math.min(...left)),
      number(retransmits),
    ];
  });
  const head = ["host", "worker", "in flight", "ESTAB", "TIME-WAIT", "ports left", "sent again"];
  return rows.length === 0 ? "" : renderTable(head, rows, width);
}
