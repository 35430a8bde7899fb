import { relayCosts } from "../capacity/costs.ts";
import {
  bracketOf,
  capacityOf,
  type SearchSettings,
  TOGETHER,
  type TrialResult,
  togetherBracket,
} from "../capacity/search.ts";
import { fitScalability } from "../capacity/usl.ts";
import { growth, type Scrape, select } from "../observe/scrape.ts";
import { observeOf } from "../observe/standIn.ts";
import { WORKER_GB } from "../plan/estimate.ts";
import { PRICES } from "../plan/prices.ts";
import type { Plan, Resource } from "../plan/schema.ts";
import { total } from "../results/chunk.ts";
import { isOfGenerator, isStoppedByTarget, type Reason } from "./reasons.ts";
import type { Capacity, ChainCapacity, Report } from "./schema.ts";

/** A resource's use at one load. */
export interface Use {
  resource: string;
  /** In use ÷ how much there is. */
  utilisation: number;
  evidence: string;
}

/** What a run, or one trial of a search, tells about costs and use. */
export interface Measured {
  /** By chain. */
  perRelay: Record<string, Record<string, number>>;
  uncertainty: Record<string, Record<string, number>>;
  relays: Record<string, number>;
  unidentified: string[];
  /** By chain, the most used resource first. */
  uses: Record<string, Use[]>;
  truth: Record<string, { capacityRps: number | null; perRelay: Record<string, number> }>;
  gbSeconds: number;
  invocations: number;
}

/** A trial with what it measured: `search.json` is a list of these. */
export interface Trial extends TrialResult {
  number: number;
  measured: Measured;
}

/** The share of a run at each of its ends that is not steady, but at least so many ms. */
const UNSTEADY_SHARE = 0.1;
const UNSTEADY_MS = 1_000;

/** Runs shorter than this are taken whole: their ends weigh less than the scrapes that would be lost. */
const SHORT_MS = 20_000;

/** Chains that load a target which another chain loads too. */
function mixedChains({ chains }: Plan): Set<string> {
  const loading = new Map<string, Set<string>>();
  for (const { name, targets } of chains) {
    for (const { url, headers } of targets) {
      // A chain may be chosen by a header as well as by the URL.
      const place = JSON.stringify([url, headers]);
      loading.set(place, (loading.get(place) ?? new Set()).add(name));
    }
  }
  return new Set([...loading.values()].filter(({ size }) => size > 1).flatMap((names) => [...names]));
}

/** What a run measured besides traffic, from its report and the metrics that were scraped. */
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
    uses: Object.fromEntries(report.chains.map((chain) => [chain.name, usesOf(loaded, observe.resources, chain)])),
    truth: Object.fromEntries(
      report.chains.flatMap(({ name, truth }) =>
        truth ? [[name, { capacityRps: truth.capacityRps, perRelay: truth.perRelay }]] : [],
      ),
    ),
    ...generatorUse(report),
  };
}

