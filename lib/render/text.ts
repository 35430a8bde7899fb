import { styleText } from "node:util";
import { formatDuration } from "../plan/duration.ts";
import { cleanText } from "../plan/terminal.ts";
import { boundText, isLowerBound } from "../report/lowerBound.ts";
import type { Report, Traffic } from "../report/schema.ts";
import { isFloor, isResponseTime, lineName, nothingFound, type SloResult, unitOf } from "../report/sloLine.ts";
import { type Column, renderTable, TEXT_COLUMNS, wrapText } from "../report/table.ts";
import { roundUsd } from "../report/units.ts";
import { blockAgeText } from "./blockAgeText.ts";
import { capacityText } from "./capacityText.ts";
import { computeUnitsText } from "./computeUnitsText.ts";
import { failureTable, logText, sampleTable } from "./failureText.ts";
import { hostTable, timingTable, workerTable } from "./generatorText.ts";
import { lookupText } from "./lookupText.ts";
import { nodeText } from "./nodeText.ts";
import { limitText, rateLimitText } from "./rateLimitText.ts";
import { regionText } from "./regionText.ts";
import { socketText, subscriptionText } from "./subscriptionText.ts";
import { all, ms, number, percent, precise, rate, some } from "./textFigures.ts";

/**
 * The report for a terminal of `width` columns: the verdict first, then the chains, the workers and what went wrong.
 * Lines wrap, and tables drop the least important columns.
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
    regionText(report, width),
    wrap(phaseLine(report)),
    computeUnitsText(report, width),
    subscriptionText(report, width),
    socketText(report, width),
    failureTable(report, width),
    sampleTable(report, width),
    rateLimitText(report, width),
    limitText(report, width),
    lookupText(report, width),
    blockAgeText(report, width),
    targetTable(report, width),
    nodeText(report, width),
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
  // If requests failed, the figures that the SLO is checked against are shown below those of the responses.
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

/** Percentiles over all requests sent; a percentile without a response is shown as a lower bound. */
function allSent(traffic: Traffic): string[] {
  const names = ["p50", "p90", "p95", "p99", "p999", "max"] as const;
  return all(traffic.responseTimeAllMs).map((text, place) =>
    boundText(text, isLowerBound(traffic, names[place] ?? "max")),
  );
}

/** Maximum number of SLO lines in a terminal; missed ones come first. */
const MAX_SLO_LINES = 24;

/** The SLO line by line: of chains, and of targets and methods that have a separate SLO. */
function sloTable({ chains, regions = [] }: Report, width: number): string {
  const lines = [
    ...chains.flatMap(({ name, slo, targets, methods = [] }) => [
      ...slo.map((line) => ({ of: name, ...line })),
      ...targets.flatMap((target) => target.slo.map((line) => ({ of: `${name}, ${target.name}`, ...line }))),
      ...methods.flatMap(({ method, slo: own }) => own.map((line) => ({ of: `${name}, ${method}`, ...line }))),
    ]),
    ...regions.flatMap((region) =>
      region.chains.flatMap(({ name, slo }) => slo.map((line) => ({ of: `${name} from ${region.name}`, ...line }))),
    ),
  ];
  const shown = lines.toSorted((a, b) => Number(a.pass) - Number(b.pass)).slice(0, MAX_SLO_LINES);
  if (shown.length === 0) return "";
  const rows = shown.map(({ of, ...line }) => {
    const { name, asked, found } = sloLineText(line);
    return [of, name, asked, found, line.pass ? "✓" : "✗"];
  });
  const more = lines.length > shown.length ? `\nand ${lines.length - shown.length} more lines, all met` : "";
  return `${renderTable(["SLO", "line", "asked", "found", ""], rows, width)}${more}`;
}

/** An SLO line as text: its subject, its limit, and the measured value. */
function sloLineText(line: SloResult) {
  const name = isResponseTime(line) ? `${lineName(line)} of all sent` : lineName(line);
  const level = (value: number): string => levelText(line, value);
  const found = line.found === null ? nothingFound(line) : level(line.found);
  return { name, asked: `${isFloor(line) ? "≥" : "≤"} ${level(line.limit)}`, found };
}

function levelText(line: SloResult, value: number): string {
  switch (unitOf(line)) {
    case "share":
      return percent(value);
    case "rate":
      return rate(value);
    case "usd":
      return String(roundUsd(value));
    case "ms":
      return `${precise(value)} ms`;
  }
}

function hintLines({ hints }: Report, paint: Paint): string {
  return hints
    .map(
      ({ what, evidence, remedy }) =>
        `${paint("bold", cleanText(what))}: ${cleanText(evidence)}.\n  ${cleanText(remedy)}.`,
    )
    .join("\n");
}

/** Events shown in a terminal; the rest are in the HTML report. */
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
  if ("why" in steady) return `no steady state was found (${steady.why}); ${last}`;
  const [p50 = "–", p99 = "–"] = some(steady.responseTimeMs);
  const [wholeP50 = "–", wholeP99 = "–"] = some(responseTimeMs);
  return (
    `steady state (MSER) from ${steady.fromMs / 1_000} s: p50 ${p50} ms, p99 ${p99} ms ` +
    `(whole run ${wholeP50} and ${wholeP99}); ${last}`
  );
}

/** Targets shown in a terminal. */
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

function warmupLines({ chains, run }: Report, width: number): string[] {
  if (run.warmupMs === 0) return [];
  const rows = chains.flatMap(({ name, warmup }) =>
    warmup ? [[name, number(warmup.ledger.sent), number(warmup.ledger.valid), ...some(warmup.responseTimeMs)]] : [],
  );
  return [renderTable([`warm-up of ${formatDuration(run.warmupMs)}`, "sent", "valid", "p50", "p99"], rows, width)];
}
