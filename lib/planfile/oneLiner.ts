import { readFileSync } from "node:fs";
import { isJsonRpc } from "../plan/jsonRpcBody.ts";

/** A target given on the command line, without a plan. */
export interface OneTarget {
  url?: string;
  method?: string;
  /** The body's text, or `@` and a file. */
  body?: string;
  /** `Name: value`; a header that is sent several times is listed several times. */
  header?: readonly string[];
  /** A file in one of vegeta's formats, instead of a URL. */
  targets?: string;
  timeout?: string;
  insecure?: boolean;
  allowHost?: readonly string[];
}

/** The load of a plan that is built from options. */
export interface OneLoad {
  name: string;
  rps: number;
  duration: string;
  workers?: number;
}

/**
 * The plan that a command line describes: one chain, one target or a file of them. If the body is missing or not
 * JSON-RPC, the target is plain HTTP. Naming a host allows loading it.
 */
export function oneLinerPlan(target: OneTarget, { name, rps, duration, workers }: OneLoad): Record<string, unknown> {
  const { url, targets, timeout, insecure, allowHost = [] } = target;
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

function inlineTarget({ url, method, body: named, header = [] }: OneTarget): Record<string, unknown> {
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
