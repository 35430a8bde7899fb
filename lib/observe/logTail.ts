import { type Dispatcher, request } from "undici";
import { redact } from "../answers/samples.ts";
import { compilePattern } from "../plan/pattern.ts";
import type { LogSettings } from "../plan/schema.ts";

/** A line of a log that the plan asks for. */
export interface LogLine {
  /** When it was logged or, where its source does not tell, read: in ms from the run's start instant. */
  atMs: number;
  text: string;
}

/** What one look at a log gave. */
export interface LogLook {
  source: string;
  /** New lines, and those of them that match. */
  read: number;
  matched: number;
  /** The first of those that match, without what may be secret and without control characters. */
  lines: LogLine[];
  /** Where the next look begins: a place in the file in bytes, or a time in ms since 1970. */
  position: number;
  /** Lines that came and were not looked at: more than a look may read. */
  skipped?: number;
  /** Why there was no look. */
  failed?: string;
}

/** All logs at one moment: `runs/<id>/logs/…`. */
export interface LogLooks {
  atMs: number;
  logs: LogLook[];
}

/** What looking at logs needs from outside. */
export interface LogPorts {
  nowMs(): number;
  /** The run's start instant. */
  startAtMs: number;
  reveal(header: string): Promise<string>;
  /** The connections to logs' servers. */
  dispatcher: Dispatcher;
}

/** New lines of a source, and where the next look begins. */
interface News {
  lines: { text: string; atMs?: number }[];
  position: number;
  /** Lines that were left out. */
  left?: number;
  /** Values of the request's headers that are secrets: a gateway may log them. */
  secrets?: readonly string[];
}

/** How long a source may take for all that a look reads of it, and how long its lines may take to be matched, in ms. */
const TIMEOUT_MS = 3_000;
const MATCH_MS = 1_000;

/** Most that is read at one look: of a log that grows faster the rest comes at the next. */
const MAX_BYTES = 4 * 2 ** 20;
const MAX_PAGES = 10;

/** Most lines that a look keeps; all are counted. */
const MAX_LINES = 20;

/** How much of a line that is kept is looked through for what may be secret, in characters. */
const MAX_SHOWN = 4_096;

/** How long CloudWatch may take to show an event, in ms: what is younger is left to the next look. */
const INGESTION_MS = 5_000;

/**
 * Looks at the new lines of all logs, beginning where the looks before ended; at the first look only finds where the
 * logs end. Never rejects: a log that cannot be read is a gap.
 */
export async function lookAtLogs(
  settings: readonly LogSettings[],
  before: LogLooks | undefined,
  ports: LogPorts,
  isLast = false,
): Promise<LogLooks> {
  const atMs = Math.round(ports.nowMs() - ports.startAtMs);
  const logs = await Promise.all(
    settings.map(async (log, index) => lookAt(log, before?.logs[index]?.position, ports, isLast)),
  );
  return { atMs, logs };
}

/** What a log is called: its URL without what may be secret, or its group. */
function sourceOf(log: LogSettings): string {
  if ("logGroup" in log) return log.logGroup;
  const { origin, pathname } = new URL(log.url);
  return `${origin}${pathname}`;
}

async function lookAt(
  log: LogSettings,
  position: number | undefined,
  ports: LogPorts,
  isLast: boolean,
): Promise<LogLook> {
  const source = sourceOf(log);
  try {
    const news = await ("logGroup" in log
      ? eventsOf(log, position, ports.nowMs() - (isLast ? 0 : INGESTION_MS))
      : linesOf(log, position, ports));
    return { source, position: news.position, ...matchLines(news, log.match, ports) };
  } catch (error) {
    const failed = (error as Error).message || (error as Error).name;
    return { source, read: 0, matched: 0, lines: [], position: position ?? 0, failed };
  }
}

/** Which of the new lines match. A pattern takes time linear in a line, of which it sees the first 64 Ki characters. */
function matchLines(
  { lines, left = 0, secrets = [] }: News,
  match: string,
  ports: LogPorts,
): Pick<LogLook, "read" | "matched" | "lines" | "skipped"> {
  const pattern = compilePattern(match, { ignoreCase: true });
  const untilMs = performance.now() + MATCH_MS;
  const kept: LogLine[] = [];
  let read = 0;
  let matched = 0;
  for (const { text, atMs = ports.nowMs() } of lines) {
    if (performance.now() > untilMs) break;
    read++;
    if (!pattern.test(text)) continue;
    matched++;
    if (kept.length >= MAX_LINES) continue;
    const shown = redact(text.slice(0, MAX_SHOWN), secrets, text.length > MAX_SHOWN);
    kept.push({ atMs: Math.round(atMs - ports.startAtMs), text: shown });
  }
  const skipped = lines.length - read + left;
  return { read, matched, lines: kept, ...(skipped > 0 && { skipped }) };
}

