/**
 * JSON's grammar (RFC 8259) over bytes. One pass finds the positions of a response's parts, in linear time, without
 * recursion and without a copy, whatever a target sends: even 4 MiB of brackets. Each part is then parsed separately
 * and keeps its digits.
 *
 * Each function takes the offset where something begins and returns the offset after it, or −1 if it is not JSON.
 */

/** A range of bytes: from its first byte to the one after its last. */
export interface Span {
  from: number;
  to: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
export const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
export const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The first offset from `at` on that is not white space. */
export function blankEnd(bytes: Buffer, at: number): number {
  let end = at;
  for (; end < bytes.length; end++) {
    const byte = bytes[end];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
  }
  return end;
}

/** Scans any value. */
export function valueEnd(bytes: Buffer, from: number): number {
  if (!opens(bytes[from])) return scalarEnd(bytes, from);
  const open = new Nesting();
  let at = from;
  do {
    at = opens(bytes[at]) ? opened(bytes, at, open) : afterValue(bytes, scalarEnd(bytes, at), open);
  } while (at !== -1 && open.depth > 0);
  return at;
}

function opens(byte: number | undefined): boolean {
  return byte === OPEN_LIST || byte === OPEN_OBJECT;
}

/** Enters a list or an object: up to its first value, or past it if it is empty. */
function opened(bytes: Buffer, at: number, open: Nesting): number {
  open.push(bytes[at] === OPEN_LIST ? CLOSE_LIST : CLOSE_OBJECT);
  const next = blankEnd(bytes, at + 1);
  if (bytes[next] === open.close) return afterValue(bytes, next, open);
  return open.close === CLOSE_OBJECT ? keyEnd(bytes, next) : next;
}

/** From the end of a value to the start of the next one, or past the end of the outermost list or object. */
function afterValue(bytes: Buffer, from: number, open: Nesting): number {
  if (from === -1) return -1;
  let at = blankEnd(bytes, from);
  while (bytes[at] === open.close) {
    open.pop();
    if (open.depth === 0) return at + 1;
    at = blankEnd(bytes, at + 1);
  }
  if (bytes[at] !== COMMA) return -1;
  at = blankEnd(bytes, at + 1);
  return open.close === CLOSE_OBJECT ? keyEnd(bytes, at) : at;
}

/** The open lists and objects, by the bytes that close them. */
class Nesting {
  #closes = new Uint8Array(32);
  depth = 0;
  /** The byte that closes the innermost one. */
  close = 0;

