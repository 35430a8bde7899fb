import { Buffer } from "node:buffer";
import type { Chain, Target } from "../plan/schema.ts";
import { type Expected, expectedOf } from "./jsonrpc.ts";

/** A target made ready, so that sending it allocates as little as can be. */
export interface PreparedRequest {
  origin: string;
  path: string;
  method: string;
  headers: string[];
  body: Buffer | null;
  /** Bytes of the body. */
  bytes: number;
  /** The whole request as HTTP/1.1 sends it. */
  http1: Buffer;
  expected: Expected;
}

/** Headers of the connection and the message's framing: the worker's own, whatever a target says of them. */
const FRAMING = new Set(["connection", "content-length", "expect", "keep-alive", "transfer-encoding", "upgrade"]);

/** Makes a chain's targets ready; without `keepalive` each request asks for its connection to be closed after it. */
export function prepareRequests(targets: readonly Target[], keepalive: boolean): PreparedRequest[] {
  return targets.map((target) => {
    const url = new URL(target.url);
    const path = `${url.pathname}${url.search}`;
    const body = target.body === undefined ? null : Buffer.from(target.body);
    const headers = Object.entries(target.headers).filter(([name]) => !FRAMING.has(name.toLowerCase()));
    if (!headers.some(([name]) => name.toLowerCase() === "user-agent")) headers.push(["User-Agent", "volley"]);
    return {
      origin: url.origin,
      path,
      method: target.method,
      headers: headers.flat(),
      body,
      bytes: body?.length ?? 0,
      http1: http1Request(`${target.method} ${path}`, url.host, headers, body, keepalive),
      expected: expectedOf(target.body),
    };
  });
}

function http1Request(
  line: string,
  host: string,
  headers: readonly (readonly [string, string])[],
  body: Buffer | null,
  keepalive: boolean,
): Buffer {
  const hasHost = headers.some(([name]) => name.toLowerCase() === "host");
  const lines = [
    `${line} HTTP/1.1`,
    ...(hasHost ? [] : [`Host: ${host}`]),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body || !/^(GET|HEAD) /.test(line) ? [`Content-Length: ${body?.length ?? 0}`] : []),
    ...(keepalive ? [] : ["Connection: close"]),
  ];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body ?? Buffer.alloc(0)]);
}

/**
 * Which target a chain's n-th request goes to: a seeded function of n, so that neither the number of workers nor a
 * retry changes the mix.
 */
export function targetChooser(chain: Pick<Chain, "targets">, seed: number): (n: number) => number {
  const { targets } = chain;
  if (targets.length === 1) return () => 0;
  const upTo: number[] = [];
  const sum = targets.reduce((reached, { weight }) => {
    upTo.push(reached + weight);
    return reached + weight;
  }, 0);
  return (n) => {
    const point = uniform(n, seed) * sum;
    const index = upTo.findIndex((limit) => point < limit);
    return index === -1 ? targets.length - 1 : index;
  };
}

/** A number in [0, 1) from two others, by the finaliser of MurmurHash3 (Appleby, public domain). */
function uniform(n: number, seed: number): number {
  let h = Math.imul(n ^ Math.imul(seed + 1, 0x9e3779b1), 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return ((h ^ (h >>> 12)) >>> 0) / 2 ** 32;
}
