import { growth, type Scrape, select } from "../observe/scrape.ts";
import type { CostCounter } from "../plan/schema.ts";
import { leastSquares } from "./leastSquares.ts";
import type { MethodRow } from "./methodCosts.ts";

/** What one relay of a chain adds to a counter. */
export interface RelayCost {
  counter: string;
  /** Per relay, without what the gateway uses when idle. */
  perRelay: number;
  /** Half of the 95 % interval; 0 if the counter is labelled by chain. */
  uncertainty: number;
  /** The idle use that was subtracted, per second. */
  idlePerSecond: number;
  usdPerRelay?: number;
}

/** How many relays a chain had between two scrapes. */
export type RelaysBetween = (chain: string, fromMs: number, toMs: number) => number;

/** A counter's growth per second over the scrapes before the first request: what the gateway uses when idle. */
function idleRate(scrapes: readonly Scrape[], values: readonly (number | undefined)[], firstMs: number): number {
  const idle = scrapes.flatMap((each, index) => (each.atMs <= firstMs && values[index] !== undefined ? [index] : []));
  const [from] = idle;
  const to = idle.at(-1);
  if (from === undefined || to === undefined || from === to) return 0;
  const seconds = ((scrapes[to]?.atMs ?? 0) - (scrapes[from]?.atMs ?? 0)) / 1_000;
  const grown = growth(values.slice(from, to + 1)).reduce<number>((sum, each) => sum + (each ?? 0), 0);
  return seconds > 0 ? grown / seconds : 0;
}

/** What costs are computed from: scrapes, relays, and the part of the run that counts. Times are ms from its start. */
export interface CostRun {
  scrapes: readonly Scrape[];
  relays: RelaysBetween;
  fromMs: number;
  toMs: number;
  /** When the first request was due: before it, counters grow by what the gateway uses when idle. */
  firstMs: number;
  /** Chains that share targets with other chains: what the gateway counts for them is not theirs alone. */
  mixed?: ReadonlySet<string>;
}

/**
 * What a relay of each chain costs by each counter. For a counter labelled by chain: its growth over the scrapes from
 * `fromMs` to `toMs`, minus what is used when idle, ÷ the chain's valid relays in the same time. For a shared counter:
 * least squares over the intervals between scrapes, which works if the chains' rates differ enough among them.
 * `unidentified` names the counters whose costs cannot be attributed to chains.
 */
export function relayCosts(
  run: CostRun,
  counters: readonly CostCounter[],
  chains: readonly string[],
): { byChain: Map<string, RelayCost[]>; unidentified: string[] } {
  const { scrapes, fromMs, toMs, mixed = new Set() } = run;
  const byChain = new Map<string, RelayCost[]>(chains.map((chain) => [chain, []]));
  const unidentified: string[] = [];
  const steady = scrapes.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  for (const counter of counters) {
    if (counter.chainLabel === undefined) {
      const shared = sharedCosts(run, steady, counter, chains);
      if (!shared) unidentified.push(counter.name);
      for (const [chain, cost] of shared ?? []) byChain.get(chain)?.push(cost);
      continue;
    }
    for (const chain of chains) {
      if (mixed.has(chain)) {
        unidentified.push(`${counter.name} of ${chain}`);
        continue;
      }
      const cost = ownCost(run, steady, counter, chain);
      if (cost) byChain.get(chain)?.push(cost);
    }
  }
  return { byChain, unidentified };
}