  push(close: number): void {
    if (this.depth === this.#closes.length) {
      const longer = new Uint8Array(2 * this.depth);
      longer.set(this.#closes);
      this.#closes = longer;
    }
    this.#closes[this.depth++] = close;
    this.close = close;
  }

  pop(): void {
    this.depth--;
    this.close = this.#closes[this.depth - 1] ?? 0;
  }
}

/** Scans an object. `member` scans each value: it gets the key, including its quotes, and the value's offset. */
export function objectEnd(bytes: Buffer, from: number, member: (key: Span, at: number) => number): number {
  let at = blankEnd(bytes, from + 1);
  if (bytes[at] === CLOSE_OBJECT) return at + 1;
  for (;;) {
    const keyTo = stringEnd(bytes, at);
    const valueAt = keyTo === -1 ? -1 : afterColon(bytes, keyTo);
    if (valueAt === -1) return -1;
    const end = member({ from: at, to: keyTo }, valueAt);
    if (end === -1) return -1;
    at = blankEnd(bytes, end);
    if (bytes[at] === CLOSE_OBJECT) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at = blankEnd(bytes, at + 1);
  }
}

/** Scans a list. `item` scans each item. */
export function listEnd(bytes: Buffer, from: number, item: (at: number, index: number) => number): number {
  let at = blankEnd(bytes, from + 1);
  if (bytes[at] === CLOSE_LIST) return at + 1;
  for (let index = 0; ; index++) {
    const end = item(at, index);
    if (end === -1) return -1;
    at = blankEnd(bytes, end);
    if (bytes[at] === CLOSE_LIST) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at = blankEnd(bytes, at + 1);
  }
}

/** Scans a key and its colon, up to its value. */
function keyEnd(bytes: Buffer, at: number): number {
  const end = stringEnd(bytes, at);
  return end === -1 ? -1 : afterColon(bytes, end);
}

function afterColon(bytes: Buffer, at: number): number {
  const colon = blankEnd(bytes, at);
  return bytes[colon] === COLON ? blankEnd(bytes, colon + 1) : -1;
}

function scalarEnd(bytes: Buffer, at: number): number {
  switch (bytes[at]) {
    case QUOTE:
      return stringEnd(bytes, at);
    case 0x74:
      return wordEnd(bytes, at, "true");
    case 0x66:
      return wordEnd(bytes, at, "false");
    case 0x6e:
      return wordEnd(bytes, at, "null");
    default:
      return numberEnd(bytes, at);
  }
}

function wordEnd(bytes: Buffer, at: number, word: string): number {
  for (let index = 0; index < word.length; index++) if (bytes[at + index] !== word.charCodeAt(index)) return -1;
  return at + word.length;
}

/** Scans a string from its opening quote. */
function stringEnd(bytes: Buffer, from: number): number {
  if (bytes[from] !== QUOTE) return -1;
  const { length } = bytes;
  let at = from + 1;
  for (;;) {
    while (at < length && IN_STRINGS[bytes[at] as number] === 1) at++;
    if (bytes[at] === QUOTE) return at + 1;
    at = bytes[at] === BACKSLASH ? escapeEnd(bytes, at) : -1;
    if (at === -1) return -1;
  }
}

/** By byte: 1 for what a string may contain unescaped, including bytes above ASCII. */
const IN_STRINGS = Uint8Array.from({ length: 256 }, (_, byte) => {
  return byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0;
});

/** Scans an escaped character from its backslash. */
function escapeEnd(bytes: Buffer, at: number): number {
  if (bytes[at + 1] !== 0x75) return isEscape(bytes[at + 1]) ? at + 2 : -1;
  for (let digit = at + 2; digit < at + 6; digit++) if (!isHexDigit(bytes[digit])) return -1;
  return at + 6;
}

function isHexDigit(byte = 0): boolean {
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66);
}

/** One of `"\/bfnrt`. */
function isEscape(byte = 0): boolean {
  return '"\\/bfnrt'.includes(String.fromCharCode(byte));
}

function isDigit(byte = 0): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function numberEnd(bytes: Buffer, from: number): number {
  let at = bytes[from] === 0x2d ? from + 1 : from;
  if (!isDigit(bytes[at])) return -1;
  at = bytes[at] === 0x30 ? at + 1 : digitsEnd(bytes, at);
  if (bytes[at] === 0x2e) {
    if (!isDigit(bytes[at + 1])) return -1;
    at = digitsEnd(bytes, at + 1);
  }
  if (((bytes[at] ?? 0) | 0x20) === 0x65) {
    const sign = bytes[at + 1];
    at += sign === 0x2b || sign === 0x2d ? 2 : 1;
    if (!isDigit(bytes[at])) return -1;
    at = digitsEnd(bytes, at);
  }
  return at;
}

function digitsEnd(bytes: Buffer, from: number): number {
  let at = from;
  while (isDigit(bytes[at])) at++;
  return at;
}

/** The bytes of a span, as text. */
export function textOf(bytes: Buffer, { from, to }: Span): string {
  return bytes.toString("utf8", from, to);
}

/** Whether bytes are one JSON value, with or without white space around it. */
export function isJson(bytes: Buffer): boolean {
  const end = valueEnd(bytes, blankEnd(bytes, 0));
  return end !== -1 && blankEnd(bytes, end) === bytes.length;
}

/** Whether a JSON string, whose span includes its quotes, spells a text, escaped or not. */
export function isText(bytes: Buffer, span: Span, text: string): boolean {
  const length = span.to - span.from;
  // One byte for each character: unescaped ASCII.
  if (length === text.length + 2) return isAscii(bytes, span.from + 1, text);
  // A character takes at most 12 bytes, as two escaped surrogates.
  if (length < text.length || length > 12 * text.length + 2) return false;
  const written = textOf(bytes, span);
  return (written.includes("\\") ? (JSON.parse(written) as string) : written.slice(1, -1)) === text;
}

function isAscii(bytes: Buffer, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x80 || bytes[at + index] !== code) return false;
  }
  return true;
}