/** Valid relays of a chain between two instants: whole seconds, and of the outer ones their share. */
function relaysBetween(report: Report, name: string, fromMs: number, toMs: number): number {
  const chain = report.chains.find((each) => each.name === name);
  if (!chain) return 0;
  let sum = 0;
  // What the warm-up sent is not told by the second: it is taken whole, where the window begins before it.
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

/** Time before and after its segment that a worker is billed for, in ms: start, warm-up, the last responses. */
const BILLED_BESIDES_MS = 4_000;

/** What the workers took, in Lambda's units: their own measured time at the default size. */
function generatorUse({ run, workers }: Report): { gbSeconds: number; invocations: number } {
  const invocations = workers.reduce((sum, { outcomes }) => sum + outcomes.length, 0);
  const seconds = (workers.length * (run.measuredMs + run.warmupMs) + invocations * BILLED_BESIDES_MS) / 1_000;
  return { gbSeconds: seconds * WORKER_GB, invocations };
}

/** What a trial of a search came to. */
export function trialResult(number: number, scope: string, report: Report, measured: Measured): Trial {
  const chains = report.chains;
  const finishedSeconds = Math.max(report.run.durationMs, report.run.finishedMs) / 1_000;
  // A run that its breaker or a threshold ended tells about the target; one that a person ended tells nothing.
  const byTarget = isStoppedByTarget(report.run);
  const isCutShort = report.run.aborted !== undefined && !byTarget;
  // Requests that wait at a worker until it may send no more are the target's slowness.
  const causes = report.verdict.causes ?? [];
  const isFull = causes.some(({ kind }) => isOfSlowTarget(kind));
  const inOrder =
    report.verdict.generator || (isFull && causes.every((each) => !isOfGenerator(each) || isOfSlowTarget(each.kind)));
  return {
    number,
    scope,
    rps: Object.fromEntries(chains.map(({ name, offeredRps }) => [name, offeredRps])),
    met: report.verdict.pass && !byTarget && !isCutShort && !isFull,
    valid: inOrder && !isCutShort,
    servedRps: Object.fromEntries(chains.map(({ name, ledger }) => [name, ledger.valid / finishedSeconds])),
    meanMs: Object.fromEntries(chains.map(({ name, meanMs }) => [name, meanMs])),
    p99Ms: Object.fromEntries(chains.map(({ name, responseTimeAllMs }) => [name, responseTimeAllMs?.p99 ?? null])),
    reasons: report.verdict.reasons,
    measured,
  };
}

/** Whether a reason against the run is that requests piled up at the workers while the target did not answer. */
function isOfSlowTarget(kind: Reason["kind"]): boolean {
  return kind === "in-flight-cap" || kind === "file-limit";
}

/** The report's capacity section: of a search's trials, or of a single run. */
export function capacityOfRun(plan: Plan, report: Report, single: Measured, trials: readonly Trial[]): Capacity {
  const settings = searchSettings(plan);
  const runs = trials.length > 0 ? trials.map(({ measured }) => measured) : [single];
  const chains = plan.chains.map(({ name }) => chainCapacity(name, plan, trials, runs));
  const gbSeconds = runs.reduce((sum, run) => sum + run.gbSeconds, 0);
  const invocations = runs.reduce((sum, run) => sum + run.invocations, 0);
  const usd = gbSeconds * PRICES.lambdaGbSecond + invocations * PRICES.lambdaRequest;
  const relays = runs.reduce((sum, run) => sum + total(run.relays), 0);
  const limitFound = isLimitFound(settings, trials);
  const totalRps = totalCapacity(chains, report, trials.length > 0);
  return {
    chains,
    totalRps,
    limitFound,
    unidentified: [...new Set(runs.flatMap(({ unidentified }) => unidentified))],
    generator: { gbSeconds, invocations, usd, usdPerMillionRelays: relays > 0 ? (usd / relays) * 1e6 : null },
    // A rate that was merely met says how many instances suffice for it, and nothing of how many another needs.
    scaling: totalRps === null || !limitFound ? null : scalingOf(plan, totalRps),
    trials: trials.map(({ number, scope, rps, servedRps, p99Ms, met, valid, reasons }) => {
      const name = scope === TOGETHER ? "all chains together" : scope;
      return { number, scope: name, rps, servedRps, ...(p99Ms && { p99Ms }), met, valid, reasons };
    }),
  };
}

/** How a plan's search goes; a plan without one has none of it. */
export function searchSettings({ chains, profile }: Plan): SearchSettings {
  const { precision, repeats, together } =
    profile.type === "search" ? profile : { precision: 0.02, repeats: 0, together: false };
  return { chains, precision, repeats, together };
}

/** Whether a search has found where each chain ends: a rate that met the SLO, and one above it that did not. */
function isLimitFound(settings: SearchSettings, trials: readonly Trial[]): boolean {
  return (
    trials.length > 0 &&
    settings.chains.every(({ name }) => {
      const own = trials.filter(({ scope }) => scope === name);
      const { low, high } = bracketOf(own, { [name]: 1 });
      return low !== undefined && high !== undefined;
    })
  );
}

function totalCapacity(chains: readonly ChainCapacity[], report: Report, searched: boolean): number | null {
  if (!searched) return report.verdict.valid && report.verdict.pass ? report.total.achievedRps : null;
  const each = chains.map(({ together, capacityRps }) => together?.capacityRps ?? capacityRps);
  return each.includes(null) ? null : each.reduce<number>((sum, rps) => sum + (rps ?? 0), 0);
}

function chainCapacity(name: string, plan: Plan, trials: readonly Trial[], runs: readonly Measured[]): ChainCapacity {
  const own = trials.filter(({ scope }) => scope === name);
  const { low, high } = bracketOf(own, { [name]: 1 });
  const capacityRps = low === undefined ? undefined : capacityOf(name, trials);
  const failing = own.filter(({ rps }) => Math.abs((rps[name] ?? 0) - (high ?? -1)) < 1e-6);
  const points = own.flatMap(({ servedRps, meanMs }) => {
    const rps = servedRps[name] ?? 0;
    const ms = meanMs[name];
    return rps > 0 && typeof ms === "number" ? [{ rps, concurrency: (rps * ms) / 1_000 }] : [];
  });
  const use = (failing.at(-1) ?? own.at(-1))?.measured.uses[name]?.[0] ?? runs.at(-1)?.uses[name]?.[0];
  const perRelay = mergeCosts(
    name,
    own.some(({ met }) => met) ? own.filter(({ met }) => met).map((each) => each.measured) : runs,
  );
  const truth = (own.at(-1)?.measured ?? runs.at(-1))?.truth[name];
  return {
    name,
    capacityRps: capacityRps ?? null,
    interval: low === undefined ? null : [low, high ?? low],
    trials: own.length,
    together: togetherOf(searchSettings(plan), trials, capacityRps),
    endedBy: [...new Set(failing.flatMap(({ reasons }) => reasons))],
    bottleneck: use && use.utilisation >= SATURATED ? use : null,
    model:
      trials.length === 0
        ? { why: "one rate is too few for a model: a plan with a search has several" }
        : fitScalability(points),
    ...perRelay,
    usdPerMillionRelays: usdPerMillion(plan, perRelay.perRelay),
    ...(truth && { truth }),
  };
}

/** What a million relays cost by the plan's prices; null where there is none, or what has one was not measured. */
function usdPerMillion({ observe }: Plan, perRelay: Record<string, number>): number | null {
  const priced = observe.costs.flatMap(({ name, usd }) =>
    usd === undefined ? [] : [(perRelay[name] ?? Number.NaN) * usd],
  );
  const usd = priced.reduce((sum, each) => sum + each, 0);
  return priced.length === 0 || Number.isNaN(usd) ? null : usd * 1e6;
}

/** What a million relays of each chain cost in one run. */
export function relayPrices(plan: Plan, { perRelay }: Measured): Map<string, number | null> {
  return new Map(plan.chains.map(({ name }) => [name, usdPerMillion(plan, perRelay[name] ?? {})]));
}

/** A resource that is used to this share is what ends the chain's capacity. */
const SATURATED = 0.85;

/** Costs of several runs, weighed by the chain's relays. */
function mergeCosts(chain: string, runs: readonly Measured[]): Pick<ChainCapacity, "perRelay" | "perRelayUncertainty"> {
  const perRelay: Record<string, number> = {};
  const perRelayUncertainty: Record<string, number> = {};
  const counters = new Set(runs.flatMap((run) => Object.keys(run.perRelay[chain] ?? {})));
  for (const counter of counters) {
    const known = runs.filter((run) => run.perRelay[chain]?.[counter] !== undefined);
    const weight = known.reduce((sum, run) => sum + (run.relays[chain] ?? 0), 0);
    if (weight === 0) continue;
    const mean = (read: (run: Measured) => number | undefined): number =>
      known.reduce((sum, run) => sum + (read(run) ?? 0) * (run.relays[chain] ?? 0), 0) / weight;
    perRelay[counter] = mean((run) => run.perRelay[chain]?.[counter]);
    perRelayUncertainty[counter] = mean((run) => run.uncertainty[chain]?.[counter]);
  }
  return { perRelay, perRelayUncertainty };
}

function togetherOf(
  settings: SearchSettings,
  trials: readonly Trial[],
  alone: number | undefined,
): ChainCapacity["together"] {
  const { low, high } = togetherBracket(settings, trials);
  if (low === undefined || alone === undefined) return null;
  const ratio = (low + (high ?? low)) / 2;
  return { capacityRps: alone * ratio, interval: [alone * low, alone * (high ?? low)], ratio };
}

function scalingOf({ capacity, perWorkerRps }: Plan, currentRps: number): Capacity["scaling"] {
  const { targetRps, headroom, instances, spareInstances, instanceUsdPerMonth } = capacity;
  const rpsPerInstance = currentRps / instances;
  const instancesNeeded = Math.ceil((targetRps * (1 + headroom)) / rpsPerInstance) + spareInstances;
  return {
    currentRps,
    targetRps,
    headroom,
    instances,
    rpsPerInstance,
    instancesNeeded,
    usdPerInstanceMonth: instanceUsdPerMonth ?? null,
    usdPerMonth: instanceUsdPerMonth === undefined ? null : instanceUsdPerMonth * instancesNeeded,
    workersNeeded: Math.ceil(targetRps / perWorkerRps),
  };
}
