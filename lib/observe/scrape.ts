import { request } from "undici";
import type { Observe, Selector } from "../plan/schema.ts";
import { parsePrometheus, type Sample } from "./prometheus.ts";

/** What one look at the endpoints gave: `runs/<id>/scrapes/…`. */
export interface Scrape {
  /** When, in ms from the run's start instant. */
  atMs: number;
  samples: Sample[];
  /** Endpoints that did not answer, and why: a gap in the figures, not a failure of the run. */
  failed: { url: string; why: string }[];
}

/** How long an endpoint may take, in ms. */
const TIMEOUT_MS = 2_000;

/** Most bytes of a page. */
const MOST_BYTES = 16 * 2 ** 20;

/** Most samples that are kept besides those that the plan names: a page may have ten thousands. */
const MOST_SHOWN = 200;

/** Reads all endpoints at once, and keeps the samples that the plan has a use for. Never rejects. */
export async function scrape(
  observe: Observe,
  atMs: () => number,
  reveal: (header: string) => Promise<string>,
): Promise<Scrape> {
  const at = atMs();
  const pages = await Promise.allSettled(observe.endpoints.map((endpoint) => fetchPage(endpoint, reveal)));
  const samples: Sample[] = [];
  const failed: Scrape["failed"] = [];
  for (const [index, page] of pages.entries()) {
    const url = observe.endpoints[index]?.url ?? "";
    if (page.status === "fulfilled") samples.push(...page.value);
    else failed.push({ url, why: (page.reason as Error).message || (page.reason as Error).name });
  }
  return { atMs: Math.round(at), samples: keep(samples, observe), failed };
}

async function fetchPage(
  { url, headers }: Observe["endpoints"][number],
  reveal: (header: string) => Promise<string>,
): Promise<Sample[]> {
  const shown = await Promise.all(Object.entries(headers).map(async ([name, value]) => [name, await reveal(value)]));
  const { statusCode, body } = await request(url, {
    headers: Object.fromEntries(shown),
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  });
  if (statusCode !== 200) {
    await body.dump();
    throw new Error(`HTTP ${statusCode}`);
  }
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += (piece as Buffer).length;
    if (bytes > MOST_BYTES) throw new Error(`a page of more than ${MOST_BYTES} bytes`);
    pieces.push(piece as Buffer);
  }
  return parsePrometheus(Buffer.concat(pieces).toString("utf8"));
}

function keep(samples: readonly Sample[], { costs, resources, show }: Observe): Sample[] {
  const wanted = new Set([
    ...costs.map(({ metric }) => metric),
    ...resources.flatMap(({ used, limit }) => [used.metric, ...(typeof limit === "number" ? [] : [limit.metric])]),
  ]);
  const patterns = show.map((pattern) => new RegExp(pattern, "u"));
  const named = samples.filter(({ name }) => wanted.has(name));
  const shown = samples.filter(({ name }) => !wanted.has(name) && patterns.some((pattern) => pattern.test(name)));
  return [...named, ...shown.slice(0, MOST_SHOWN)];
}

/**
 * A selector's value for a chain, or for all of them together: the sum of the samples that fit. Undefined where none
 * does. With a chain and no chain label the selector has no value for it: it is shared.
 */
export function select(scraped: Scrape, selector: Selector, chain?: string): number | undefined {
  const { metric, labels, chainLabel, chainNames } = selector;
  if (chain !== undefined && chainLabel === undefined) return undefined;
  let sum: number | undefined;
  for (const sample of scraped.samples) {
    if (sample.name !== metric || Object.entries(labels).some(([name, value]) => sample.labels[name] !== value))
      continue;
    if (chain !== undefined && sample.labels[chainLabel ?? ""] !== (chainNames[chain] ?? chain)) continue;
    if (Number.isFinite(sample.value)) sum = (sum ?? 0) + sample.value;
  }
  return sum;
}

/** A counter's growth from each scrape to the next; a counter that fell was reset, and grew from 0. */
export function growth(values: readonly (number | undefined)[]): (number | undefined)[] {
  return values.slice(1).map((value, index) => {
    const before = values[index];
    if (value === undefined || before === undefined) return undefined;
    return value >= before ? value - before : value;
  });
}
