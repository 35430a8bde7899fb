import { Buffer } from "node:buffer";
import { parseTemplate, SECRET_REFERENCE, type Template } from "../plan/placeholders.ts";
import { randomSeries, seedOf, uniform } from "../plan/random.ts";
import { bodyOf, type Chain, type Target } from "../plan/schema.ts";
import { type BlockWatch, batchId, type Expected, expectedOf } from "./jsonrpc.ts";
import { ID_BASE, ID_DIGITS, type RenderInput, render } from "./render.ts";

/** A request made ready, so that sending it allocates as little as can be. */
export interface PreparedRequest {
  /** Its target's place in the chain. */
  target: number;
  origin: string;
  path: string;
  method: string;
  headers: string[];
  body: Buffer | null;
  /** Bytes of the body. */
  bytes: number;
  /** The whole request as HTTP/1.1 sends it. */
  http1: Buffer;
  /** Where `http1` has ids that are made for each request; most have none. */
  idsAt: readonly number[];
  expected: Expected;
}

/** Headers of the connection and the message's framing: the worker's own, whatever a target says of them. */
const FRAMING = new Set(["connection", "content-length", "expect", "keep-alive", "transfer-encoding", "upgrade"]);

/** How often a target with random parameters is rendered: requests take turns through these. */
const VARIANTS = 512;

/** What a chain's requests are made from, besides the chain. */
export interface PrepareOptions {
  /** Without it each request asks for its connection to be closed after it. */
  keepalive: boolean;
  seed: number;
  /** The chain's newest block, for targets that name blocks. */
  block?: number;
  /** The value of a reference to a secret. Throws where there is none. */
  secret?(reference: string): string;
}

/** A chain's requests, made ready before the first one is due: which one the n-th is, is a seeded function of n. */
export function prepareChain(chain: Chain, options: PrepareOptions): (n: number) => PreparedRequest {
  const blocks = chain.staleBlocks === undefined ? undefined : { highest: 0, tolerance: chain.staleBlocks };
  const variants = chain.targets.map((target, index) => prepareTarget(target, index, chain, options, blocks));
  const choose = chain.replay ? (n: number) => n : targetChooser(chain, options.seed);
  const seed = seedOf(chain.name, options.seed);
  return (n) => {
    const own = variants[choose(n)] as PreparedRequest[];
    if (own.length === 1) return own[0] as PreparedRequest;
    return own[Math.floor(uniform(n, seed) * own.length)] as PreparedRequest;
  };
}

function prepareTarget(
  target: Target,
  index: number,
  chain: Chain,
  options: PrepareOptions,
  blocks: BlockWatch | undefined,
): PreparedRequest[] {
  const resolve = (value: string): string =>
    value.replace(SECRET_REFERENCE, (reference) => options.secret?.(reference) ?? reference);
  const url = parseTemplate(target.url);
  const body = target.body === undefined ? undefined : parseTemplate(target.body);
  const headers = target.headers
    .filter(([name]) => !FRAMING.has(name.toLowerCase()))
    .map(([name, value]) => [name, parseTemplate(resolve(value))] as const);
  const templates = [url, ...(body ? [body] : []), ...headers.map(([, value]) => value)];
  const rows = chain.data ?? [{}];
  const random = randomSeries(seedOf(`${chain.name}/${index}`, options.seed));
  return Array.from({ length: variantsOf(templates, rows.length) }, (_, variant) => {
    const input: RenderInput = { random, block: options.block ?? 0, row: rows[variant % rows.length] ?? {} };
    const rendered: Target = {
      method: target.method,
      url: render(url, input),
      headers: headers.map(([name, value]) => [name, render(value, input)]),
      ...(body && { body: render(body, input) }),
      ...(target.bodyBase64 !== undefined && { bodyBase64: target.bodyBase64 }),
      weight: target.weight,
    };
    const demands = { ...(target.checks && { checks: target.checks }), ...(blocks && { blocks }) };
    return prepareRequest(rendered, index, options.keepalive, expectedOf(rendered.body, demands));
  });
}

function variantsOf(templates: readonly Template[], rows: number): number {
  const kinds = new Set(
    templates.flatMap(({ pieces }) => pieces.map((each) => (typeof each === "string" ? "" : each.kind))),
  );
  if (["address", "hex", "integer", "block"].some((kind) => kinds.has(kind as "hex"))) return Math.max(VARIANTS, rows);
  return kinds.has("data") ? rows : 1;
}

function prepareRequest(target: Target, index: number, keepalive: boolean, expected: Expected): PreparedRequest {
  const url = new URL(target.url);
  const path = `${url.pathname}${url.search}`;
  const body = bodyOf(target) ?? null;
  const headers = [...target.headers];
  if (!headers.some(([name]) => name.toLowerCase() === "user-agent")) headers.push(["User-Agent", "volley"]);
  const http1 = http1Request(`${target.method} ${path}`, url.host, headers, body, keepalive);
  return {
    target: index,
    origin: url.origin,
    path,
    method: target.method,
    headers: headers.flat(),
    body,
    bytes: body?.length ?? 0,
    http1,
    idsAt: placesOf(http1, String(ID_BASE)),
    expected,
  };
}

function placesOf(bytes: Buffer, text: string): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + text.length)) places.push(at);
  return places;
}

/** Writes the n-th request's ids over their places in a copy of the request. */
export function writeIds(copy: Buffer, idsAt: readonly number[], n: number): void {
  for (const [part, at] of idsAt.entries()) {
    let rest = batchId(n, part, idsAt.length);
    for (let index = at + ID_DIGITS - 1; index >= at; index--) {
      copy[index] = 0x30 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
  }
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
