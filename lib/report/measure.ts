import { type CostRun, methodRows, relayCosts } from "../capacity/costs.ts";
import type { MethodRow } from "../capacity/methodCosts.ts";
import { growth, type Scrape, select } from "../observe/scrape.ts";
import { observeOf } from "../observe/standIn.ts";
import { billedWorkerSeconds, DEFAULT_SETTING } from "../plan/estimate.ts";
import type { Plan, Resource } from "../plan/schema.ts";
import type { Report } from "./schema.ts";

/** A resource's use at one load. */
export interface Use {
  resource: string;
  /** In use ÷ available. */
  utilisation: number;
  evidence: string;
}

/** What a run, or one trial of a search, measured about costs and resource use. */
export interface Measured {
  /** By chain. */
  perRelay: Record<string, Record<string, number>>;
  uncertainty: Record<string, Record<string, number>>;
  relays: Record<string, number>;
  unidentified: string[];
  /** By counter without labels: the methods' relays and the counter's growth between scrapes, if several are called. */
  methodRows?: Record<string, MethodRow[]>;
  /** By chain, the most used resource first. */
  uses: Record<string, Use[]>;
  truth: Record<string, { capacityRps: number | null; perRelay: Record<string, number> }>;
  gbSeconds: number;
  invocations: number;
}

/** The share of a run at each end that is not steady, but at least this many ms. */
const UNSTEADY_SHARE = 0.1;

const UNSTEADY_MS = 1_000;

/** Shorter runs are used whole: trimming their ends would lose too many scrapes. */
const SHORT_MS = 20_000;

/** Chains that share a target with another chain. */
function mixedChains({ chains }: Plan): Set<string> {
  const loading = new Map<string, Set<string>>();
  for (const { name, targets } of chains) {
    for (const { url, headers } of targets) {
      // A header may select the chain as well as the URL.
      const place = JSON.stringify([url, headers]);
      loading.set(place, (loading.get(place) ?? new Set()).add(name));
    }
  }
  return new Set([...loading.values()].filter(({ size }) => size > 1).flatMap((names) => [...names]));
}

/** What a run measured besides traffic, from its report and the scraped metrics. */
export function measure(report: Report, plan: Plan, scrapes: readonly Scrape[]): Measured {
  const observe = observeOf(plan);
  const chains = report.chains.map(({ name }) => name);
  const isShort = report.run.measuredMs < SHORT_MS;
  const edgeMs = Math.max(UNSTEADY_MS, report.run.measuredMs * UNSTEADY_SHARE);
  const run = {
    scrapes,
    relays: (chain: string, fromMs: number, toMs: number): number => relaysBetween(report, chain, fromMs, toMs),
    fromMs: isShort ? -Infinity : edgeMs,
    toMs: isShort ? Infinity : report.run.measuredMs - edgeMs,
    firstMs: -report.run.warmupMs,
    mixed: mixedChains(plan),
  };
  const { byChain, unidentified } = relayCosts(run, observe.costs, chains);
  const of = (read: (cost: { perRelay: number; uncertainty: number }) => number) =>
    Object.fromEntries(
      [...byChain].map(([chain, costs]) => [
        chain,
        Object.fromEntries(costs.map((cost) => [cost.counter, read(cost)])),
      ]),
    );
  const loaded = scrapes.filter(({ atMs }) => atMs > UNSTEADY_MS && atMs < report.run.measuredMs);
  return {
    perRelay: of(({ perRelay }) => perRelay),
    uncertainty: of(({ uncertainty }) => uncertainty),
    relays: Object.fromEntries(report.chains.map(({ name, ledger }) => [name, ledger.valid])),
    unidentified,
    ...methodRowsOf(run, observe.costs, methodShares(report)),
    uses: Object.fromEntries(report.chains.map((chain) => [chain.name, usesOf(loaded, observe.resources, chain)])),
    truth: Object.fromEntries(
      report.chains.flatMap(({ name, truth }) =>
        truth ? [[name, { capacityRps: truth.capacityRps, perRelay: truth.perRelay }]] : [],
      ),
    ),
    ...generatorUse(report),
  };
}

