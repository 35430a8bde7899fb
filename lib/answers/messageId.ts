import { ID_DIGITS } from "./ids.ts";
import { blankEnd, isText, listEnd, OPEN_LIST, OPEN_OBJECT, objectEnd, type Span, textOf, valueEnd } from "./json.ts";

/** How most nodes' messages begin, up to the id. */
const VERSION_FIRST = Buffer.from('{"jsonrpc":"2.0","id":');
const ID_FIRST = Buffer.from('{"id":');
const ID_LAST = Buffer.from('"id":');

/**
 * The number that a worker generated for a call, from the id in a message; NaN if the message has none. In a list, the
 * first answer with an id counts. Takes at most time linear in the message's length; usual messages are not scanned
 * whole.
 */
export function madeIdOf(message: Buffer): number {
  for (const beginning of [VERSION_FIRST, ID_FIRST]) {
    const id = startsWith(message, 0, beginning) ? digitsAt(message, beginning.length) : Number.NaN;
    if (!Number.isNaN(id)) return id;
  }
  const last = message.length - 1 - ID_DIGITS;
  if (
    message[message.length - 1] === 0x7d &&
    last > ID_LAST.length &&
    startsWith(message, last - ID_LAST.length, ID_LAST)
  ) {
    const id = digitsAt(message, last);
    if (!Number.isNaN(id)) return id;
  }
  return slowly(message);
}

function startsWith(bytes: Buffer, at: number, wanted: Buffer): boolean {
  for (let index = 0; index < wanted.length; index++) if (bytes[at + index] !== wanted[index]) return false;
  return true;
}

/** A generated id's digits as a number; NaN if there are other digits, or if anything else of a number follows. */
function digitsAt(bytes: Buffer, from: number): number {
  let value = 0;
  for (let index = from; index < from + ID_DIGITS; index++) {
    const digit = (bytes[index] as number) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  const next = bytes[from + ID_DIGITS];
  return next === 0x2c || next === 0x7d ? value : Number.NaN;
}

function slowly(message: Buffer): number {
  const from = blankEnd(message, 0);
  if (message[from] === OPEN_OBJECT) return idIn(message, from).id;
  let found = Number.NaN;
  if (message[from] !== OPEN_LIST) return found;
  listEnd(message, from, (at) => {
    if (message[at] !== OPEN_OBJECT) return valueEnd(message, at);
    const { id, end } = idIn(message, at);
    if (Number.isNaN(found)) found = id;
    return end;
  });
  return found;
}

function idIn(message: Buffer, at: number): { id: number; end: number } {
  let span: Span | undefined;
  const end = objectEnd(message, at, (key, value) => {
    const to = valueEnd(message, value);
    if (to !== -1 && isText(message, key, "id")) span = { from: value, to };
    return to;
  });
  if (!span || span.to - span.from > 1_024) return { id: Number.NaN, end };
  // An id may be a text around the digits, or a number that is spelled differently.
  const text = textOf(message, span);
  const [digits] = text.match(/(?<!\d)\d{12}(?!\d)/) ?? [];
  return { id: digits === undefined && text.startsWith('"') ? Number.NaN : Number(digits ?? text), end };
}
