import type { z } from "zod";
import { isExactNumber } from "./exactJson.ts";
import { nearest } from "./nearest.ts";
import { cleanText } from "./terminal.ts";
import { UNPRINTABLE } from "./visible.ts";

/** One mistake in something that a person wrote: where it is, what is there, and what should be. */
export interface Problem {
  /** A JSON path such as `$.chains[1].rps`, or `file:line` for a target file. */
  where: string;
  found: string;
  expected: string;
}

/** A problem whose place is not known yet. */
export type Mistake = Omit<Problem, "where">;

/** What could be parsed, and what could not. */
export interface Parsed<T> {
  value: T;
  problems: Problem[];
}

/** Most problems that a message lists: if every line of a file is wrong, the first ones say enough. */
const MAX_LISTED = 50;

/** Bad input, with all its problems. Commands print them and exit with 2. */
export class InputError extends Error {
  override readonly name = "InputError";
  readonly problems: readonly Problem[];

  /** `subject` says what was read, such as "plans/demo.json". */
  constructor(subject: string, problems: readonly Problem[]) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    const lines = problems
      .slice(0, MAX_LISTED)
      .map(({ where, found, expected }) => `${where}: found ${found}; expected ${expected}`);
    if (problems.length > MAX_LISTED) lines.push(`and ${problems.length - MAX_LISTED} more`);
    super([cleanText(`${subject}: ${count}`), ...lines.map((line) => `  ${cleanText(line)}`)].join("\n"));
    this.problems = problems;
  }
}

/** A value as a problem shows it: JSON, cut to a length that fits a line. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = printable(JSON.stringify(value) ?? String(value))
    .replace(CREDENTIALS, "$1…@")
    .replace(NAMED_SECRET, "$1…")
    .replace(BEARER, "$1 …");
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** A text with the characters that are not shown written as escapes, as in JSON. */
function printable(text: string): string {
  const unit = (code: number): string => `\\u${code.toString(16).padStart(4, "0")}`;
  return text.replace(UNPRINTABLE, (each) =>
    Array.from({ length: each.length }, (_, at) => unit(each.charCodeAt(at))).join(""),
  );
}

/** A user and a password in a URL. */
const CREDENTIALS = /(:\/\/)[^/?#@\s"]+@/g;

/** What follows a name that marks a secret, such as a header's name in a line of a file. */
const NAMED_SECRET =
  /((?:authorization|cookie|(?:api|access)[-_]?key|token|secret|passw(?:or)?d)[\w-]*\\*"?\s*:\s*)(?!\s).+$/i;

/** What follows an authorization scheme. */
const BEARER = /\b(Bearer|Basic|Digest) +[\w.~+/=-]{4,}/g;

/** What a message shows instead of a value that may be a secret: what kind of value it is. */
export function hidden(value: unknown): string {
  if (value === undefined || value === null) return show(value);
  if (typeof value === "string") return "a text that is not shown, for it may be a secret";
  const kindOf = (each: unknown): string => (isExactNumber(each) ? "number" : typeof each);
  if (!Array.isArray(value)) return `a value of type ${kindOf(value)}`;
  return `a list of ${[...new Set(value.map(kindOf))].join(" and ") || "nothing"}`;
}

/** The name and the position of a text's first control character: the text itself may be a secret. */
export function controlAt(text: string): string {
  const at = text.search(/(?!\t)\p{Cc}/u);
  const code = (text.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return `U+${code} at character ${at + 1}`;
}

/** `["chains", 1, "rps"]` as `$.chains[1].rps`. */
export function jsonPath(path: readonly PropertyKey[]): string {
  let text = "$";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[A-Za-z_$][\w$]*$/.test(String(step))) text += `.${String(step)}`;
    else text += `[${JSON.stringify(String(step))}]`;
  }
  return text;
}

/**
 * Zod's issues as problems. A union's issue is replaced by those of the branch that fits best, and an unknown field
 * becomes a separate problem, with the names that are known there.
 */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  input: unknown,
  knownAt: (path: readonly PropertyKey[]) => readonly string[],
): Problem[] {
  return issues.flatMap((issue) => problemsOfIssue(issue, input, knownAt, []));
}

