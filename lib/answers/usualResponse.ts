import { batchId, type CallId, idEnd } from "./ids.ts";

/** The three orders of fields that nodes and gateways write, without white space. */
const VERSION_FIRST = Buffer.from('{"jsonrpc":"2.0",');
const ID_FIRST = Buffer.from('{"id":');
const ID = Buffer.from('"id":');
const RESULT = Buffer.from('"result":"');
const THEN_RESULT = Buffer.from(',"result":"');
const THEN_VERSION = Buffer.from(',"jsonrpc":"2.0","result":"');
const THEN_ID = Buffer.from('","id":');

/**
 * Whether a body is, byte for byte, a usual response to the n-th request whose result is a string of plain characters:
 * then it is a relay and is not parsed. Returns the offset of the result, or −1.
 */
export function usualResult(body: Buffer, id: CallId | undefined, n: number): number {
  if (!id) return -1;
  const made = batchId(n, id.part, 1);
  let length = body.length;
  // Some servers end their responses with a line break.
  if (body[length - 1] === 0x0a) length--;
  if (!has(body, 0, VERSION_FIRST)) {
    if (!has(body, 0, ID_FIRST)) return -1;
    const at = idEnd(body, ID_FIRST.length, id, made);
    if (at === -1 || !has(body, at, THEN_VERSION)) return -1;
    return endsAfterText(body, at + THEN_VERSION.length, length);
  }
  const from = VERSION_FIRST.length;
  if (has(body, from, RESULT)) {
    const end = plainEnd(body, from + RESULT.length);
    if (!has(body, end, THEN_ID)) return -1;
    const to = idEnd(body, end + THEN_ID.length, id, made);
    return to === length - 1 && body[to] === 0x7d ? from + RESULT.length : -1;
  }
  if (!has(body, from, ID)) return -1;
  const at = idEnd(body, from + ID.length, id, made);
  if (at === -1 || !has(body, at, THEN_RESULT)) return -1;
  return endsAfterText(body, at + THEN_RESULT.length, length);
}

/** `at`, if the body ends after the plain text there with a quote and a brace; −1 otherwise. */
function endsAfterText(body: Buffer, at: number, length: number): number {
  const end = plainEnd(body, at);
  return end === length - 2 && body[end] === 0x22 && body[end + 1] === 0x7d ? at : -1;
}

/** Compares byte by byte: for this few bytes, that is quicker than a call into native code. */
function has(body: Buffer, at: number, bytes: Buffer): boolean {
  for (let index = 0; index < bytes.length; index++) if (body[at + index] !== bytes[index]) return false;
  return true;
}

/** The first offset from `at` on that is not a plain character. */
function plainEnd(body: Buffer, at: number): number {
  let end = at;
  while (PLAIN[body[end] as number] === 1) end++;
  return end;
}

/** By byte: 1 for ASCII that a JSON string may contain unescaped. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) => {
  return byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c ? 1 : 0;
});
