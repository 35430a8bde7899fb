/** Digits of an id that is made for each request: the n-th has ID_BASE + n. */
export const ID_BASE = 100_000_000_000;
export const ID_DIGITS = 12;

/** Where an id that is made for each request stands. */
export interface IdPlace {
  /** Its first digit, as an offset in the bytes concerned. */
  at: number;
  /** Which call of a batch it is the id of, counted from 0. */
  part: number;
}

import { type Span, textOf } from "./json.ts";

/** The id that a call's response must carry. */
export interface CallId {
  /** As JSON, in the bytes of the request. */
  bytes: Buffer;
  /** Where in them digits stand that are made for each request; mostly nowhere, or in one place. */
  places: readonly number[];
  /** Which call of its batch it is. */
  part: number;
}

/** Longest id that is compared, in bytes: a longer one is no id of ours. */
const MAX_ID = 1_024;

/** The id of a part of the n-th request, where each is made for its request. */
export function batchId(n: number, part: number, parts: number): number {
  return ID_BASE + n * parts + part;
}

/** Whether the id of the n-th request stands at a byte, to the letter. Gives the place after it, or −1. */
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

/** Whether the digits of a made id stand at a byte. */
function areDigits(body: Buffer, from: number, made: number): boolean {
  let value = 0;
  for (let index = from; index < from + ID_DIGITS; index++) {
    const digit = (body[index] as number) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return false;
    value = value * 10 + digit;
  }
  return value === made;
}

/** Whether an id that was answered is a call's: numbers by their value and all their digits, texts by their characters. */
export function isSameId(body: Buffer, span: Span | undefined, id: CallId, made: number): boolean {
  if (!span) return false;
  if (idEnd(body, span.from, id, made) === span.to) return true;
  return keyOfId(body, span) === keyOfCall(id, made);
}

/** One text for all spellings of an id; ids of different types have different ones. */
export function keyOfId(bytes: Buffer, span: Span): string {
  return span.to - span.from > MAX_ID ? "" : keyOf(textOf(bytes, span));
}

/** The same of a call's id in the n-th request. */
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

/** A number's digits and exponent in one form: 1, 1.0 and 1e0 have the same, 9007199254740993 and …992 have not. */
function decimal(token: string): string {
  const [, sign = "", whole = "", part = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(token) ?? [];
  const digits = `${whole}${part}`.replace(/^0+/, "");
  let length = digits.length;
  while (length > 0 && digits[length - 1] === "0") length--;
  if (length === 0) return "0";
  return `${sign}${digits.slice(0, length)}e${Number(exponent) - part.length + digits.length - length}`;
}