function problemsOfIssue(
  issue: z.core.$ZodIssue,
  input: unknown,
  knownAt: (path: readonly PropertyKey[]) => readonly string[],
  parents: readonly PropertyKey[],
): Problem[] {
  const path = [...parents, ...issue.path];
  if (issue.code === "invalid_union") {
    const branch = issue.errors.find(
      (errors) => errors.length > 0 && !errors.some((each) => each.path.length === 0 && isWrongType(each)),
    );
    if (branch) return branch.flatMap((each) => problemsOfIssue(each, input, knownAt, path));
    const kinds = "options" in issue ? (issue.options ?? []).map(show) : [];
    const options = [...kinds, ...issue.errors.flatMap((errors) => errors.slice(0, 1).map(expectation))];
    return [{ where: jsonPath(path), found: shown(path, input), expected: [...new Set(options)].join(" or ") }];
  }
  if (issue.code === "unrecognized_keys") {
    const known = knownAt(path);
    return issue.keys.map((key) => ({
      where: jsonPath([...path, key]),
      found: `an unknown field ${show(key)}`,
      expected: suggestion(key, known),
    }));
  }
  return [{ where: jsonPath(path), found: shown(path, input), expected: expectation(issue) }];
}

/** What is at a path of the input; the values of headers are not shown. */
function shown(path: readonly PropertyKey[], input: unknown): string {
  const value = at(input, path);
  return path.slice(0, -1).includes("headers") ? hidden(value) : show(value);
}

function isWrongType(issue: z.core.$ZodIssue): boolean {
  return issue.code === "invalid_type" || issue.code === "invalid_union";
}

function at(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const step of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[step];
  return value;
}

/** What other load testers call these fields. */
const ALIASES: Record<string, string> = {
  concurrency: "connections",
  qps: "rps",
  rate: "rps",
  target: "targets",
  threshold: "slo",
  thresholds: "slo",
  time: "duration",
};

function suggestion(key: string, known: readonly string[]): string {
  if (known.length === 0) return "no such field here";
  const alias = ALIASES[key.toLowerCase()] ?? "";
  const near = known.includes(alias) ? alias : nearest(key, known);
  return near ? `"${near}", perhaps` : `one of ${known.join(", ")}`;
}

const FORMATS: Record<string, string> = {
  url: "an absolute http or https URL",
};

const PATTERNS: [RegExp, string][] = [
  [/\\d\+.*ms/, 'a duration such as "90s", "33m" or "1h30m", or a number of seconds'],
  [/\{0,62\}/, "a name of letters, digits, dots, dashes and underscores, at most 63 long"],
  [/`\|~/, "an HTTP header's name"],
  [/\\r\\n/, "an HTTP header's value, on one line"],
];

/** What a zod issue expects, in words that a plan's author knows. */
function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return (
        { int: "a whole number", record: "an object", nonoptional: "a value" }[issue.expected as string] ??
        article(issue.expected)
      );
    case "invalid_value":
      return issue.values.map((value) => show(value)).join(" or ");
    case "too_small":
      return bound(issue.origin, issue.inclusive === false ? "more than" : "at least", issue.minimum);
    case "too_big":
      return bound(issue.origin, issue.inclusive === false ? "less than" : "at most", issue.maximum);
    case "invalid_format": {
      const pattern = issue.pattern ?? "";
      const known = PATTERNS.find(([mark]) => mark.test(pattern));
      return FORMATS[issue.format] ?? known?.[1] ?? issue.message;
    }
    case "invalid_key":
      return issue.issues.map(expectation).join(" and ");
    default:
      return issue.message;
  }
}

function article(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function bound(origin: string, relation: string, limit: number | bigint): string {
  const unit = { array: " elements", string: " characters", set: " elements" }[origin] ?? "";
  return `${relation} ${limit}${unit}`;
}
