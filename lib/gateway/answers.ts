import { createHash } from "node:crypto";
import type { StandInChain } from "../plan/gatewaySchema.ts";

interface Call {
  id?: unknown;
  method?: unknown;
  params?: unknown;
}

/** The stand-in's response body, and whether it is a relay, with results only. */
export interface Answer {
  text: string;
  isRelay: boolean;
}

/**
 * Responds to a JSON-RPC request or batch for a chain that has run for `sinceMs`. Responses advance with the chain's
 * blocks. `asError` makes each part an error, like an upstream failure.
 */
export function answer(body: string, chain: StandInChain, sinceMs: number, asError: boolean): Answer {
  let request: unknown;
  try {
    request = JSON.parse(body);
  } catch {
    return { text: JSON.stringify(failure(null, -32_700, "parse error")), isRelay: false };
  }
  const calls = Array.isArray(request) ? request : [request];
  const responses = calls.map((call) => respond(call, chain, sinceMs, asError));
  const isRelay = responses.length > 0 && responses.every((response) => "result" in response);
  return { text: JSON.stringify(Array.isArray(request) ? responses : responses[0]), isRelay };
}

function failure(id: unknown, code: number, message: string): Record<string, unknown> {
  return { jsonrpc: "2.0", id, error: { code, message } };
}

function respond(call: unknown, chain: StandInChain, sinceMs: number, asError: boolean): Record<string, unknown> {
  if (typeof call !== "object" || call === null) return failure(null, -32_600, "invalid request");
  const { id = null, method, params } = call as Call;
  if (typeof method !== "string") return failure(id, -32_600, "invalid request");
  if (asError) return failure(id, -32_000, "upstream failed");
  const args = Array.isArray(params) ? params : [];
  const block = FIRST_BLOCK + Math.floor(sinceMs / chain.blockTimeMs);
  switch (method) {
    case "eth_blockNumber":
      return { jsonrpc: "2.0", id, result: hex(block) };
    case "eth_chainId":
      return { jsonrpc: "2.0", id, result: hex(chain.chainId) };
    case "eth_getBalance":
      if (!/^0x[0-9a-fA-F]{40}$/.test(String(args[0]))) return failure(id, -32_602, "expected an address");
      return { jsonrpc: "2.0", id, result: `0x${digest(chain.chainId, args[0]).slice(0, 12)}${block.toString(16)}` };
    case "eth_call":
      if (typeof args[0] !== "object" || args[0] === null) return failure(id, -32_602, "expected a call");
      return { jsonrpc: "2.0", id, result: `0x${digest(chain.chainId, JSON.stringify(args[0]), block)}` };
    default:
      return failure(id, -32_601, `the method ${method} does not exist`);
  }
}

const FIRST_BLOCK = 20_000_000;

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function digest(...parts: unknown[]): string {
  return createHash("sha256").update(parts.join("\n")).digest("hex");
}
