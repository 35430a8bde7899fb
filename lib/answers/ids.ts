/** Ids that are generated for each request: the n-th has ID_BASE + n, in ID_DIGITS digits. */
export const ID_BASE = 100_000_000_000;
export const ID_DIGITS = 12;

/** The place of an id that is generated for each request. */
export interface IdPlace {
  /** The offset of its first digit in the bytes at hand. */
  at: number;
  /** Which call of a batch it identifies, counted from 0. */
  part: number;
}

import { type Span, textOf } from "./json.ts";

/** The id that a call's response must carry. */
export interface CallId {
  /** As JSON, in the bytes of the request. */
  bytes: Buffer;
  /** The offsets in `bytes` of digits that are generated for each request; usually none, or one. */
  places: readonly number[];
  /** Which call of its batch it identifies. */
  part: number;
}

/** Longest id that is compared, in bytes: a longer one is not Volley's. */
const MAX_ID = 1_024;

/** The generated id of one part of the n-th request, which has this many parts. */
export function batchId(n: number, part: number, parts: number): number {
  return ID_BASE + n * parts + part;
}

/** Matches a call's id, with its generated digits, byte for byte at `from`. Returns the offset after it, or −1. */
export function idEnd(body: Buffer, from: number, { bytes, places }: CallId, made: number): number {
  let index = 0;
  for (const place of places) {
    for (; index < place; index++) if (body[from + index] !== bytes[index]) return -1;
    if (!areDigits(body, from + place, made)) return -1;
    index += ID_DIGITS;
  }
  for (; index < bytes.length; index++) if (body[from + index] !== bytes[index]) return -1;
  return from + bytes.length;
}

/** Whether the digits of a generated id begin at byte `from`. */
function areDigits(body: Buffer, from: number, made: number): boolean {
  let value = 0;
  for (let index = from; index < from + ID_DIGITS; index++) {
    const digit = (body[index] as number) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return false;
    value = value * 10 + digit;
  }
  return value === made;
}

/** Whether a response's id is the call's. Numbers are compared by value with all their digits, texts by characters. */
export function isSameId(body: Buffer, span: Span | undefined, id: CallId, made: number): boolean {
  if (!span) return false;
  if (idEnd(body, span.from, id, made) === span.to) return true;
  return keyOfId(body, span) === keyOfCall(id, made);
}

/** One key for all spellings of an id; ids of different types have different keys. */
export function keyOfId(bytes: Buffer, span: Span): string {
  return span.to - span.from > MAX_ID ? "" : keyOf(textOf(bytes, span));
}

/** The same for a call's id with its generated digits. */
export function keyOfCall({ bytes, places }: CallId, made: number): string {
  if (places.length === 0) return keyOf(bytes.toString("utf8"));
  const own = Buffer.from(bytes);
  for (const place of places) own.write(String(made), place);
  return keyOf(own.toString("utf8"));
}

function keyOf(token: string): string {
  if (token.startsWith('"')) return token.includes("\\") ? `"${JSON.parse(token)}"` : token;
  return /^[-\d]/.test(token) ? decimal(token) : token;
}

/** A number in canonical form: 1, 1.0 and 1e0 have the same one, 9007199254740993 and …992 do not. */
function decimal(token: string): string {
  const [, sign = "", whole = "", part = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(token) ?? [];
  const digits = `${whole}${part}`.replace(/^0+/, "");
  let length = digits.length;
  while (length > 0 && digits[length - 1] === "0") length--;
  if (length === 0) return "0";
  return `${sign}${digits.slice(0, length)}e${Number(exponent) - part.length + digits.length - length}`;
}
