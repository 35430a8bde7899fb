import { checkSubscriptions } from "./checkSubscriptions.ts";
import type { Chunk, Series, Summary } from "./chunk.ts";
import { checkTally, count, isCount, list, number, record, text } from "./fields.ts";

/**
 * Checks that an object from the store is a chunk or a summary as a worker writes it, so that the reducer survives
 * whatever was written to the store. Throws an Error that names the first invalid field. Histograms are checked when
 * they are read.
 */
export function checkPart(part: unknown, kind: "chunk" | "summary"): void {
  const { version, series, health, atMs, host } = record(part, "it") as Partial<Chunk & Summary>;
  if (version !== 2) throw new Error(`its version is ${String(version)}, and this reads 2`);
  number(atMs, "atMs");
  if (host !== undefined) text(host, "host");
  for (const [index, each] of list(series, "series").entries()) checkSeries(each as Series, `series[${index}]`);
  const looks = kind === "chunk" ? [health] : list(health, "health");
  for (const [index, look] of looks.entries()) checkHealth(look, `health[${index}]`);
  if ((part as Partial<Chunk>).stale !== undefined) count((part as Chunk).stale, "stale");
  if (kind === "summary") checkEnd(part as Summary);
}

const OUTCOMES = ["completed", "aborted", "superseded", "orphaned"];

function checkEnd({ outcome, startSkewMs, readyMs, clock }: Summary): void {
  if (!OUTCOMES.includes(outcome)) throw new Error("outcome is not one of a worker");
  number(readyMs, "readyMs");
  if (startSkewMs !== null) number(startSkewMs, "startSkewMs");
  if (!clock) return;
  number(clock.errorMs, "clock.errorMs");
  number(clock.boundMs, "clock.boundMs");
}

/** The highest number of an interval or a second. */
const MAX_NUMBER = 999_999_999;

function checkSeries(series: Series, where: string): void {
  const {
    chain,
    phase,
    sent,
    valid,
    bytesSent,
    bytesReceived,
    bytesDecoded = 0,
  } = record(series, where) as unknown as Series;
  const { missed, errors, invalid, statuses } = series;
  text(chain, `${where}.chain`);
  text(phase, `${where}.phase`);
  for (const [name, value] of Object.entries({ sent, valid, bytesSent, bytesReceived, bytesDecoded }))
    count(value, `${where}.${name}`);
  for (const [name, tally] of Object.entries({ missed, errors, invalid, statuses }))
    checkTally(tally, `${where}.${name}`);
  for (const row of list(series.seconds, `${where}.seconds`)) {
    if (!isSecond(row)) throw new Error(`${where}.seconds has a row that is none`);
  }
  checkResponseTime(series.responseTime, `${where}.responseTime`);
  checkFeatures(series, where);
  checkSamples(list(series.samples ?? [], `${where}.samples`), `${where}.samples`);
  if (series.timings !== undefined) record(series.timings, `${where}.timings`);
  for (const [index, target] of list(series.targets ?? [], `${where}.targets`).entries()) {
    const counts = record(target, `${where}.targets[${index}]`);
    for (const name of ["sent", "valid", "invalid", "errors"])
      count(counts[name], `${where}.targets[${index}].${name}`);
  }
}

function checkResponseTime(value: unknown, where: string): void {
  const { intervals, packed } = record(value, where);
  for (const each of list(intervals, `${where}.intervals`)) {
    if (!isCount(each) || (each as number) > MAX_NUMBER) throw new Error(`${where}.intervals has one that is none`);
  }
  text(packed, `${where}.packed`);
}

/** Checks what only some series have. */
function checkFeatures(series: Series, where: string): void {
  if (series.answers !== undefined) checkTally(series.answers, `${where}.answers`);
  for (const [name, tally] of Object.entries(record(series.lookups ?? {}, `${where}.lookups`)))
    checkTally(tally, `${where}.lookups.${name}`);
  if (series.blocks !== undefined) checkBlocks(series.blocks, `${where}.blocks`);
  if (series.rateLimits !== undefined) checkRateLimits(series.rateLimits, `${where}.rateLimits`);
  if (series.admissions !== undefined) checkAdmissions(series.admissions, `${where}.admissions`);
  if (series.nodes !== undefined) checkNodes(series.nodes, `${where}.nodes`);
  if (series.blockAges !== undefined) checkNodes(series.blockAges, `${where}.blockAges`);
  if (series.sockets !== undefined) checkSockets(series.sockets, `${where}.sockets`);
  if (series.subscriptions !== undefined) checkSubscriptions(series.subscriptions, `${where}.subscriptions`);
}

