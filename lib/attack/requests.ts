import { type Demands, demandsOf, type Expected, expectedOf } from "../answers/expected.ts";
import type { IdPlace } from "../answers/ids.ts";
import type { Handshake, WireRequest } from "../http/request.ts";
import { type BlockAge, blockAgeOf } from "../plan/blockAge.ts";
import { isWebSocketUrl } from "../plan/httpUrl.ts";
import { bodyText } from "../plan/jsonRpcBody.ts";
import type { List } from "../plan/packed.ts";
import { SECRET_REFERENCE } from "../plan/placeholders.ts";
import { InputError, type Problem } from "../plan/problems.ts";
import { chainProblems, headProblems } from "../plan/requestProblems.ts";
import { type Piece, type RequestTemplate, requestTemplate } from "../plan/requestTemplate.ts";
import type { Chain, Plan, Target } from "../plan/schema.ts";
import { Turns } from "../plan/turns.ts";
import { bytesOf, hasControl, textOfBytes } from "../plan/values.ts";
import { seedOf } from "../schedule/random.ts";
import { type Head, Http1Writer, isClose } from "./http1Request.ts";
import { Part, type Rendered, type RenderInput } from "./render.ts";

/** A prepared request, and the expectation for its response. */
export interface PreparedRequest extends WireRequest {
  /** Its target's index in the chain. */
  target: number;
  expected: Expected;
  /** How old the block is that it asks for, if ages are counted and it names one. */
  age?: BlockAge;
}

/** The inputs for a chain's requests, besides the chain. */
export interface PrepareOptions {
  /** If false, each request asks to close its connection. */
  keepalive: boolean;
  /** 1.1 by default. */
  http?: Plan["http"];
  seed: number;
  /** The chain's newest block, for targets that name blocks. */
  block?: number;
  /** The latest values of the chain's lookups, which change while requests are made. */
  lookups?: Readonly<Record<string, string>>;
  /** Whether requests tell the age of the block that they ask for, by the newest one. */
  blockAges?: boolean;
  /** The value of a reference to a secret. Throws if there is none. */
  secret?(reference: string): string;
}

type Transport = Pick<Plan, "http" | "keepalive">;

/** Maximum targets prepared before the first request; a chain with more prepares each when its turn comes. */
const MAX_READY = 10_000;

/** A chain's requests: the n-th is a function of n and the plan's seed. */
export interface ChainRequests {
  (n: number): PreparedRequest;
  /** Whether all requests are ready; otherwise each is made on demand. */
  isReady: boolean;
  /** Whether each request is made when it is due, with the latest values of lookups, and none ahead. */
  isTimely: boolean;
  /** The handshakes of the WebSockets that they use. */
  handshakes: readonly Handshake[];
  /** A request's number on the wire, from which its ids are made: no two calls of a chain have the same. */
  wireNumber(n: number, parts: number): number;
}

/**
 * Prepares a chain's requests. Throws an InputError, before anything is sent, if one of them could not be sent: the
 * plan was checked when it was loaded, but it may have changed since, and secrets are known only here.
 */
export function prepareChain(chain: Chain, options: PrepareOptions): ChainRequests {
  const transport: Transport = { http: options.http ?? "1.1", keepalive: options.keepalive };
  const problems = refusals(chain, transport);
  if (problems.length > 0) throw new InputError(`chain ${chain.name}`, problems);
  const lines: List<Target> = chain.lines ?? chain.targets;
  const make = (target: Target, index: number): TargetRequests => new TargetRequests(target, index, chain, options);
  const isKept = chain.replay === undefined && lines.length <= MAX_READY;
  // Lines that are stored separately are unpacked when they are due, and kept from then on.
  const kept = isKept && !chain.lines ? chain.targets.map(make) : [];
  const turns = new Turns(chain, options.seed);
  const made = (index: number): TargetRequests => {
    const line = lines.at(index) as Target;
    if (chain.lines) refuseLine(line, index, chain, transport);
    const requests = make(line, index);
    if (isKept) kept[index] = requests;
    return requests;
  };
  const request = (n: number): PreparedRequest => {
    const index = turns.target(n);
    return (kept[index] ?? made(index)).request(n, turns);
  };
  const sockets = chain.targets.flatMap((each, index) =>
    isWebSocketUrl(each.url) ? [kept[index] ?? make(each, index)] : [],
  );
  return Object.assign(request, {
    isReady: kept.length === lines.length && kept.every(({ isReady }) => isReady),
    isTimely: options.lookups !== undefined,
    handshakes: [...new Map(sockets.map(({ handshake }) => [handshake.key, handshake])).values()],
    wireNumber: wireNumbers(Math.max(1, ...sockets.map(({ parts }) => parts))),
  });
}

