import { type CsvError, type Info, parse as parseCsvRecords } from "csv-parse/sync";
import { isExactNumber } from "./exactJson.ts";
import type { TextFile } from "./planFiles.ts";
import { type Mistake, type Parsed, type Problem, show } from "./problems.ts";
import type { Target } from "./schema.ts";
import { headerLists, methodMistakes, objectOf, urlMistakes } from "./targets.ts";

/** Requests in recorded order. */
export interface RequestLog {
  targets: Target[];
  /** When each was sent, in ms from the first one. */
  atMs: number[];
}

/**
 * Parses a request log: one JSON object per line, `{"at", "url", "method", "headers", "body"}`. `at` is RFC 3339 or a
 * number of ms; the body is text, or any JSON value. Lines may be out of order.
 */
export function parseRequestLog({ text, shownAs }: Pick<TextFile, "text" | "shownAs">): Parsed<RequestLog> {
  const problems: Problem[] = [];
  const entries: { at: number; target: Target }[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const entry = parseEntry(line);
    if (!Array.isArray(entry)) entries.push(entry);
    else for (const mistake of entry) problems.push({ where: `${shownAs}:${index + 1}`, ...mistake });
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

function parseEntry(line: string): { at: number; target: Target } | Mistake[] {
  const entry = objectOf(line);
  if (!entry) return [{ found: show(line), expected: "a request as a JSON object on one line" }];
  const { at, url, method = "POST", headers, body, name } = entry;
  const mistakes = [...methodMistakes(method), ...urlMistakes(url)];
  const atMs = instant(at);
  if (atMs === undefined) mistakes.push({ found: `at ${show(at)}`, expected: "RFC 3339, or a number of ms" });
  const own = headerLists(headers, "headers", mistakes);
  if (mistakes.length > 0 || atMs === undefined) return mistakes;
  const isValue = typeof body === "object" ? body !== null : body !== undefined && typeof body !== "string";
  const hasType = own.some(([header]) => header.toLowerCase() === "content-type");
  return {
    at: atMs,
    target: {
      ...(typeof name === "string" && name !== "" && { name }),
      method: method as string,
      url: url as string,
      headers: isValue && !hasType ? [["Content-Type", "application/json"], ...own] : own,
      ...(typeof body === "string" && { body }),
      ...(isValue && { body: JSON.stringify(body) }),
      weight: 1,
    },
  };
}

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** An instant in ms: RFC 3339, or a finite number as it is. */
function instant(at: unknown): number | undefined {
  const ms = isExactNumber(at)
    ? Number(JSON.stringify(at))
    : typeof at === "string" && RFC_3339.test(at)
      ? Date.parse(at.toUpperCase().replace(" ", "T"))
      : Number.NaN;
  return Number.isFinite(ms) ? ms : undefined;
}

/** Parses the rows of a CSV file with a header (RFC 4180), or one JSON object per line. All values become text. */
export function parseRows({ text, shownAs }: Pick<TextFile, "text" | "shownAs">): Parsed<Record<string, string>[]> {
  const parsed = text.trimStart().startsWith("{") ? parseJsonRows(text, shownAs) : parseCsv(text, shownAs);
  if (parsed.value.length === 0 && parsed.problems.length === 0) {
    parsed.problems.push({ where: shownAs, found: "no rows", expected: "a header, and at least one row" });
  }
  return parsed;
}

function parseJsonRows(text: string, shownAs: string): Parsed<Record<string, string>[]> {
  const problems: Problem[] = [];
  const value: Record<string, string>[] = [];
  let fields: string[] | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const where = `${shownAs}:${index + 1}`;
    const row = objectOf(line);
    if (!row) {
      problems.push({ where, found: show(line), expected: "a JSON object on each line" });
      continue;
    }
    fields ??= Object.keys(row);
    const missing = fields.filter((field) => !Object.hasOwn(row, field));
    if (missing.length > 0) {
      problems.push({
        where,
        found: `a row without ${missing.map(show).join(", ")}`,
        expected: "the first row's fields",
      });
    }
    value.push(Object.fromEntries(Object.entries(row).map(([key, each]) => [key, textOf(each)])));
  }
  return { value, problems };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Parses CSV leniently: blank lines are skipped, and a quote within a field is literal. */
function parseCsv(text: string, shownAs: string): Parsed<Record<string, string>[]> {
  let records: { record: string[]; info: Info }[];
  try {
    records = parseCsvRecords(text, {
      info: true,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
    }) as unknown as typeof records;
  } catch (error) {
    const { code, records: before } = error as CsvError & { records?: number };
    const found = code === "CSV_QUOTE_NOT_CLOSED" ? "a quote that is not closed" : (error as Error).message;
    const where = `${shownAs}, after ${before ?? 0} whole records`;
    return { value: [], problems: [{ where, found, expected: "CSV (RFC 4180)" }] };
  }
  const [header, ...lines] = records;
  const names = (header?.record ?? []).map((name) => name.trim());
  // A line of blanks is a blank line, unless it is the value of the only column.
  const rows = lines.filter(({ record }) => names.length === 1 || record.length !== 1 || record[0]?.trim() !== "");
  const problems = columnProblems(names, shownAs);
  for (const { record, info } of rows) {
    if (record.length !== names.length) {
      const where = `${shownAs}:${info.lines}`;
      problems.push({ where, found: `${record.length} fields`, expected: `${names.length}, as in the header` });
    }
  }
  if (problems.length > 0) return { value: [], problems };
  return {
    value: rows.map(({ record }) => Object.fromEntries(names.map((name, at) => [name, record[at] ?? ""]))),
    problems,
  };
}

function columnProblems(names: readonly string[], shownAs: string): Problem[] {
  const where = `${shownAs}:1`;
  return names.flatMap((name, index): Problem[] => {
    if (name === "")
      return [{ where, found: `column ${index + 1} without a name`, expected: "a name for each column" }];
    const first = names.indexOf(name);
    if (first === index) return [];
    const found = `the name ${show(name)} of columns ${first + 1} and ${index + 1}`;
    return [{ where, found, expected: "another name for each column" }];
  });
}