function checkAdmissions(value: unknown, where: string): void {
  for (const [slot, counts] of Object.entries(record(value, where))) {
    const own = list(counts, `${where}.${slot}`);
    if (!/^\d{1,9}$/.test(slot) || own.length !== 2) throw new Error(`${where}.${slot} is no slot with its counts`);
    for (const each of own) count(each, `${where}.${slot}`);
  }
}

function checkRateLimits(value: unknown, where: string): void {
  const { responses, headers } = record(value, where);
  count(responses, `${where}.responses`);
  for (const [name, range] of Object.entries(record(headers, `${where}.headers`))) {
    const own = record(range, `${where}.headers.${name}`);
    count(own.count, `${where}.headers.${name}.count`);
    text(own.sample, `${where}.headers.${name}.sample`);
    for (const end of ["min", "max"]) if (own[end] !== undefined) number(own[end], `${where}.headers.${name}.${end}`);
  }
}

function checkNodes(value: unknown, where: string): void {
  const { byName, pairs, same } = record(value, where);
  for (const [name, each] of Object.entries({ pairs, same })) count(each, `${where}.${name}`);
  for (const [name, node] of Object.entries(record(byName, `${where}.byName`))) {
    const { responses, valid, responseTime } = record(node, `${where}.byName.${name}`);
    count(responses, `${where}.byName.${name}.responses`);
    count(valid, `${where}.byName.${name}.valid`);
    text(responseTime, `${where}.byName.${name}.responseTime`);
  }
}

function checkSockets(sockets: unknown, where: string): void {
  const counts = record(sockets, where);
  for (const name of ["opened", "unmatched", "bufferedBytes"]) count(counts[name], `${where}.${name}`);
  for (const name of ["closed", "refused"]) checkTally(counts[name], `${where}.${name}`);
}

function checkSamples(samples: readonly unknown[], where: string): void {
  for (const [index, sample] of samples.entries()) {
    const { class: name, status, code, message, begins } = record(sample, `${where}[${index}]`);
    text(name, `${where}[${index}].class`);
    number(status, `${where}[${index}].status`);
    if (code !== undefined) number(code, `${where}[${index}].code`);
    if (message !== undefined) text(message, `${where}[${index}].message`);
    text(begins, `${where}[${index}].begins`);
  }
}

function checkBlocks(blocks: unknown, where: string): void {
  const { seen, told } = record(blocks, where);
  for (const [name, rows, length] of [["seen", seen, 3] as const, ["told", told, 4] as const]) {
    for (const row of list(rows, `${where}.${name}`)) {
      const numbers = list(row, `${where}.${name}`);
      if (numbers.length !== length) throw new Error(`${where}.${name} has a row that is none`);
      for (const each of numbers) number(each, `${where}.${name}`);
    }
  }
}

/** Whether a value is a second's row. A summary has thousands of them: nothing is allocated for the valid ones. */
function isSecond(row: unknown): boolean {
  if (!Array.isArray(row) || row.length < ROW_LENGTH || row.length > ROW_LENGTH + 1 || row[0] > MAX_NUMBER)
    return false;
  for (let place = 0; place < ROW_LENGTH; place++) if (!isCount(row[place])) return false;
  if (row.length > ROW_LENGTH) checkTally(row[ROW_LENGTH], `second ${row[0]}`);
  return true;
}

/** A second and its counts; its classes may follow. */
const ROW_LENGTH = 6;

const HEALTH_NUMBERS = [
  ...["atMs", "cpu", "eventLoop", "eventLoopDelayMs", "gcMaxMs", "gcMs"],
  ...["residentMb", "inFlight", "connections", "opened"],
];

function checkHealth(value: unknown, where: string): void {
  const health = record(value, where);
  for (const name of HEALTH_NUMBERS) number(health[name], `${where}.${name}`);
  if (health.frozenMs !== undefined) number(health.frozenMs, `${where}.frozenMs`);
  if (health.machineCpu !== undefined) number(health.machineCpu, `${where}.machineCpu`);
  if (health.tcp === undefined) return;
  const tcp = record(health.tcp, `${where}.tcp`);
  for (const name of ["established", "timeWait", "portsLeft", "retransmits"]) count(tcp[name], `${where}.tcp.${name}`);
}
