import type { Check } from "../plan/schema.ts";
import { ID_BASE, ID_DIGITS, type IdPlace } from "./render.ts";

/** What a target's response must be to count as a relay. */
export type Expected =
  /** A JSON-RPC call. */
  | CallExpected
  /** A JSON-RPC batch of so many parts: one response for each of these ids. */
  | { kind: "batch"; ids: readonly IdText[]; parts: number }
  /** No JSON-RPC: the HTTP status alone decides. */
  | { kind: "http" };

/** An id as JSON, and where digits in it are made for each request. */
interface IdText {
  text: string;
  places: readonly IdPlace[];
}

interface CallExpected {
  kind: "call";
  id: IdText;
  usual: readonly Usual[];
  checks: readonly Check[];
  /** Where block numbers must not go backwards. */
  blocks?: BlockWatch;
}

/** What stands before and after a string result in a response as servers usually write it. */
interface Usual {
  before: Buffer;
  after: Buffer;
  /** Where an id that is made for each request begins, in `before` or in `after`; −1 where it is not there. */
  idBefore: number;
  idAfter: number;
}

/** The highest block that a chain has answered with, against which a lower one is stale. */
export interface BlockWatch {
  highest: number;
  /** How far below the highest one an answer may be. */
  tolerance: number;
}

/** What a plan asks of responses besides JSON-RPC. */
export interface Demands {
  checks?: readonly Check[];
  blocks?: BlockWatch;
}

/**
 * What to expect of the response to a request's body. `idPlaces` says where in its UTF-8 bytes ID_BASE's digits stand for
 * an id that is made for each request.
 */
export function expectedOf(
  body: string | undefined,
  idPlaces: readonly IdPlace[] = [],
  { checks = [], blocks }: Demands = {},
): Expected {
  let parsed: unknown;
  let other: unknown;
  try {
    parsed = JSON.parse(body ?? "");
    other = idPlaces.length === 0 ? parsed : JSON.parse(withOtherIds(body ?? "", idPlaces));
  } catch {
    return { kind: "http" };
  }
  if (Array.isArray(parsed) && parsed.length > 0 && parsed.every(isCall)) {
    const others = other as { id?: unknown }[];
    const ids = parsed.flatMap((call, part) => ("id" in call ? [idText(call.id, others[part]?.id, part)] : []));
    return { kind: "batch", ids, parts: parsed.length };
  }
  if (!isCall(parsed) || !("id" in parsed)) return { kind: "http" };
  const id = idText(parsed.id, (other as { id?: unknown }).id, 0);
  return {
    kind: "call",
    id,
    usual: usualOf(id),
    checks,
    ...(blocks && parsed.method === "eth_blockNumber" && { blocks }),
  };
}

/** The body with digits in the places of ids that differ from ID_BASE's in every one. */
function withOtherIds(body: string, idPlaces: readonly IdPlace[]): string {
  const bytes = Buffer.from(body);
  for (const { at } of idPlaces) bytes.fill("9", at, at + ID_DIGITS);
  return bytes.toString();
}

/** An id, with places where it differs from what it is with other ids made for the request. */
function idText(id: unknown, other: unknown, part: number): IdText {
  const text = JSON.stringify(id);
  const otherText = JSON.stringify(other);
  const places: IdPlace[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === otherText[at]) continue;
    places.push({ at, part });
    at += ID_DIGITS - 1;
  }
  return { text, places };
}

/** The n-th request's id, as JSON. */
function idOf({ text, places }: IdText, n: number, parts: number): string {
  let own = text;
  for (const { at, part } of places) own = own.slice(0, at) + batchId(n, part, parts) + own.slice(at + ID_DIGITS);
  return own;
}

/** The three orders of fields that nodes and gateways write, without white space. */
function usualOf({ text, places }: IdText): Usual[] {
  const version = '"jsonrpc":"2.0"';
  const ownId = `"id":${text}`;
  const result = '"result":"';
  const [place] = places;
  if (places.length > 1) return [];
  return [
    [`{${version},${ownId},${result}`, '"}'],
    [`{${version},${result}`, `",${ownId}}`],
    [`{${ownId},${version},${result}`, '"}'],
  ].map(([before = "", after = ""]) => ({
    before: Buffer.from(before),
    after: Buffer.from(after),
    idBefore: digitsAt(before, ownId, place),
    idAfter: digitsAt(after, ownId, place),
  }));
}

/** Where an id's own digits begin in a part of a response; −1 where they are not in it. */
function digitsAt(part: string, ownId: string, place: IdPlace | undefined): number {
  const found = part.indexOf(ownId);
  return place === undefined || found === -1 ? -1 : Buffer.byteLength(part.slice(0, found)) + '"id":'.length + place.at;
}

/**
 * Whether a body is, byte for byte, a usual response with a string of plain characters as its result: then it is a
 * relay, and need not be parsed. Anything else is parsed. Gives where the result begins, or −1.
 */
function usualResult(body: Buffer, usual: readonly Usual[], id: number): number {
  const length = wholeLength(body);
  for (const { before, after, idBefore, idAfter } of usual) {
    const end = length - after.length;
    if (end < before.length || !has(body, before, 0, idBefore, id) || !has(body, after, end, idAfter, id)) continue;
    for (let index = before.length; index < end; index++) {
      if (PLAIN[body[index] as number] === 0) return -1;
    }
    return before.length;
  }
  return -1;
}

/** Some servers end their responses with a line break. */
function wholeLength(body: Buffer): number {
  return body[body.length - 1] === LINE_FEED ? body.length - 1 : body.length;
}

const LINE_FEED = 0x0a;

