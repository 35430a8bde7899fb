import { RE2JS } from "re2js";

/** Longest pattern, in characters: compiling takes time with its length. */
const MAX_PATTERN = 1_000;

/** How much of a text a pattern looks at, in characters, so that one text takes bounded time. */
export const MAX_MATCHED = 64 * 1024;

/** A pattern from a plan, compiled. */
export interface Pattern {
  /** Whether the first 64 Ki characters of a text contain a match. Takes time linear in their number. */
  test(text: string): boolean;
}

/**
 * Compiles a pattern from a plan. RE2 matches in linear time, so that no text from a target or a log can block the
 * process. It supports neither look-around nor back references.
 *
 * Throws an error that says what RE2 does not understand.
 */
export function compilePattern(source: string, { ignoreCase = false } = {}): Pattern {
  if (source.length > MAX_PATTERN) throw new Error(`longer than ${MAX_PATTERN} characters`);
  const pattern = RE2JS.compile(RE2JS.translateRegExp(source), ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
  return { test: (text) => pattern.test(text.length > MAX_MATCHED ? text.slice(0, MAX_MATCHED) : text) };
}

/** Why a text cannot be used as a pattern, or undefined if it can. */
export function patternProblem(source: string): string | undefined {
  try {
    compilePattern(source);
    return undefined;
  } catch (error) {
    const reason = (error as Error).message.replace(/^error parsing regexp: /, "");
    return `a regular expression as RE2 knows it, without look-around and back references (${reason})`;
  }
}
