import { Buffer } from "node:buffer";
import { SECRET_REFERENCE } from "../plan/placeholders.ts";
import { seedOf, uniform } from "../plan/random.ts";
import { type Piece, type RequestTemplate, requestTemplate } from "../plan/requestTemplate.ts";
import type { Chain, Target } from "../plan/schema.ts";
import { bytesOf, hasControl } from "../plan/values.ts";
import { batchId } from "./ids.ts";
import { type Demands, demandsOf, type Expected, expectedOf } from "./jsonrpc.ts";
import { ID_DIGITS, type IdPlace, type Rendered, type RenderInput, render } from "./render.ts";

/** A request made ready, so that sending it allocates as little as can be. Its texts hold bytes as latin1. */
export interface PreparedRequest {
  /** Its target's place in the chain. */
  target: number;
  origin: string;
  path: string;
  method: string;
  /** Names and values in turn, for HTTP/2. */
  headers: readonly string[];
  body: Buffer | null;
  /** Bytes of the body. */
  bytes: number;
  /** The whole request as HTTP/1.1 sends it. */
  http1: Buffer;
  /** Calls of its batch; 1 otherwise. */
  parts: number;
  /** Where ids are to be written for each request; most requests have none. */
  ids: IdPlaces;
  expected: Expected;
}

/** Where ids stand, by what they are written into. */
export interface IdPlaces {
  http1: readonly IdPlace[];
  body: readonly IdPlace[];
  path: readonly IdPlace[];
  /** By the value's place in `headers`. */
  headers: readonly { index: number; ids: readonly IdPlace[] }[];
}

/** Headers of the connection and the message's framing: the worker's own, whatever a target says of them. */
const FRAMING = new Set(["connection", "content-length", "expect", "keep-alive", "transfer-encoding", "upgrade"]);

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

/**
 * A chain's requests: the n-th is a function of n and the plan's seed. Targets without random or data placeholders are
 * made ready here, before the first one is due.
 */
export function prepareChain(chain: Chain, options: PrepareOptions): (n: number) => PreparedRequest {
  const targets = chain.targets.map((target, index) => new TargetRequests(target, index, chain, options));
  const choose = chain.replay ? (n: number) => n : targetChooser(chain, options.seed);
  return (n) => (targets[choose(n)] as TargetRequests).request(n);
}

/** The requests of one target. */
class TargetRequests {
  readonly #target: Target;
  readonly #index: number;
  readonly #chain: Chain;
  readonly #options: PrepareOptions;
  readonly #demands: Demands;
  readonly #template: RequestTemplate;
  readonly #seed: number;
  /** The request, where all of them are the same but for their ids. */
  readonly #only: PreparedRequest | undefined;
  #expected: Expected | undefined;

