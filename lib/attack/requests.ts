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
  expected: Expected;
}

/** Makes a chain's targets ready. */
export function prepareRequests(targets: readonly Target[]): PreparedRequest[] {
  return targets.map((target) => {
    const url = new URL(target.url);
    const body = target.body === undefined ? null : Buffer.from(target.body);
    return {
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: target.method,
      headers: Object.entries(target.headers).flat(),
      body,
      bytes: body?.length ?? 0,
      expected: expectedOf(target.body),
    };
  });
}

/**
 * Which target a chain's n-th request goes to: a seeded function of n, so that neither the number of workers nor a
 * retry changes the mix.
 */
export function targetChooser(chain: Pick<Chain, "targets">, seed: number): (n: number) => number {
  const { targets } = chain;
  if (targets.length === 1) return () => 0;
  const weights = targets.map(({ weight }) => weight);
  const sum = weights.reduce((a, b) => a + b, 0);
  let reached = 0;
  const upTo = weights.map((weight) => (reached += weight) / sum);
  return (n) => {
    const point = uniform(n, seed);
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