/** The new whole lines of a file over HTTP, by a range where its server gives ranges. */
async function linesOf(
  { url, headers }: Extract<LogSettings, { url: string }>,
  position: number | undefined,
  { reveal, dispatcher }: LogPorts,
): Promise<News> {
  const shown = await Promise.all(
    Object.entries(headers).map(async ([name, value]) => [name, await reveal(value)] as const),
  );
  const secrets = shown.flatMap(([name, value]) => value.split(" ").filter((part) => !headers[name]?.includes(part)));
  const range = `bytes=${position ?? 0}-${position === undefined ? 0 : position + MAX_BYTES - 1}`;
  const {
    statusCode,
    headers: answered,
    body,
  } = await request(url, {
    dispatcher,
    headers: { ...Object.fromEntries(shown), Range: range },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  // A body that is given up is of no interest any more, whatever becomes of it.
  body.on("error", () => {});
  const length = Number(/\/(\d+)$/.exec(String(answered["content-range"]))?.[1] ?? Number.NaN);
  if (statusCode === 416) {
    await body.dump();
    // Nothing is new; or the file is shorter than it was, and has begun anew.
    return { lines: [], position: length < (position ?? 0) ? 0 : (position ?? 0) };
  }
  if (statusCode !== 200 && statusCode !== 206) {
    await body.dump();
    throw new Error(`HTTP ${statusCode}`);
  }
  if (position === undefined && statusCode === 206) {
    await body.dump();
    return { lines: [], position: length };
  }
  const from = position ?? Number.POSITIVE_INFINITY;
  const { text, end } = await readFrom(body, statusCode === 206 ? 0 : from);
  if (statusCode === 206) return { ...wholeLines(text, from), secrets };
  // All of the file came. One that is shorter than before has begun anew.
  return position === undefined || end < position
    ? { lines: [], position: position ? 0 : end }
    : { ...wholeLines(text, from), secrets };
}

/** A body's bytes after the first `skipped`, at most MAX_BYTES of them, and how many came in all. */
async function readFrom(body: AsyncIterable<unknown>, skipped: number): Promise<{ text: Buffer; end: number }> {
  const pieces: Buffer[] = [];
  let end = 0;
  let kept = 0;
  for await (const piece of body) {
    const bytes = piece as Buffer;
    const news = end >= skipped ? bytes : bytes.subarray(Math.min(bytes.length, skipped - end));
    end += bytes.length;
    if (kept < MAX_BYTES) pieces.push(news.subarray(0, MAX_BYTES - kept));
    kept += news.length;
  }
  return { text: Buffer.concat(pieces), end };
}

/** Splits what came into lines; a last one without its end is left to the next look. */
function wholeLines(bytes: Buffer, from: number): News {
  const end = bytes.lastIndexOf("\n") + 1;
  // A line longer than a look reads would hold up all that follow.
  if (end === 0 && bytes.length >= MAX_BYTES) return { lines: [], position: from + bytes.length, left: 1 };
  const lines = bytes.subarray(0, end).toString("utf8").split("\n").slice(0, -1);
  return { lines: lines.map((text) => ({ text })), position: from + end };
}

/** The events of a CloudWatch log group up to an instant. */
async function eventsOf(
  { logGroup, region }: Extract<LogSettings, { logGroup: string }>,
  position: number | undefined,
  untilMs: number,
): Promise<News> {
  if (position === undefined || untilMs <= position) return { lines: [], position: position ?? untilMs };
  // Loaded where it is used: hardly any plan names a log group.
  const { CloudWatchLogsClient, FilterLogEventsCommand } = await import("@aws-sdk/client-cloudwatch-logs");
  const client = new CloudWatchLogsClient(region === undefined ? {} : { region });
  const lines: News["lines"] = [];
  let nextToken: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const command = new FilterLogEventsCommand({
      logGroupName: logGroup,
      startTime: position,
      endTime: untilMs - 1,
      ...(nextToken !== undefined && { nextToken }),
    });
    const found = await client.send(command, { abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
    for (const { message, timestamp } of found.events ?? []) {
      lines.push({ text: message ?? "", ...(timestamp !== undefined && { atMs: timestamp }) });
    }
    nextToken = found.nextToken;
    if (nextToken === undefined) break;
  }
  client.destroy();
  // How many there are beyond the pages that a look reads is not known: at least one.
  return { lines, position: untilMs, ...(nextToken !== undefined && { left: 1 }) };
}