/**
 * How requests are numbered on the wire. If a socket carries both batches and single calls, each request gets more ids
 * than the largest batch needs, so that no two requests in flight share one.
 */
function wireNumbers(mostParts: number): ChainRequests["wireNumber"] {
  if (mostParts === 1) return (n) => n;
  return (n, parts) => Math.ceil((n * 2 * mostParts) / parts);
}

/**
 * Why a chain's requests could not be sent. The many targets of a replay are only checked for what is dangerous, and
 * lines that are stored separately when they are made: each is sent rarely, by one of many workers.
 */
function refusals(chain: Chain, transport: Transport): Problem[] {
  const found =
    chain.lines || (chain.replay && !chain.data)
      ? chain.targets.flatMap((target) => headProblems(target, transport))
      : chainProblems(chain, transport);
  return found.map((problem) => ({ where: "its targets", ...problem }));
}

/** Throws an InputError for a line that would split or break its request. */
function refuseLine(line: Target, place: number, chain: Chain, transport: Transport): void {
  const problems = headProblems(line, transport).map((problem) => ({ where: `its target ${place + 1}`, ...problem }));
  if (problems.length > 0) throw new InputError(`chain ${chain.name}`, problems);
}

/** The requests of one target. */
class TargetRequests {
  readonly #target: Target;
  readonly #index: number;
  readonly #chain: Chain;
  readonly #options: PrepareOptions;
  readonly #demands: Demands;
  readonly #template: RequestTemplate;
  readonly #authority: Part;
  readonly #path: Part;
  readonly #headers: readonly { name: string; value: Part }[];
  readonly #body: Part | undefined;
  /** The request, if all are the same except for their ids. */
  readonly #only: PreparedRequest | undefined;
  readonly #writer = new Http1Writer();
  readonly #isSocket: boolean;
  /** Parts shared by all requests, once they are known. */
  #origin: string | undefined;
  #head: Head | undefined;
  #expected: Expected | undefined;
  #handshake: Handshake | undefined;

