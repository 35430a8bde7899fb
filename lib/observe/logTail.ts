import { type Dispatcher, request } from "undici";
import { redact } from "../answers/samples.ts";
import { compilePattern } from "../plan/pattern.ts";
import type { LogSettings } from "../plan/schema.ts";

/** A log line that matches the plan's pattern. */
export interface LogLine {
  /** When it was logged or, if the source has no timestamps, when it was read: in ms from the run's start instant. */
  atMs: number;
  text: string;
}

/** The result of one read of a log. */
export interface LogLook {
  source: string;
  /** New lines, and how many of them match. */
  read: number;
  matched: number;
  /** The first matching lines, without potential secrets and control characters. */
  lines: LogLine[];
  /** Where the next read starts: a byte offset in the file, or a time in ms since 1970. */
  position: number;
  /** New lines that were skipped because they exceeded the limits of one read. */
  skipped?: number;
  /** Why the log could not be read. */
  failed?: string;
}

/** One read of all logs: `runs/<id>/logs/…`. */
export interface LogLooks {
  atMs: number;
  logs: LogLook[];
}

/** The dependencies for reading logs. */
export interface LogPorts {
  nowMs(): number;
  /** The run's start instant. */
  startAtMs: number;
  reveal(header: string): Promise<string>;
  /** The dispatcher for connections to log servers. */
  dispatcher: Dispatcher;
}

/** New lines of a source, and where the next read starts. */
interface News {
  lines: { text: string; atMs?: number }[];
  position: number;
  /** Number of skipped lines. */
  left?: number;
  /** Secret values in the request's headers: a gateway may log them. */
  secrets?: readonly string[];
}

/** Timeout for one request to a source, and time limit for matching its lines, in ms. */
const TIMEOUT_MS = 3_000;
const MATCH_MS = 1_000;

/** Maximum bytes and pages per read: if a log grows faster, the rest follows with the next read. */
const MAX_BYTES = 4 * 2 ** 20;
const MAX_PAGES = 10;

/** Maximum lines kept per read; all are counted. */
const MAX_LINES = 20;

/** How many characters of a kept line are searched for secrets. */
const MAX_SHOWN = 4_096;

/** How long CloudWatch may take to show an event, in ms: newer events are left to the next read. */
const INGESTION_MS = 5_000;

/**
 * Reads the new lines of all logs, starting where the previous read ended; the first read only finds the ends of the
 * logs. Never rejects: an unreadable log is a gap.
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

/** A log's display name: its URL without potential secrets, or its group. */
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

/** Matches the new lines. The pattern's time is linear in the line, and it sees only the first 64 Ki characters. */
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

/** The new complete lines of a file over HTTP, by a range request if its server supports them. */
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
  // Later errors of an abandoned body do not matter.
  body.on("error", () => {});
  const length = Number(/\/(\d+)$/.exec(String(answered["content-range"]))?.[1] ?? Number.NaN);
  if (statusCode === 416) {
    await body.dump();
    // Either nothing is new, or the file is shorter than before and has restarted.
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
  // The whole file was returned. If it is shorter than before, it has restarted.
  return position === undefined || end < position
    ? { lines: [], position: position ? 0 : end }
    : { ...wholeLines(text, from), secrets };
}

/** A body's bytes after the first `skipped`, at most MAX_BYTES of them, and the total number received. */
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

/** Splits bytes into lines; an incomplete last line is left to the next read. */
function wholeLines(bytes: Buffer, from: number): News {
  const end = bytes.lastIndexOf("\n") + 1;
  // A line longer than one read would block all lines after it.
  if (end === 0 && bytes.length >= MAX_BYTES) return { lines: [], position: from + bytes.length, left: 1 };
  const lines = bytes.subarray(0, end).toString("utf8").split("\n").slice(0, -1);
  return { lines: lines.map((text) => ({ text })), position: from + end };
}

/** The events of a CloudWatch log group before an instant. */
async function eventsOf(
  { logGroup, region }: Extract<LogSettings, { logGroup: string }>,
  position: number | undefined,
  untilMs: number,
): Promise<News> {
  if (position === undefined || untilMs <= position) return { lines: [], position: position ?? untilMs };
  // Loaded on demand: hardly any plan names a log group.
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
  // The number of events beyond the last page read is unknown: at least one.
  return { lines, position: untilMs, ...(nextToken !== undefined && { left: 1 }) };
}