/** The shares of the methods in each chain's valid relays; undefined if they are not known of every chain. */
function methodShares({ chains }: Report): Map<string, Record<string, number>> | undefined {
  if (chains.some(({ methods = [], ledger }) => methods.length === 0 && ledger.valid > 0)) return undefined;
  return new Map(
    chains.map(({ name, methods = [], ledger }) => [
      name,
      Object.fromEntries(methods.map(({ method, valid }) => [method, valid / Math.max(1, ledger.valid)])),
    ]),
  );
}

function methodRowsOf(
  run: CostRun,
  counters: Plan["observe"]["costs"],
  shares: ReadonlyMap<string, Record<string, number>> | undefined,
): Pick<Measured, "methodRows"> {
  const shared = counters.filter(({ chainLabel }) => chainLabel === undefined);
  if (shared.length === 0 || !shares) return {};
  return { methodRows: Object.fromEntries(shared.map((counter) => [counter.name, methodRows(run, counter, shares)])) };
}

/** A chain's valid relays between two instants: whole seconds, plus a proportional share of the partial ones. */
function relaysBetween(report: Report, name: string, fromMs: number, toMs: number): number {
  const chain = report.chains.find((each) => each.name === name);
  if (!chain) return 0;
  let sum = 0;
  // Warm-up traffic has no per-second counts: if the window begins before the warm-up, all of it counts.
  if (fromMs <= -report.run.warmupMs) sum += chain.warmup?.ledger.valid ?? 0;
  for (const { second, valid } of chain.seconds) {
    const share = Math.min(toMs, (second + 1) * 1_000) - Math.max(fromMs, second * 1_000);
    if (share > 0) sum += (valid * Math.min(1_000, share)) / 1_000;
  }
  return sum;
}

function usesOf(scrapes: readonly Scrape[], resources: readonly Resource[], chain: Report["chains"][number]): Use[] {
  const uses = resources.flatMap((resource): Use[] => {
    const { used, limit } = resource;
    const read = (selector: typeof used, scraped: Scrape): number | undefined =>
      select(scraped, selector, selector.chainLabel === undefined ? undefined : chain.name);
    const values = scrapes.map((each) => read(used, each));
    const limits = scrapes.map((each) => (typeof limit === "number" ? limit : read(limit, each)));
    const isCounter = /_total$/.test(used.metric);
    const seconds = scrapes.slice(1).map((each, index) => (each.atMs - (scrapes[index]?.atMs ?? 0)) / 1_000);
    const levels = isCounter
      ? growth(values).map((grown, index) => (grown === undefined ? undefined : grown / (seconds[index] ?? 1)))
      : values;
    const pairs = levels.flatMap((level, index) => {
      const most = limits[index];
      return level === undefined || most === undefined || most <= 0 ? [] : [[level, most] as const];
    });
    if (pairs.length === 0) return [];
    const level = pairs.reduce((sum, [value]) => sum + value, 0) / pairs.length;
    const most = pairs.reduce((sum, [, value]) => sum + value, 0) / pairs.length;
    const evidence =
      `${level.toFixed(1)} of ${most.toFixed(1)} in use (${used.metric}) at ${Math.round(chain.offeredRps)} requests/s ` +
      `to ${chain.name}`;
    return [{ resource: resource.name, utilisation: level / most, evidence }];
  });
  return uses.sort((a, b) => b.utilisation - a.utilisation);
}

/** The workers' usage in Lambda's units: their measured time, with each invocation's lead and end, at the default memory size. */
function generatorUse({ run, workers }: Report): { gbSeconds: number; invocations: number } {
  const invocations = workers.reduce((sum, { outcomes }) => sum + outcomes.length, 0);
  const seconds = billedWorkerSeconds(workers.length, invocations, (run.measuredMs + run.warmupMs) / 1_000);
  return { gbSeconds: seconds * (DEFAULT_SETTING.workerMb / 1_024), invocations };
}
