import { readFileSync } from "node:fs";
import { isJsonRpc } from "../plan/jsonRpcBody.ts";

/** A target as a command line names it, without a plan. */
export interface OneTarget {
  url?: string;
  method?: string;
  /** The body's text, or `@` and a file. */
  body?: string;
  /** `Name: value`, each as often as it is sent. */
  header: readonly string[];
  /** A file in one of vegeta's formats, instead of a URL. */
  targets?: string;
  timeout?: string;
  insecure?: boolean;
  allowHost: readonly string[];
}

/** The load of a plan that is made from options. */
export interface OneLoad {
  name: string;
  rps: number;
  duration: string;
  workers?: number;
}

/**
 * The plan that a command line describes: one chain, one target or a file of them. A body that is no JSON-RPC, or none,
 * is plain HTTP. The host that is named may be loaded: naming it says so.
 */
export function oneLinerPlan(target: OneTarget, { name, rps, duration, workers }: OneLoad): Record<string, unknown> {
  const { url, targets, timeout, insecure, allowHost } = target;
  const host = url !== undefined && URL.canParse(url) ? [new URL(url).hostname] : [];
  return {
    name,
    chains: [{ name: "attack", rps, targets: targets ?? [inlineTarget(target)] }],
    duration,
    allowedHosts: [...host, ...allowHost],
    ...(workers !== undefined && { workers }),
    ...(timeout !== undefined && { timeout }),
    ...(insecure && { tls: { insecure } }),
  };
}

function inlineTarget({ url, method, body: named, header }: OneTarget): Record<string, unknown> {
  const body = named?.startsWith("@") ? readFileSync(named.slice(1), "utf8") : named;
  const headers: Record<string, string[]> = {};
  for (const line of header) {
    const [, field = line, value = ""] = /^([^:]*):\s*(.*)$/s.exec(line) ?? [];
    headers[field] = [...(headers[field] ?? []), value];
  }
  const isTyped = Object.keys(headers).some((field) => field.toLowerCase() === "content-type");
  const isCall = body !== undefined && isJsonRpc(body);
  if (isCall && !isTyped) headers["Content-Type"] = ["application/json"];
  return {
    url,
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers,
    ...(body !== undefined && { body }),
    ...(!isCall && { expect: "http" }),
  };
}
