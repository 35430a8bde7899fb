import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";
import { bodyOf } from "./body.ts";
import { jsonTemplate } from "./jsonTemplate.ts";
import { parseTemplate } from "./placeholders.ts";
import { jsonPath, type Problem, show } from "./problems.ts";
import type { Plan, Target } from "./schema.ts";

/** Most bytes that a compressed body is decoded to. */
const MAX_BYTES = 64 * 2 ** 20;

const DECODERS: Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Buffer> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
};

/** A target's body as text, decoded if its Content-Encoding says how; undefined if it is not text. */
export function bodyText(target: Pick<Target, "body" | "bodyBase64" | "headers">): string | undefined {
  if (target.body !== undefined) return target.body;
  const bytes = bodyOf(target);
  const encoding = target.headers.find(([name]) => name.toLowerCase() === "content-encoding")?.[1];
  const decode = DECODERS[(encoding ?? "").trim().toLowerCase().replace(/^x-/, "")];
  try {
    return bytes && decode?.(bytes, { maxOutputLength: MAX_BYTES }).toString("utf8");
  } catch {
    return undefined;
  }
}

/**
 * Why a target's body is not a JSON-RPC call or batch once its placeholders are filled in; undefined if it is one.
 * `anyVersion` also accepts calls without `"jsonrpc": "2.0"`, as Bitcoin's nodes do.
 */
function notJsonRpc(target: Target, anyVersion = false): string | undefined {
  const text = bodyText(target);
  if (text === undefined) return "a body that is no text";
  const pieces = target.body === undefined ? [text] : parseTemplate(text).pieces;
  const filled = (jsonTemplate(pieces)?.pieces ?? pieces).map((piece) => (typeof piece === "string" ? piece : "0"));
  let parsed: unknown;
  try {
    parsed = JSON.parse(filled.join(""));
  } catch (error) {
    return `a body that is not JSON (${(error as SyntaxError).message})`;
  }
  if (!Array.isArray(parsed)) return notCall(parsed, anyVersion);
  if (parsed.length === 0) return "an empty batch";
  const wrong = parsed.findIndex((call) => notCall(call, anyVersion) !== undefined);
  return wrong === -1 ? undefined : `a batch whose element ${wrong} is ${notCall(parsed[wrong], anyVersion)}`;
}

/** Whether a body is a JSON-RPC 2.0 call or a batch of them, once its placeholders are filled in. */
export function isJsonRpc(body: string): boolean {
  return notJsonRpc({ method: "POST", url: "", headers: [], weight: 1, body }) === undefined;
}

function notCall(value: unknown, anyVersion: boolean): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "JSON that is no object";
  const { jsonrpc, method, params, id } = value as Record<string, unknown>;
  if (typeof method !== "string") return 'an object without a "method"';
  if (jsonrpc !== "2.0" && !anyVersion) return 'a call without "jsonrpc": "2.0"';
  if (params !== undefined && (typeof params !== "object" || params === null)) {
    return 'a call whose "params" are no list and no object';
  }
  if (id !== undefined && id !== null && typeof id !== "number" && typeof id !== "string") {
    return 'a call whose "id" is no number and no text';
  }
  return undefined;
}

/**
 * A problem for each target whose body is not JSON-RPC although the plan does not say so: by the HTTP status alone,
 * errors would count as relays. Sets `expect` in each target: without a body there is no call, so it is plain HTTP.
 */
export function expectationProblems({ chains }: Pick<Plan, "chains">): Problem[] {
  return chains.flatMap(({ targets }, index) =>
    targets.flatMap((target, position): Problem[] => {
      const wrong = wrongExpectation(target);
      if (wrong === undefined) return [];
      const name = target.name === undefined ? "" : `, ${show(target.name)}`;
      const which = targets.length === 1 ? "" : ` (target ${position + 1}${name})`;
      const expected = 'a JSON-RPC 2.0 call or batch, or "expect": "http" in the target or its chain where it is none';
      return [{ where: jsonPath(["chains", index, "targets"]), found: `${wrong}${which}`, expected }];
    }),
  );
}

function wrongExpectation(target: Target): string | undefined {
  const hasBody = target.body !== undefined || target.bodyBase64 !== undefined;
  if (!hasBody) {
    if (target.expect === "json-rpc") return "a target without a body";
    target.expect = "http";
  }
  if (target.expect === "http") return undefined;
  const wrong = notJsonRpc(target, target.expect === "json-rpc");
  if (wrong === undefined) target.expect = "json-rpc";
  return wrong;
}
