import type { Problem } from "./problems.ts";
import { show } from "./problems.ts";
import type { Target } from "./schema.ts";
import { isHttpUrl } from "./targets.ts";

/** What was read of a file, and what could not be. */
export interface Parsed<T> {
  value: T;
  problems: Problem[];
}

/** Requests in the order in which they were recorded. */
export interface RequestLog {
  targets: Target[];
  /** When each was sent, in ms from the first one. */
  atMs: number[];
}

/**
 * A request log: a JSON object a line, `{"at", "url", "method", "headers", "body"}`. `at` is RFC 3339 or a number of ms;
 * the body is text, or any JSON value. Lines may be out of order.
 */
export function parseRequestLog(text: string, shownAs: string): Parsed<RequestLog> {
  const problems: Problem[] = [];
  const entries: { at: number; target: Target }[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const entry = parseEntry(line);
    if ("found" in entry) problems.push({ where: `${shownAs}:${index + 1}`, ...entry });
    else entries.push(entry);
  }
  if (entries.length === 0 && problems.length === 0) {
    problems.push({ where: shownAs, found: "an empty file", expected: "at least one request" });
  }
  entries.sort((a, b) => a.at - b.at);
  const first = entries[0]?.at ?? 0;
  return {
    value: { targets: entries.map(({ target }) => target), atMs: entries.map(({ at }) => at - first) },
    problems,
  };
}

function parseEntry(line: string): { at: number; target: Target } | Omit<Problem, "where"> {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return { found: show(line), expected: "a request as a JSON object on a line of its own" };
  }
  const { at, url, method = "POST", headers = {}, body } = entry ?? {};
  const atMs = typeof at === "number" ? at : Date.parse(String(at));
  if (Number.isNaN(atMs)) return { found: `at ${show(at)}`, expected: "RFC 3339, or a number of ms" };
  if (typeof url !== "string" || !isHttpUrl(url))
    return { found: `url ${show(url)}`, expected: "an absolute http or https URL" };
  if (typeof method !== "string" || !/^[A-Z]+$/.test(method)) {
    return { found: `method ${show(method)}`, expected: "an HTTP method in capitals" };
  }
  if (
    typeof headers !== "object" ||
    headers === null ||
    Object.values(headers).some((each) => typeof each !== "string")
  ) {
    return { found: `headers ${show(headers)}`, expected: "an object of strings" };
  }
  const isText = typeof body === "string";
  const own = Object.entries(headers as Record<string, string>);
  return {
    at: atMs,
    target: {
      method,
      url,
      headers: isText || body === undefined ? own : [["Content-Type", "application/json"], ...own],
      ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
      weight: 1,
    },
  };
}

/** Rows of a CSV file with a header (RFC 4180), or JSON objects a line. All values become text. */
export function parseRows(text: string, shownAs: string): Parsed<Record<string, string>[]> {
  const parsed = text.trimStart().startsWith("{") ? parseJsonRows(text, shownAs) : parseCsv(text, shownAs);
  if (parsed.value.length === 0 && parsed.problems.length === 0) {
    parsed.problems.push({ where: shownAs, found: "no rows", expected: "a header, and at least one row" });
  }
  return parsed;
}

function parseJsonRows(text: string, shownAs: string): Parsed<Record<string, string>[]> {
  const problems: Problem[] = [];
  const value = text.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      return [Object.fromEntries(Object.entries(JSON.parse(line) as object).map(([key, each]) => [key, textOf(each)]))];
    } catch {
      problems.push({ where: `${shownAs}:${index + 1}`, found: show(line), expected: "a JSON object on each line" });
      return [];
    }
  });
  return { value, problems };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function parseCsv(text: string, shownAs: string): Parsed<Record<string, string>[]> {
  const [header = [], ...rows] = csvRecords(text);
  const problems = rows.flatMap((row, index) =>
    row.length === header.length
      ? []
      : [
          {
            where: `${shownAs}, row ${index + 1}`,
            found: `${row.length} fields`,
            expected: `${header.length}, as in the header`,
          },
        ],
  );
  const value = rows.map((row) => Object.fromEntries(header.map((name, index) => [name.trim(), row[index] ?? ""])));
  return { value: problems.length > 0 ? [] : value, problems };
}

function csvRecords(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  for (const [, quoted, plain = "", end = ""] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    if (end === "" && record.length === 0 && quoted === undefined && plain === "") break;
    record.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    records.push(record);
    record = [];
    if (end === "") break;
  }
  return records;
}