  constructor(target: Target, index: number, chain: Chain, options: PrepareOptions) {
    this.#target = target;
    this.#index = index;
    this.#chain = chain;
    this.#options = options;
    this.#demands = demandsOf(target, chain);
    this.#isSocket = isWebSocketUrl(target.url);
    this.#template = withSecrets(withOwnHeaders(requestTemplate(target)), options.secret);
    const { authority, path, headers, body } = this.#template;
    const seed = seedOf(`${chain.name}/${index}`, options.seed);
    const part = (name: string, pieces: readonly Piece[]): Part => new Part(pieces, seedOf(name, seed));
    this.#authority = part("host", authority);
    this.#path = part("path", path);
    this.#headers = headers.map(([name, pieces], place) => ({ name, value: part(`header ${place}`, pieces) }));
    this.#body = body && part("body", body);
    const parts = [this.#authority, this.#path, ...this.#headers.map(({ value }) => value), this.#body];
    if (!parts.some((each) => each?.varies)) this.#only = this.#build(0);
  }

  /** Number of calls in its batch; 1 if it is not a batch. */
  get parts(): number {
    return this.#template.parts;
  }

  /** The handshake of its WebSocket; its URL and headers contain no placeholders. */
  get handshake(): Handshake {
    this.#handshake ??= this.#shakeHands();
    return this.#handshake;
  }

  #shakeHands(): Handshake {
    const input: RenderInput = { n: 0, block: 0, row: {} };
    const origin = originOf(this.#template.scheme, this.#authority.render(input).bytes);
    const path = this.#path.render(input).bytes;
    const headers = this.#headers.map(({ name, value }) => [name, value.render(input).bytes] as const);
    const key = JSON.stringify([this.#chain.name, origin, path, headers]);
    return { key, chain: this.#chain.name, origin, path, headers };
  }

  /** Whether its requests need not be made one by one. */
  get isReady(): boolean {
    return this.#only !== undefined;
  }

  request(n: number, turns: Turns): PreparedRequest {
    return this.#only ?? this.#build(n, this.#chain.data?.at(turns.row(n)));
  }

  #build(n: number, row: Record<string, string> = {}): PreparedRequest {
    const { block = 0, lookups } = this.#options;
    const input: RenderInput = { n, block, row, ...(lookups && { lookups }) };
    const { method, parts } = this.#template;
    const host = this.#authority.render(input).bytes;
    const path = this.#path.render(input);
    const body = this.#body?.render(input);
    const head = this.#headOf(input);
    const http1 = this.#writer.write({ method, host, path, head, body });
    const bytes = body?.bytes.length ?? 0;
    const handshake = this.#isSocket ? this.handshake : undefined;
    const age = this.#ageOf(body);
    return {
      ...(age && { age }),
      target: this.#index,
      origin: handshake?.key ?? this.#originOf(host),
      ...(handshake && { handshake }),
      path: path.bytes,
      method,
      headers: head.list,
      body: body ? http1.bytes.subarray(http1.bytes.length - bytes) : null,
      bytes,
      http1: http1.bytes,
      closes: head.closes,
      parts,
      ids: { http1: http1.ids, body: body?.ids ?? NO_IDS, path: path.ids, headers: head.ids },
      expected: this.#expectedOf(body),
    };
  }

  #ageOf(body: Rendered | undefined): BlockAge | undefined {
    const { block, blockAges = false } = this.#options;
    return blockAges && body && block !== undefined ? blockAgeOf(textOfBytes(body.bytes), block) : undefined;
  }

  #originOf(host: string): string {
    const origin = this.#origin ?? originOf(this.#template.scheme, host);
    if (!this.#authority.varies) this.#origin = origin;
    return origin;
  }

  #headOf(input: RenderInput): Head {
    if (this.#head) return this.#head;
    const headers = this.#headers.map(({ name, value }) => ({ name, value: value.render(input) }));
    const head: Head = {
      headers,
      list: headers.flatMap(({ name, value }) => [name, value.bytes]),
      ids: headers.flatMap(({ value: { ids } }, index) => (ids.length > 0 ? [{ index: 2 * index + 1, ids }] : [])),
      closes: !this.#options.keepalive || headers.some(isClose),
    };
    if (!this.#headers.some(({ value }) => value.varies)) this.#head = head;
    return head;
  }

  /** The expectation for the response: the same for all requests, unless a placeholder affects it. */
  #expectedOf(body: Rendered | undefined): Expected {
    if (this.#expected && this.#template.sameExpectation) return this.#expected;
    // For compressed bodies, the uncompressed call decides; they contain no ids that change per request.
    const text = this.#target.body === undefined ? bodyText(this.#target) : textOfBytes(body?.bytes ?? "");
    this.#expected = expectedOf(text, body?.ids ?? [], this.#demands);
    return this.#expected;
  }
}

/** Adds a User-Agent, and removes Content-Length, which is computed. */
function withOwnHeaders(template: RequestTemplate): RequestTemplate {
  const headers = template.headers.filter(([name]) => name.toLowerCase() !== "content-length");
  const hasAgent = headers.some(([name]) => name.toLowerCase() === "user-agent");
  return { ...template, headers: hasAgent ? headers : [...headers, ["User-Agent", ["volley"]]] };
}

/**
 * Inserts secrets into the literal text of paths, queries and headers; values of placeholders are never taken for
 * references.
 */
function withSecrets(template: RequestTemplate, secret: PrepareOptions["secret"]): RequestTemplate {
  if (!secret) return template;
  const reveal = (text: string, write: (value: string) => string): string =>
    text.replace(SECRET_REFERENCE, (reference) => bytesOf(write(plainSecret(reference, secret(reference)))));
  const revealAll = (pieces: readonly Piece[], write = (value: string): string => value): Piece[] =>
    pieces.map((piece) => (typeof piece === "string" ? reveal(piece, write) : piece));
  return {
    ...template,
    path: revealAll(template.path, encodeURIComponent),
    headers: template.headers.map(([name, value]) => [name, revealAll(value)]),
  };
}

/**
 * A secret as a header value: files and stores often end a secret with a line break, which is removed. Throws if it
 * contains any other control character; the message never contains the value.
 */
export function plainSecret(reference: string, value: string): string {
  const text = value.replace(/\r?\n$/, "");
  if (!hasControl(text)) return text;
  throw new Error(`the secret ${reference} has a control character, such as a line break: expected one line of text`);
}

function originOf(scheme: string, authority: string): string {
  return new URL(`${scheme}//${textOfBytes(authority)}`).origin;
}

const NO_IDS: readonly IdPlace[] = [];
