import { redact } from "../answers/samples.ts";

/** The values of one header, or of one of its parameters, in responses that a rate limit refused. */
export interface HeaderRange {
  /** Responses that had it. */
  count: number;
  /** The lowest and highest number; absent if no value is a number. */
  min?: number;
  max?: number;
  /** The header's first value. */
  sample: string;
}

/** What responses that a rate limit refused said about the limit, by header. */
export interface RateLimitCounts {
  /** Responses that a rate limit refused. */
  responses: number;
  headers: Record<string, HeaderRange>;
}

/** Classes of a rate limit; a 503 is one only if a header says when to try again, or what the limit is. */
const SURE: readonly string[] = ["http-429", "rpc-rate-limited"];
const POSSIBLE = "http-503";

/** Headers that describe a rate limit: RFC 9110, the drafts of the IETF, and what gateways use. */
const LIMIT_HEADER = /^(retry-after|(x-)?rate-?limit(-[a-z0-9-]+)?)$/;

/** Most headers and parameters of a chain, and how much of a value is read, in characters. */
const MOST_HEADERS = 24;
const MOST_VALUE = 200;

/** Whether responses of a class may say something about a rate limit. */
export function mayBeLimited(name: string): boolean {
  return SURE.includes(name) || name === POSSIBLE;
}

/** Collects what refused responses say about rate limits, in bounded memory. */
export class RateLimits {
  #responses = 0;
  readonly #headers = new Map<string, HeaderRange>();

  /** Counts a response of a class for which `mayBeLimited` holds; `nowMs` is the time, in ms since the epoch. */
  see(
    name: string,
    headers: readonly (readonly [name: string, value: string])[],
    nowMs: number,
    secrets: readonly string[],
  ): void {
    const own = headers.filter(([header]) => LIMIT_HEADER.test(header));
    if (own.length === 0 && !SURE.includes(name)) return;
    this.#responses++;
    for (const [header, whole] of own) {
      const value = whole.slice(0, MOST_VALUE);
      for (const [key, found] of numbersOf(header, value, nowMs)) {
        const sample = this.#headers.has(key) ? "" : redact(value, secrets);
        this.#add(key, { count: 1, ...(found !== undefined && { min: found, max: found }), sample });
      }
    }
  }

  /** Adds what another one collected. */
  add({ responses, headers }: RateLimitCounts): void {
    this.#responses += responses;
    for (const [key, range] of Object.entries(headers)) this.#add(key, range);
  }

  #add(key: string, { count, min, max, sample }: HeaderRange): void {
    const own = this.#headers.get(key);
    if (!own) {
      if (this.#headers.size >= MOST_HEADERS) return;
      this.#headers.set(key, { count, ...(min !== undefined && { min }), ...(max !== undefined && { max }), sample });
      return;
    }
    own.count += count;
    if (min !== undefined) own.min = Math.min(own.min ?? min, min);
    if (max !== undefined) own.max = Math.max(own.max ?? max, max);
  }

  /** What was collected; undefined if nothing was. */
  counts(): RateLimitCounts | undefined {
    if (this.#responses === 0) return undefined;
    return { responses: this.#responses, headers: structuredClone(Object.fromEntries(this.#headers)) };
  }

  reset(): void {
    this.#responses = 0;
    this.#headers.clear();
  }
}

/**
 * The numbers of a header's value, by the header's name, or by its parameters' names if it is a structured field, such
 * as `"default";r=0;t=12`. A date of Retry-After becomes the seconds until then.
 */
function numbersOf(header: string, value: string, nowMs: number): [key: string, found: number | undefined][] {
  const [leading] = /^\d{1,15}(\.\d{1,6})?/.exec(value) ?? [];
  if (leading !== undefined) return [[header, Number(leading)]];
  if (header === "retry-after") {
    const atMs = Date.parse(value);
    return [[header, Number.isNaN(atMs) ? undefined : Math.max(0, Math.round((atMs - nowMs) / 1_000))]];
  }
  const parameters = [...value.matchAll(/;\s*([a-z]{1,20})=(\d{1,15})/g)];
  if (parameters.length === 0) return [[header, undefined]];
  return parameters.map(([, name, digits]) => [`${header};${name}`, Number(digits)]);
}