/** By byte: 1 for what can stand in a JSON string as it is and is ASCII. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) => {
  return byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c ? 1 : 0;
});

/**
 * Whether bytes stand at a place, with the digits of `id` from `idAt` on where that is not −1. Compared one by one: for
 * so few that is quicker than a call into native code.
 */
function has(body: Buffer, bytes: Buffer, at: number, idAt: number, id: number): boolean {
  const idEnd = idAt === -1 ? -1 : idAt + ID_DIGITS;
  for (let index = bytes.length - 1; index >= 0; index--) {
    if (index >= idAt && index < idEnd) continue;
    if (body[at + index] !== bytes[index]) return false;
  }
  return idAt === -1 || digits(body, at + idAt) === id;
}

function digits(body: Buffer, at: number): number {
  let value = 0;
  for (let index = at; index < at + ID_DIGITS; index++) value = value * 10 + ((body[index] as number) - 0x30);
  return value;
}

function isCall(value: unknown): value is { jsonrpc: unknown; method: unknown; id?: unknown } {
  return typeof value === "object" && value !== null && "jsonrpc" in value && "method" in value;
}

/** The class of a response that is a relay. */
export const VALID = "valid";

/**
 * The class of a complete response to the n-th request: `valid` for a relay, or else the stable name of what is wrong
 * with it (`classes.ts` lists them). HTTP comes first: `http-<status>` outside 2xx. Then the JSON-RPC object, then what
 * the plan asks of it.
 */
export function classifyResponse(status: number, body: Buffer, expected: Expected, n = 0): string {
  if (status < 200 || status > 299) return `http-${status}`;
  if (expected.kind === "http") return VALID;
  if (expected.kind === "call" && expected.checks.length === 0) {
    const at = usualResult(body, expected.usual, ID_BASE + n);
    if (at !== -1) return expected.blocks ? classifyBlock(body, at, expected.blocks) : VALID;
  }
  const text = body.toString("utf8");
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return text.trim() === "" ? "empty-body" : "invalid-json";
  }
  return expected.kind === "call"
    ? classifyCall(parsed, idOf(expected.id, n, 1), expected)
    : classifyBatch(parsed, expected, n);
}

function classifyCall(response: unknown, id: string | undefined, { checks = [], blocks }: Demands = {}): string {
  if (typeof response !== "object" || response === null || Array.isArray(response)) return "not-json-rpc";
  const { error, result, id: answered } = response as { error?: unknown; result?: unknown; id?: unknown };
  if (error !== undefined && error !== null) return classifyError(error);
  if (JSON.stringify(answered) !== id) return "id-mismatch";
  if (result === undefined) return "no-result";
  if (result === null) return "null-result";
  if (!checks.every((check) => passes(response, check))) return "check-failed";
  return blocks && typeof result === "string" ? watchBlock(Number.parseInt(result, 16), blocks) : VALID;
}

/** A batch is one request and one relay: it is valid when each part is, and otherwise of its first wrong part's class. */
function classifyBatch(responses: unknown, { ids, parts }: { ids: readonly IdText[]; parts: number }, n: number) {
  if (!Array.isArray(responses)) return classifyCall(responses, undefined);
  const byId = new Map(responses.map((each: { id?: unknown } | null) => [JSON.stringify(each?.id), each]));
  for (const own of ids) {
    const id = idOf(own, n, parts);
    const response = byId.get(id);
    if (response === undefined) return "batch-part-missing";
    const found = classifyCall(response, id);
    if (found !== VALID) return found;
  }
  return VALID;
}

/** The id of a part of the n-th request, where each is made for its request. */
export function batchId(n: number, part: number, parts: number): number {
  return ID_BASE + n * parts + part;
}

/** The class of a usual response to eth_blockNumber, whose result begins at a byte. */
function classifyBlock(body: Buffer, at: number, blocks: BlockWatch): string {
  return watchBlock(Number.parseInt(body.toString("latin1", at, body.indexOf('"', at)), 16), blocks);
}

function watchBlock(block: number, watch: BlockWatch): string {
  if (block < watch.highest - watch.tolerance) return "stale-block";
  if (block > watch.highest) watch.highest = block;
  return VALID;
}

/** Whether a response is as a plan's check asks. */
function passes(response: unknown, { pointer, equals, matches, min, max }: Check): boolean {
  const value = at(response, pointer);
  if (value === undefined) return false;
  if (equals !== undefined && JSON.stringify(value) !== JSON.stringify(equals)) return false;
  if (matches !== undefined && !new RegExp(matches, "u").test(String(value))) return false;
  const number = typeof value === "string" && /^0x[0-9a-f]+$/i.test(value) ? Number.parseInt(value, 16) : Number(value);
  return !(min !== undefined && !(number >= min)) && !(max !== undefined && !(number <= max));
}

/** The value at a JSON pointer (RFC 6901), or undefined. */
function at(value: unknown, pointer: string): unknown {
  let found = value;
  for (const step of pointer.split("/").slice(1)) {
    if (typeof found !== "object" || found === null) return undefined;
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (!Object.hasOwn(found, key)) return undefined;
    found = (found as Record<string, unknown>)[key];
  }
  return found;
}

/** JSON-RPC 2.0's codes, and of EIP-1474 the one for rate limits, which gateways also give as 429. */
const RPC_ERRORS = new Map([
  [-32_700, "rpc-parse-error"],
  [-32_600, "rpc-invalid-request"],
  [-32_601, "rpc-method-not-found"],
  [-32_602, "rpc-invalid-params"],
  [-32_603, "rpc-internal-error"],
  [-32_005, "rpc-rate-limited"],
  [429, "rpc-rate-limited"],
]);

function classifyError(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  if (typeof code !== "number") return "rpc-error";
  const known = RPC_ERRORS.get(code);
  if (known) return known;
  return code <= -32_000 && code >= -32_099 ? "rpc-server-error" : "rpc-error";
}
