/** What a target's response must be to count as a relay. */
export type Expected =
  /** A JSON-RPC call with this id. */
  | { kind: "call"; id: unknown; usual: readonly Usual[] }
  /** A JSON-RPC batch: one response for each of these ids (in JSON). */
  | { kind: "batch"; ids: readonly string[] }
  /** No JSON-RPC: the HTTP status alone decides. */
  | { kind: "http" };

/** What stands before and after a string result in a response as servers usually write it. */
interface Usual {
  before: Buffer;
  after: Buffer;
}

/** What to expect of the response to a request's body. */
export function expectedOf(body: string | undefined): Expected {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body ?? "");
  } catch {
    return { kind: "http" };
  }
  if (Array.isArray(parsed) && parsed.length > 0 && parsed.every(isCall)) {
    return {
      kind: "batch",
      ids: parsed.flatMap((call) => ("id" in call ? [JSON.stringify(call.id)] : [])),
    };
  }
  return isCall(parsed) && "id" in parsed
    ? { kind: "call", id: parsed.id, usual: usualOf(parsed.id) }
    : { kind: "http" };
}

/** The three orders of fields that nodes and gateways write, without white space. */
function usualOf(id: unknown): Usual[] {
  const version = '"jsonrpc":"2.0"';
  const ownId = `"id":${JSON.stringify(id)}`;
  const result = '"result":"';
  return [
    [`{${version},${ownId},${result}`, '"}'],
    [`{${version},${result}`, `",${ownId}}`],
    [`{${ownId},${version},${result}`, '"}'],
  ].map(([before = "", after = ""]) => ({ before: Buffer.from(before), after: Buffer.from(after) }));
}

/**
 * Whether a body is, byte for byte, a usual response with a string of plain characters as its result: then it is a
 * relay, and need not be parsed. Anything else is parsed.
 */
function isUsual(body: Buffer, usual: readonly Usual[]): boolean {
  // Some servers end their responses with a line break.
  const length = body[body.length - 1] === LINE_FEED ? body.length - 1 : body.length;
  for (const { before, after } of usual) {
    const end = length - after.length;
    if (end < before.length || !has(body, before, 0) || !has(body, after, end)) continue;
    for (let index = before.length; index < end; index++) {
      if (PLAIN[body[index] as number] === 0) return false;
    }
    return true;
  }
  return false;
}

const LINE_FEED = 0x0a;

/** By byte: 1 for what can stand in a JSON string as it is and is ASCII. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) => {
  return byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c ? 1 : 0;
});

/** Whether bytes stand at a place. Compared one by one: for so few that is quicker than a call into native code. */
function has(body: Buffer, bytes: Buffer, at: number): boolean {
  for (let index = bytes.length - 1; index >= 0; index--) {
    if (body[at + index] !== bytes[index]) return false;
  }
  return true;
}

function isCall(value: unknown): value is { jsonrpc: unknown; method: unknown; id?: unknown } {
  return typeof value === "object" && value !== null && "jsonrpc" in value && "method" in value;
}

/** The class of a response that is a relay. */
export const VALID = "valid";

/**
 * The class of a complete response: `valid` for a relay, or else the stable name of what is wrong with it. HTTP comes
 * first: `http-<status>` outside 2xx. Then the JSON-RPC object: `invalid-json`, `not-json-rpc`, `id-mismatch`,
 * `null-result`, `no-result`, or an error by its code (`rpc-…`).
 */
export function classifyResponse(status: number, body: Buffer, expected: Expected): string {
  if (status < 200 || status > 299) return `http-${status}`;
  if (expected.kind === "http") return VALID;
  if (expected.kind === "call" && isUsual(body, expected.usual)) return VALID;
  const text = body.toString("utf8");
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return text.trim() === "" ? "empty-body" : "invalid-json";
  }
  return expected.kind === "call" ? classifyCall(parsed, expected.id) : classifyBatch(parsed, expected.ids);
}

function classifyCall(response: unknown, id: unknown): string {
  if (typeof response !== "object" || response === null || Array.isArray(response)) return "not-json-rpc";
  const { error, result, id: answered } = response as { error?: unknown; result?: unknown; id?: unknown };
  if (error !== undefined && error !== null) return classifyError(error);
  if (answered !== id && JSON.stringify(answered) !== JSON.stringify(id)) return "id-mismatch";
  if (result === undefined) return "no-result";
  return result === null ? "null-result" : VALID;
}

/** A batch is one request and one relay: it is valid when each part is, and otherwise of its first wrong part's class. */
function classifyBatch(responses: unknown, ids: readonly string[]): string {
  if (!Array.isArray(responses)) return classifyCall(responses, undefined);
  const byId = new Map(responses.map((each: { id?: unknown } | null) => [JSON.stringify(each?.id), each]));
  for (const id of ids) {
    const response = byId.get(id);
    if (response === undefined) return "batch-part-missing";
    const found = classifyCall(response, response?.id);
    if (found !== VALID) return found;
  }
  return VALID;
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