/** The cost by a counter labelled by chain; undefined if nothing was seen of it. */
function ownCost(
  { scrapes, relays, firstMs }: CostRun,
  steady: readonly Scrape[],
  counter: CostCounter,
  chain: string,
): RelayCost | undefined {
  const own = steady.filter((each) => select(each, counter, chain) !== undefined);
  const [first] = own;
  const last = own.at(-1);
  if (!first || !last || first === last) return undefined;
  const count = relays(chain, first.atMs, last.atMs);
  if (count <= 0) return undefined;
  const idlePerSecond = idleRate(
    scrapes,
    scrapes.map((each) => select(each, counter, chain)),
    firstMs,
  );
  const grown = growth(own.map((each) => select(each, counter, chain)));
  const sum = grown.reduce<number>((total, each) => total + (each ?? 0), 0);
  const perRelay = (sum - (idlePerSecond * (last.atMs - first.atMs)) / 1_000) / count;
  return costOf(counter, perRelay, 0, idlePerSecond);
}

function costOf(counter: CostCounter, perRelay: number, uncertainty: number, idlePerSecond: number): RelayCost {
  return {
    counter: counter.name,
    perRelay,
    uncertainty,
    idlePerSecond,
    ...(counter.usd !== undefined && { usdPerRelay: perRelay * counter.usd }),
  };
}

/** Student's t for a 95 % interval at many degrees of freedom. */
const T_95 = 1.96;

/** The fit is rejected if a coefficient's uncertainty exceeds this share of the coefficient. */
const MAX_UNCERTAINTY = 0.25;

/** A shared counter's growth between two scrapes, without what is used when idle. */
interface SharedGrowth {
  fromMs: number;
  toMs: number;
  grown: number;
}

function sharedGrowth(
  { scrapes, firstMs }: CostRun,
  steady: readonly Scrape[],
  counter: CostCounter,
): { idlePerSecond: number; intervals: SharedGrowth[] } {
  const idlePerSecond = idleRate(
    scrapes,
    scrapes.map((each) => select(each, counter)),
    firstMs,
  );
  const grown = growth(steady.map((each) => select(each, counter)));
  const intervals = grown.flatMap((value, index): SharedGrowth[] => {
    const [from, to] = [steady[index], steady[index + 1]];
    if (value === undefined || !from || !to) return [];
    const idle = (idlePerSecond * (to.atMs - from.atMs)) / 1_000;
    return [{ fromMs: from.atMs, toMs: to.atMs, grown: value - idle }];
  });
  return { idlePerSecond, intervals };
}

/**
 * The relays of each method, and the growth of a shared counter, between each two scrapes; `shares` are the shares of the
 * methods in each chain's relays.
 */
export function methodRows(
  run: CostRun,
  counter: CostCounter,
  shares: ReadonlyMap<string, Record<string, number>>,
): MethodRow[] {
  const steady = run.scrapes.filter(({ atMs }) => atMs >= run.fromMs && atMs <= run.toMs);
  return sharedGrowth(run, steady, counter).intervals.map(({ fromMs, toMs, grown }) => {
    const relays: Record<string, number> = {};
    for (const [chain, methods] of shares) {
      const count = run.relays(chain, fromMs, toMs);
      for (const [method, share] of Object.entries(methods)) relays[method] = (relays[method] ?? 0) + count * share;
    }
    return { relays, grown };
  });
}

function sharedCosts(
  run: CostRun,
  steady: readonly Scrape[],
  counter: CostCounter,
  chains: readonly string[],
): [string, RelayCost][] | undefined {
  const { idlePerSecond, intervals } = sharedGrowth(run, steady, counter);
  const rows = intervals.map(({ fromMs, toMs }) => chains.map((chain) => run.relays(chain, fromMs, toMs)));
  const values = intervals.map(({ grown }) => grown);
  if (rows.length < chains.length + 2) return undefined;
  const fit = leastSquares(rows, values);
  if (!fit) return undefined;
  const costs = chains.map((chain, index): [string, RelayCost] => {
    const uncertainty = T_95 * (fit.errors[index] ?? 0);
    return [chain, costOf(counter, fit.coefficients[index] ?? 0, uncertainty, idlePerSecond)];
  });
  const isSure = costs.every(([, { perRelay, uncertainty }]) => uncertainty <= MAX_UNCERTAINTY * Math.abs(perRelay));
  return isSure ? costs : undefined;
}