  constructor(target: Target, index: number, chain: Chain, options: PrepareOptions) {
    this.#target = target;
    this.#index = index;
    this.#chain = chain;
    this.#options = options;
    this.#demands = demandsOf(target, chain);
    this.#template = withSecrets(withUserAgent(requestTemplate(target)), options.secret);
    this.#seed = seedOf(`${chain.name}/${index}`, options.seed);
    if (!varies(this.#template)) this.#only = this.#build(0);
  }

  request(n: number): PreparedRequest {
    return this.#only ?? this.#build(n);
  }

  #build(n: number): PreparedRequest {
    const { scheme, authority, headers, method, parts } = this.#template;
    const rows = this.#chain.data ?? [];
    const row = rows[n % rows.length] ?? {};
    const fill = (part: string, pieces: readonly Piece[]): Rendered => {
      const input: RenderInput = { n, seed: seedOf(part, this.#seed), block: this.#options.block ?? 0, row };
      return render(pieces, input);
    };
    const host = fill("host", authority).bytes;
    const path = fill("path", this.#template.path);
    const body = this.#template.body && fill("body", this.#template.body);
    const values = headers.map(([name, pieces], index) => ({ name, value: fill(`header ${index}`, pieces) }));
    const message: Message = { method, host, path, headers: values, body };
    const http1 = http1Request(message, this.#options.keepalive);
    const bytes = body?.bytes.length ?? 0;
    return {
      target: this.#index,
      origin: originOf(scheme, host),
      path: path.bytes,
      method,
      headers: values.flatMap(({ name, value }) => [name, value.bytes]),
      body: body ? http1.bytes.subarray(http1.bytes.length - bytes) : null,
      bytes,
      http1: http1.bytes,
      parts,
      ids: {
        http1: http1.ids,
        body: body?.ids ?? [],
        path: path.ids,
        headers: values.flatMap(({ value: { ids } }, index) => (ids.length > 0 ? [{ index: 2 * index + 1, ids }] : [])),
      },
      expected: this.#expectedOf(body),
    };
  }

  /** What the response must be: the same for all, unless a placeholder decides it. */
  #expectedOf(body: Rendered | undefined): Expected {
    if (this.#expected && this.#template.sameExpectation) return this.#expected;
    const text = this.#target.body === undefined ? undefined : utf8Of(body?.bytes ?? "");
    this.#expected = expectedOf(text, body?.ids ?? [], this.#demands);
    return this.#expected;
  }
}

function utf8Of(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** Whether requests differ in more than their ids. */
function varies({ authority, path, headers, body = [] }: RequestTemplate): boolean {
  return [authority, path, body, ...headers.map(([, value]) => value)].some((pieces) =>
    pieces.some((piece) => typeof piece !== "string" && piece.placeholder.kind !== "id"),
  );
}

function withUserAgent(template: RequestTemplate): RequestTemplate {
  const has = template.headers.some(([name]) => name.toLowerCase() === "user-agent");
  return has ? template : { ...template, headers: [...template.headers, ["User-Agent", ["volley"]]] };
}

/** Puts secrets into the literal text of headers: what a placeholder is filled with is never taken for a reference. */
function withSecrets(template: RequestTemplate, secret: PrepareOptions["secret"]): RequestTemplate {
  if (!secret) return template;
  const reveal = (text: string): string =>
    text.replace(SECRET_REFERENCE, (reference) => bytesOf(plainSecret(reference, secret(reference))));
  return {
    ...template,
    headers: template.headers.map(([name, value]) => [
      name,
      value.map((piece) => (typeof piece === "string" ? reveal(piece) : piece)),
    ]),
  };
}

/**
 * A secret as a header can hold it: files and stores often end one in a line break, which is left out. Throws where it
 * holds any other control character; the message never has the value.
 */
export function plainSecret(reference: string, value: string): string {
  const text = value.replace(/\r?\n$/, "");
  if (!hasControl(text)) return text;
  throw new Error(`the secret ${reference} has a control character, such as a line break: expected one line of text`);
}

function originOf(scheme: string, authority: string): string {
  return new URL(`${scheme}//${utf8Of(authority)}`).origin;
}

/** Host and port as the Host header has them: as they are written, in ASCII. */
function hostOf(authority: string): string {
  return /^[!-~]*$/.test(authority) ? authority : new URL(`http://${utf8Of(authority)}`).host;
}

/** A request's parts, rendered. */
interface Message {
  method: string;
  host: string;
  path: Rendered;
  headers: readonly { name: string; value: Rendered }[];
  body: Rendered | undefined;
}

/** Methods that say how long their body is even where there is none, as Go's client does. */
const WITH_BODY = new Set(["POST", "PUT", "PATCH"]);

/** The request's bytes over HTTP/1.1. The one place that puts a head together, and it refuses what would split one. */
function http1Request(
  { method, host, path, headers, body }: Message,
  keepalive: boolean,
): { bytes: Buffer; ids: IdPlace[] } {
  let head = "";
  const ids: IdPlace[] = [];
  const add = ({ bytes, ids: own }: Rendered): void => {
    for (const { at, part } of own) ids.push({ at: head.length + at, part });
    head += bytes;
  };
  const line = (name: string, value: Rendered): void => {
    head += `${name}: `;
    add(value);
    head += "\r\n";
  };
  refuseInHead(method, /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "a method");
  refuseInHead(path.bytes, /^\/[!-~\x80-\xff]*$/, "a path");
  head += `${method} `;
  add(path);
  head += " HTTP/1.1\r\n";
  const sent = headers.filter(({ name }) => !FRAMING.has(name.toLowerCase()));
  const own = sent.filter(({ name }) => name.toLowerCase() === "host");
  for (const { name, value } of own) line(name, value);
  if (own.length === 0) head += `Host: ${hostOf(host)}\r\n`;
  for (const { name, value } of sent) {
    refuseInHead(name, /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "a header's name");
    refuseInHead(value.bytes, /^[\t -~\x80-\xff]*$/, `the value of the header ${name}`);
    if (name.toLowerCase() !== "host") line(name, value);
  }
  if (body || WITH_BODY.has(method)) head += `Content-Length: ${body?.bytes.length ?? 0}\r\n`;
  if (!keepalive) head += "Connection: close\r\n";
  head += "\r\n";
  if (body) add(body);
  return { bytes: Buffer.from(head, "latin1"), ids };
}

function refuseInHead(text: string, legal: RegExp, what: string): void {
  if (!legal.test(text)) throw new RangeError(`${what} holds a character that would split or break the request`);
}

/** Writes the n-th request's ids over their places in a copy of its bytes. */
export function writeIds(copy: Buffer, ids: readonly IdPlace[], n: number, parts: number): void {
  for (const { at, part } of ids) {
    let rest = batchId(n, part, parts);
    for (let index = at + ID_DIGITS - 1; index >= at; index--) {
      copy[index] = 0x30 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
  }
}

/** The n-th request's path, headers and body with its ids in them, for HTTP/2. */
export function numbered(request: PreparedRequest, n: number): Pick<PreparedRequest, "path" | "headers" | "body"> {
  const { ids, parts } = request;
  if (ids.http1.length === 0) return request;
  const headers = [...request.headers];
  for (const { index, ids: own } of ids.headers) headers[index] = withIds(headers[index] as string, own, n, parts);
  const body = request.body && ids.body.length > 0 ? Buffer.from(request.body) : request.body;
  if (body) writeIds(body, ids.body, n, parts);
  return { path: withIds(request.path, ids.path, n, parts), headers, body };
}

function withIds(text: string, ids: readonly IdPlace[], n: number, parts: number): string {
  let own = text;
  for (const { at, part } of ids) own = own.slice(0, at) + batchId(n, part, parts) + own.slice(at + ID_DIGITS);
  return own;
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
