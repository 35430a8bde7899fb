import { compilePattern } from "../plan/pattern.ts";
import type { Observe, Selector } from "../plan/schema.ts";
import { FetchError, type FetchFailure, fetchText } from "./fetchText.ts";
import { PrometheusError, parsePrometheus, type Sample } from "./prometheus.ts";
import type { ScraperPorts } from "./scraper.ts";

/** The result of one scrape of all endpoints: `runs/<id>/scrapes/…`. */
export interface Scrape {
  /** When, in ms from the run's start instant. */
  atMs: number;
  samples: Sample[];
  /**
   * Endpoints that could not be scraped, by their URLs without queries: a gap in the figures, not a failure of the run.
   */
  failed: { url: string; failure: FetchFailure; detail: string }[];
}

/** Timeout for an endpoint's whole page, in ms. */
const TIMEOUT_MS = 2_000;

/** Maximum bytes of a page. */
const MAX_BYTES = 16 * 2 ** 20;

/** Maximum samples kept in addition to those that the plan names: a page may have tens of thousands. */
const MAX_SHOWN = 200;

/**
 * Text is preferred: some servers name their counters differently in OpenMetrics, and plans use the names that a
 * browser shows.
 */
const ACCEPT = "text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0;q=0.5, */*;q=0.1";

/** Scrapes all endpoints at once, and keeps the samples that the plan uses. Never rejects. */
export async function scrape(
  observe: Observe,
  atMs: () => number,
  ports: Pick<ScraperPorts, "reveal" | "dispatcher">,
): Promise<Scrape> {
  const at = atMs();
  const pages = await Promise.allSettled(observe.endpoints.map((endpoint) => fetchPage(endpoint, ports)));
  const samples: Sample[] = [];
  const failed: Scrape["failed"] = [];
  for (const [index, page] of pages.entries()) {
    const url = observe.endpoints[index]?.url ?? "";
    if (page.status === "fulfilled") samples.push(...page.value);
    else failed.push({ url: withoutQuery(url), ...failureOf(page.reason) });
  }
  return { atMs: Math.round(at), samples: keep(samples, observe), failed };
}

/** A URL without its query, for reports: a query may contain a token. */
export function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function failureOf(error: unknown): { failure: FetchFailure; detail: string } {
  if (error instanceof FetchError) return { failure: error.failure, detail: error.message };
  if (error instanceof PrometheusError) return { failure: "unreadable", detail: error.message };
  return { failure: "unreachable", detail: error instanceof Error ? error.message || error.name : String(error) };
}

async function fetchPage(
  { url, headers }: Observe["endpoints"][number],
  { reveal, dispatcher }: Pick<ScraperPorts, "reveal" | "dispatcher">,
): Promise<Sample[]> {
  const shown = await Promise.all(Object.entries(headers).map(async ([name, value]) => [name, await reveal(value)]));
  const { text, contentType } = await fetchText(url, {
    dispatcher,
    headers: { Accept: ACCEPT, "Accept-Encoding": "gzip", ...Object.fromEntries(shown) },
    timeoutMs: TIMEOUT_MS,
    mostBytes: MAX_BYTES,
  });
  return parsePrometheus(text, contentType.startsWith("application/openmetrics-text") ? "openmetrics" : "text");
}

function keep(samples: readonly Sample[], { costs, resources, show }: Observe): Sample[] {
  const wanted = new Set([
    ...costs.map(({ metric }) => metric),
    ...resources.flatMap(({ used, limit }) => [used.metric, ...(typeof limit === "number" ? [] : [limit.metric])]),
  ]);
  const patterns = show.map((pattern) => compilePattern(pattern));
  const named = samples.filter(({ name }) => wanted.has(name));
  const shown = samples.filter(({ name }) => !wanted.has(name) && patterns.some((pattern) => pattern.test(name)));
  return [...named, ...shown.slice(0, MAX_SHOWN)];
}

/**
 * A selector's value for a chain, or for all chains together: the sum of the matching samples. Undefined if none
 * matches. For a chain, a selector without a chain label has no value: it is shared.
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

/** A selector of the plan that matched no sample in any scrape. */
export interface Unmatched {
  of: "cost" | "resource" | "limit";
  name: string;
  metric: string;
  labels: Record<string, string>;
  /** The chain without a value, while others may have one; undefined if there is no sample at all. */
  chain?: string;
}

/** The selectors that matched nothing in any scrape: a misspelt metric, label or chain name. */
export function unmatchedSelectors(
  scrapes: readonly Scrape[],
  observe: Observe,
  chains: readonly string[],
): Unmatched[] {
  const selectors = [
    ...observe.costs.map(({ name, ...selector }) => ({ of: "cost" as const, name, selector })),
    ...observe.resources.map(({ name, used }) => ({ of: "resource" as const, name, selector: used })),
    ...observe.resources.flatMap(({ name, limit }) =>
      typeof limit === "number" ? [] : [{ of: "limit" as const, name, selector: limit }],
    ),
  ];
  return selectors.flatMap(({ of, name, selector }): Unmatched[] => {
    const { metric, labels, chainLabel } = selector;
    const isFound = (chain?: string): boolean => scrapes.some((each) => select(each, selector, chain) !== undefined);
    const unmatched = { of, name, metric, labels };
    if (!isFound()) return [unmatched];
    if (chainLabel === undefined) return [];
    return chains.filter((chain) => !isFound(chain)).map((chain) => ({ ...unmatched, chain }));
  });
}

/** A counter's growth from each scrape to the next; a counter that decreased was reset, and grew from 0. */
export function growth(values: readonly (number | undefined)[]): (number | undefined)[] {
  return values.slice(1).map((value, index) => {
    const before = values[index];
    if (value === undefined || before === undefined) return undefined;
    return value >= before ? value - before : value;
  });
}
