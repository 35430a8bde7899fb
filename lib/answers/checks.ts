import type { Check } from "../plan/chainSchema.ts";
import { compilePattern, MAX_MATCHED, type Pattern } from "../plan/pattern.ts";
import { isText, listEnd, OPEN_LIST, OPEN_OBJECT, objectEnd, type Span, textOf, valueEnd } from "./json.ts";

/** Longest number or key that is parsed, in bytes: a longer one equals nothing in a plan. */
const MAX_TOKEN = 1_024;

/** A check with its pattern compiled and its pointer split, once for all responses. */
interface Prepared {
  steps: readonly string[];
  pattern?: Pattern;
  /** Longest spelling of the expected value, in bytes: its characters escaped, and room for white space. */
  longest: number;
}

const prepared = new WeakMap<Check, Prepared>();

/** Prepares checks, so that the first response is as quick as the others. Throws if a pattern is invalid. */
export function prepareChecks(checks: readonly Check[]): void {
  for (const check of checks) prepare(check);
}

function prepare(check: Check): Prepared {
  let made = prepared.get(check);
  if (!made) {
    made = {
      steps: stepsOf(check.pointer),
      longest: 12 * JSON.stringify(check.equals ?? null).length + MAX_MATCHED,
      ...(check.matches !== undefined && { pattern: compilePattern(check.matches) }),
    };
    prepared.set(check, made);
  }
  return made;
}

/** Whether a response, valid JSON from byte `at` on, passes a check. Takes time linear in its length. */
export function passes(bytes: Buffer, at: number, check: Check): boolean {
  const { steps, pattern, longest } = prepare(check);
  const span = find(bytes, at, steps);
  if (!span) return false;
  const isLong = span.to - span.from > longest;
  if (check.equals !== undefined && (isLong || !equals(bytes, span, check.equals))) return false;
  if (pattern && !pattern.test(shown(bytes, span))) return false;
  const { min, max } = check;
  if (min === undefined && max === undefined) return true;
  const number = numberOf(bytes, span);
  return number !== undefined && !(min !== undefined && number < min) && !(max !== undefined && number > max);
}

/** The text of the string, number or boolean at a JSON pointer of a response; undefined if there is none. */
export function valueAt(bytes: Buffer, pointer: string): string | undefined {
  try {
    JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
  const at = bytes.findIndex((byte) => !BLANKS.includes(byte));
  const span = find(bytes, at, stepsOf(pointer));
  if (!span || [OPEN_OBJECT, OPEN_LIST].includes(bytes[span.from] ?? 0)) return undefined;
  const value = shown(bytes, span);
  return value === "null" && bytes[span.from] !== 0x22 ? undefined : value;
}

/** White space in JSON. */
const BLANKS = [0x20, 0x09, 0x0a, 0x0d];

function stepsOf(pointer: string): string[] {
  const steps = pointer.split("/").slice(1);
  return steps.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The position of the value at a JSON pointer (RFC 6901). If a key occurs twice, the last one counts. */
function find(bytes: Buffer, from: number, steps: readonly string[]): Span | undefined {
  if (steps.length === 0) return { from, to: valueEnd(bytes, from) };
  let at = from;
  let found: Span | undefined;
  for (const step of steps) {
    found = undefined;
    if (bytes[at] === OPEN_OBJECT) found = memberOf(bytes, at, step);
    if (bytes[at] === OPEN_LIST && /^(0|[1-9]\d{0,8})$/.test(step)) found = itemOf(bytes, at, Number(step));
    if (!found) return undefined;
    at = found.from;
  }
  return found;
}

function memberOf(bytes: Buffer, at: number, name: string): Span | undefined {
  let found: Span | undefined;
  objectEnd(bytes, at, (key, from) => {
    const to = valueEnd(bytes, from);
    if (isText(bytes, key, name)) found = { from, to };
    return to;
  });
  return found;
}

function itemOf(bytes: Buffer, at: number, wanted: number): Span | undefined {
  let found: Span | undefined;
  listEnd(bytes, at, (from, index) => {
    const to = valueEnd(bytes, from);
    if (index < wanted) return to;
    found = { from, to };
    // The rest is irrelevant.
    return -1;
  });
  return found;
}

/**
 * Whether a value equals another, whatever the order of keys and the spelling of numbers. Recurses no deeper than
 * `wanted`.
 */
function equals(bytes: Buffer, span: Span, wanted: unknown): boolean {
  const at = span.from;
  if (Array.isArray(wanted)) return bytes[at] === OPEN_LIST && equalsList(bytes, at, wanted);
  if (typeof wanted === "object" && wanted !== null) {
    return bytes[at] === OPEN_OBJECT && equalsObject(bytes, at, wanted as Record<string, unknown>);
  }
  if (typeof wanted === "string") return bytes[at] === 0x22 && isText(bytes, span, wanted);
  if (span.to - span.from > MAX_TOKEN || bytes[at] === OPEN_OBJECT || bytes[at] === OPEN_LIST) return false;
  return JSON.parse(textOf(bytes, span)) === wanted;
}

function equalsList(bytes: Buffer, at: number, wanted: readonly unknown[]): boolean {
  let count = 0;
  const end = listEnd(bytes, at, (from, index) => {
    if (index >= wanted.length) return -1;
    const to = valueEnd(bytes, from);
    if (!equals(bytes, { from, to }, wanted[index])) return -1;
    count++;
    return to;
  });
  return end !== -1 && count === wanted.length;
}

function equalsObject(bytes: Buffer, at: number, wanted: Record<string, unknown>): boolean {
  const keys = Object.keys(wanted);
  const longest = Math.max(0, ...keys.map((key) => key.length));
  const equal = new Map<string, boolean>();
  const end = objectEnd(bytes, at, (key, from) => {
    if (key.to - key.from > 12 * longest + 2) return -1;
    const name = JSON.parse(textOf(bytes, key)) as string;
    if (!Object.hasOwn(wanted, name)) return -1;
    const to = valueEnd(bytes, from);
    equal.set(name, equals(bytes, { from, to }, wanted[name]));
    return to;
  });
  return end !== -1 && equal.size === keys.length && [...equal.values()].every(Boolean);
}

/** A value as patterns see it: a string's text, anything else as JSON. */
function shown(bytes: Buffer, { from, to }: Span): string {
  if (bytes[from] !== 0x22) return textOf(bytes, { from, to: Math.min(to, from + MAX_MATCHED) });
  // A character takes at most 6 bytes, in UTF-8 or escaped.
  if (to - from > 6 * MAX_MATCHED) return textOf(bytes, { from: from + 1, to: from + MAX_MATCHED });
  return JSON.parse(textOf(bytes, { from, to })) as string;
}

/** A value as a number, if it is one or a text that spells one. Hexadecimal quantities are exact, however large. */
function numberOf(bytes: Buffer, { from, to }: Span): number | bigint | undefined {
  if (to - from > MAX_TOKEN) return undefined;
  const [, text = ""] = /^"?([-+.\w]+)"?$/.exec(textOf(bytes, { from, to })) ?? [];
  if (/^0x[0-9a-f]+$/i.test(text)) return BigInt(text);
  return /^-?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(text) ? Number(text) : undefined;
}
