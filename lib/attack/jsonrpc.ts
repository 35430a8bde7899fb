/** What a target's response must be to count as a relay. */
export type Expected =
  /** A JSON-RPC call with this id. */
  | { kind: "call"; id: unknown }
  /** A JSON-RPC batch: one response for each of these ids (in JSON). */
  | { kind: "batch"; ids: readonly string[] }
  /** No JSON-RPC: the HTTP status alone decides. */
  | { kind: "http" };

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
  return isCall(parsed) && "id" in parsed ? { kind: "call", id: parsed.id } : { kind: "http" };
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
