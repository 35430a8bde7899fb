import { styleText } from "node:util";
import { faultOf } from "../answers/classes.ts";
import { formatDuration } from "../plan/duration.ts";
import { cleanText } from "../plan/terminal.ts";
import type { LatencyMs, Report, ReportChain, Traffic } from "../report/schema.ts";
import { type Column, renderTable, TEXT_COLUMNS, wrapText } from "../report/table.ts";
import { isUnanswered } from "../results/allRequests.ts";
import { capacityText } from "./capacityText.ts";

/**
 * The report for a terminal of `width` columns: verdict first, then the chains, the workers and what went wrong. Lines
 * wrap, and tables leave out the columns that matter least.
 */
export function renderText(report: Report, colour: boolean, width: number = TEXT_COLUMNS): string {
  const paint = (format: Parameters<typeof styleText>[0], text: string): string =>
    colour ? styleText(format, text, { validateStream: false }) : text;
  const wrap = (text: string): string => wrapText(text, width);
  const parts = [
    wrap(headline(report, paint)),
    wrap(hintLines(report, paint)),
    wrap(eventLines(report)),
    chainTable(report, width),
    sloTable(report, width),
    latencyTable(report, width),
    wrap(phaseLine(report)),
    failureTable(report, width),
    sampleTable(report, width),
    targetTable(report, width),
    timingTable(report, width),
    workerTable(report, width),
    hostTable(report, width),
    ...warmupLines(report, width),
    report.capacity ? capacityText(report.capacity, width) : "",
    ...report.logs.map((log) => wrap(logText(log))),
    ...report.findings.map((finding) => wrap(`finding: ${cleanText(finding)}`)),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;

function headline({ run, verdict, total, startSkewMs, clock }: Report, paint: Paint): string {
  const valid = verdict.valid ? paint("green", "valid run") : paint(["red", "bold"], "INVALID RUN");
  const pass = verdict.pass ? paint("green", "SLO met") : paint(["red", "bold"], "SLO MISSED");
  const lines = [
    `${paint("bold", cleanText(run.name))}: ${valid}, ${pass}  (Volley ${cleanText(run.volley)})`,
    ...verdict.reasons.map((reason) => `  ${paint("yellow", cleanText(reason))}`),
    `${cleanText(run.id)}: ${number(total.ledger.sent)} requests in ${formatDuration(run.measuredMs)} from ${run.workers} ` +
      `${run.workers === 1 ? "worker" : "workers"} to ${cleanText(run.target)}, start skew ${ms(startSkewMs)}${clockText(clock)}` +
      `${run.complete ? "" : ", incomplete"}`,
  ];
  return lines.join("\n");
}

function clockText(clock: Report["clock"]): string {
  if (!clock) return "";
  const bound = `, clocks known to ± ${precise(clock.boundMs)} ms`;
  const off = `; ${clock.corrected} of them corrected, off by up to ${ms(clock.errorMs)}`;
  return clock.corrected > 0 ? `${bound}${off}` : bound;
}

function chainTable({ chains, total }: Report, width: number): string {
  const head: (string | Column)[] = [
    "chain",
    "offered/s",
    "achieved/s",
    "success",
    { title: "scheduled", drop: 4 },
    { title: "sent", drop: 2 },
    "missed",
    { title: "valid", drop: 3 },
    "invalid",
    "errors",
  ];
  const hasTruth = chains.some(({ truth }) => truth);
  const hasUnfinished = total.ledger.unfinished > 0;
  if (hasUnfinished) head.push("in flight at the abort");
  if (hasTruth) head.push({ title: "gateway counted", drop: 1 });
  const row = (name: string, traffic: Traffic, truth: string): string[] => [
    name,
    rate(traffic.offeredRps),
    rate(traffic.achievedRps),
    percent(traffic.success),
    number(traffic.ledger.scheduled),
    number(traffic.ledger.sent),
    number(traffic.ledger.missed),
    number(traffic.ledger.valid),
    number(traffic.ledger.invalid),
    number(traffic.ledger.errors),
    ...(hasUnfinished ? [number(traffic.ledger.unfinished)] : []),
    ...(hasTruth ? [truth] : []),
  ];
  const counted = chains.reduce((sum, { truth }) => sum + (truth?.requests ?? 0), 0);
  const rows = [
    ...chains.map((chain) => row(chain.name, chain, chain.truth ? number(chain.truth.requests) : "–")),
    ...(chains.length > 1 ? [row("all", total, number(counted))] : []),
  ];
  return renderTable(head, rows, width);
}

function latencyTable({ chains, total }: Report, width: number): string {
  const head: (string | Column)[] = [
    "ms",
    "p50",
    { title: "p90", drop: 2 },
    { title: "p95", drop: 3 },
    "p99",
    { title: "p99.9", drop: 1 },
    "max",
    { title: "service p50", drop: 6 },
    { title: "service p99", drop: 4 },
    { title: "lag p50", drop: 7 },
    { title: "lag p99", drop: 5 },
  ];
  const row = (name: string, traffic: Traffic): string[] => [
    name,
    ...all(traffic.responseTimeMs),
    ...some(traffic.serviceTimeMs),
    ...some(traffic.sendLagMs),
  ];
  // Where requests failed, what the SLO is held against stands below what the responses say.
  const rows = (name: string, traffic: Traffic): string[][] => [
    row(name, traffic),
    ...(traffic.ledger.errors > 0 ? [[`${name}, all sent`, ...allSent(traffic), "", "", "", ""]] : []),
  ];
  const lines = [
    ...chains.flatMap((chain) => rows(chain.name, chain)),
    ...(chains.length > 1 ? rows("all", total) : []),
  ];
  return renderTable(head, lines, width);
}

/** Percentiles of all requests sent; one that got no response is a lower bound. */
function allSent({ responseTimeAllMs, ledger }: Traffic): string[] {
  const names = ["p50", "p90", "p95", "p99", "p999", "max"] as const;
  return all(responseTimeAllMs).map((text, place) =>
    responseTimeAllMs && isUnanswered(ledger, names[place] ?? "max") ? `≥ ${text}` : text,
  );
}

/** Most lines of SLOs that a terminal shows; those that were missed come first. */
const MAX_SLO_LINES = 24;

/** The SLO line by line: of chains, and of targets and methods that have one of their own. */
function sloTable({ chains }: Report, width: number): string {
  const lines = chains.flatMap(({ name, slo, targets, methods = [] }) => [
    ...slo.map((line) => ({ of: name, ...line })),
    ...targets.flatMap((target) => target.slo.map((line) => ({ of: `${name}, ${target.name}`, ...line }))),
    ...methods.flatMap(({ method, slo: own }) => own.map((line) => ({ of: `${name}, ${method}`, ...line }))),
  ]);
  const shown = lines.toSorted((a, b) => Number(a.pass) - Number(b.pass)).slice(0, MAX_SLO_LINES);
  if (shown.length === 0) return "";
  const rows = shown.map(({ of, ...line }) => {
    const { name, asked, found } = sloLineText(line);
    return [of, name, asked, found, line.pass ? "✓" : "✗"];
  });
  const more = lines.length > shown.length ? `\nand ${lines.length - shown.length} more lines, all met` : "";
  return `${renderTable(["SLO", "line", "asked", "found", ""], rows, width)}${more}`;
}

/** A line of an SLO in words: what it is of, what was asked, what was found. */
function sloLineText({ line, class: failure = "", limit, found }: ReportChain["slo"][number]) {
  switch (line) {
    case "success":
      return { name: line, asked: `≥ ${percent(limit)}`, found: percent(found) };
    case "class":
      return { name: failure, asked: `≤ ${percent(limit)}`, found: percent(found) };
    case "relay-rate":
      return { name: "valid relays/s", asked: `≥ ${rate(limit)}`, found: rate(found ?? 0) };
    case "cost":
      return { name: "$ per million relays", asked: `≤ ${limit}`, found: found?.toFixed(2) ?? "not measured" };
    default: {
      const name = `${line.replace("p999", "p99.9")} of all sent`;
      return { name, asked: `≤ ${precise(limit)} ms`, found: found === null ? "no response" : `${precise(found)} ms` };
    }
  }
}

function all(latency: LatencyMs): string[] {
  if (!latency) return Array.from({ length: 6 }, () => "–");
  const { p50, p90, p95, p99, p999, max } = latency;
  return [p50, p90, p95, p99, p999, max].map(precise);
}

function some(latency: LatencyMs): string[] {
  return latency ? [latency.p50, latency.p99].map(precise) : ["–", "–"];
}

function hintLines({ hints }: Report, paint: Paint): string {
  return hints
    .map(
      ({ what, evidence, remedy }) =>
        `${paint("bold", cleanText(what))}: ${cleanText(evidence)}.\n  ${cleanText(remedy)}.`,
    )
    .join("\n");
}

/** Events that a terminal shows; the others are in the HTML report. */
const MAX_EVENTS = 8;

function eventLines({ events }: Report): string {
  const lines = events
    .slice(0, MAX_EVENTS)
    .map(
      ({ fromMs, toMs, chain, text }) => `${fromMs / 1_000}–${toMs / 1_000} s, ${cleanText(chain)}: ${cleanText(text)}`,
    );
  const more = events.length - lines.length;
  return [...lines, ...(more > 0 ? [`and ${more} more events`] : [])].join("\n");
}

function phaseLine({ total: { steady, responseTimeMs }, coolDownMs }: Report): string {
  const last = `the last response came ${precise(coolDownMs)} ms after the end`;
  if ("why" in steady) return `no steady state is told (${steady.why}); ${last}`;
  const [p50 = "–", p99 = "–"] = some(steady.responseTimeMs);
  const [wholeP50 = "–", wholeP99 = "–"] = some(responseTimeMs);
  return (
    `steady state (MSER) from ${steady.fromMs / 1_000} s: p50 ${p50} ms, p99 ${p99} ms ` +
    `(whole run ${wholeP50} and ${wholeP99}); ${last}`
  );
}

/** Targets that a terminal shows. */
const MAX_TARGETS = 24;

function targetTable({ chains }: Report, width: number): string {
  const rows = chains.flatMap(({ name, targets }) =>
    targets.map(({ name: target, sent, success, responseTimeMs }) => [
      name,
      target,
      number(sent),
      percent(success),
      ...some(responseTimeMs),
    ]),
  );
  if (rows.length === 0) return "";
  const head = ["chain", "target", { title: "sent", drop: 1 }, "success", { title: "p50", drop: 2 }, "p99"];
  const shown = renderTable(head, rows.slice(0, MAX_TARGETS), width);
  return rows.length > MAX_TARGETS ? `${shown}\nand ${rows.length - MAX_TARGETS} more targets` : shown;
}

function failureTable({ chains }: Report, width: number): string {
  const rows = chains.flatMap((chain) =>
    (["missed", "errors", "invalid", "answers"] as const).flatMap((kind) =>
      Object.entries(chain[kind] ?? {}).map(([name, count]) => [
        chain.name,
        { missed: "missed", errors: "error", invalid: "invalid", answers: "relay" }[kind],
        name,
        kind === "missed" ? "generator" : faultOf(name),
        number(count),
        percent(count / chain.ledger.scheduled),
      ]),
    ),
  );
  const head = ["chain", "what", "class", { title: "whose", drop: 1 }, "count", "of scheduled"];
  return rows.length === 0 ? "" : renderTable(head, rows, width);
}

/** More samples than this are left to the HTML report. */
const MAX_SAMPLES = 12;

/** How much of a sample a line of the terminal has room for. */
const SAMPLE_WIDTH = 90;

function sampleTable({ chains }: Report, width: number): string {
  const rows = chains.flatMap(({ name, samples = [] }) =>
    samples.map(({ class: of, status, code, message, begins }) => {
      const text = cleanText(message ?? begins);
      const shown = text.length > SAMPLE_WIDTH ? `${text.slice(0, SAMPLE_WIDTH)}…` : text;
      return [name, of, String(status), code === undefined ? "" : String(code), shown];
    }),
  );
  if (rows.length === 0) return "";
  const shown = renderTable(["chain", "class", "HTTP", "code", "one of them"], rows.slice(0, MAX_SAMPLES), width);
  return rows.length > MAX_SAMPLES ? `${shown}\nand ${rows.length - MAX_SAMPLES} more` : shown;
}

function timingTable({ chains }: Report, width: number): string {
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

/** More workers than this are left to the HTML report, but for those that were not in order. */
const MAX_WORKERS = 24;

function workerTable({ workers }: Report, width: number): string {
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

/** In fleet mode: what each host's TCP came to, at most. */
function hostTable({ run, workers, generator }: Report, width: number): string {
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

function warmupLines({ chains, run }: Report, width: number): string[] {
  if (run.warmupMs === 0) return [];
  const rows = chains.flatMap(({ name, warmup }) =>
    warmup ? [[name, number(warmup.ledger.sent), number(warmup.ledger.valid), ...some(warmup.responseTimeMs)]] : [],
  );
  return [renderTable([`warm-up of ${formatDuration(run.warmupMs)}`, "sent", "valid", "p50", "p99"], rows, width)];
}

/** Lines of each log that a terminal shows. */
const SHOWN_LINES = 5;

function logText({ source, read, matched, skipped, failed, lines }: Report["logs"][number]): string {
  const shown = lines
    .slice(0, SHOWN_LINES)
    .map(({ atMs, text }) => `  ${(atMs / 1_000).toFixed(1)} s  ${cleanText(text)}`);
  const more = matched > shown.length ? [`  and ${number(matched - shown.length)} more`] : [];
  const unread = skipped > 0 ? [`  at least ${number(skipped)} more lines were not looked at`] : [];
  const gaps = failed.map((why) => `  could not be read at times: ${cleanText(why)}`);
  const head = `log ${cleanText(source)}: ${number(matched)} of ${number(read)} new lines match`;
  return [head, ...shown, ...more, ...unread, ...gaps].join("\n");
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}

function rate(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 1 });
}

function percent(share: number | null): string {
  return share === null ? "–" : `${Number((share * 100).toFixed(2))} %`;
}

function precise(valueMs: number): string {
  return valueMs.toLocaleString("en-US", { maximumFractionDigits: valueMs < 10 ? 2 : 1 });
}

function ms(value: number | null): string {
  return value === null ? "–" : `${precise(value)} ms`;
}
