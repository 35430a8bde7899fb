import { methodCosts } from "../capacity/methodCosts.ts";
import {
  bracketOf,
  capacityOf,
  type LoadUnit,
  type SearchedChain,
  type SearchSettings,
  TOGETHER,
  type TrialResult,
  togetherBracket,
} from "../capacity/search.ts";
import { fitScalability } from "../capacity/usl.ts";
import { PRICES } from "../plan/prices.ts";
import type { Plan } from "../plan/schema.ts";
import { isSearchedForSubscribers, subscribersOf } from "../plan/subscriptions.ts";
import { total } from "../results/chunk.ts";
import type { Measured } from "./measure.ts";
import { isOfGenerator, isStoppedByTarget, type Reason } from "./reasons.ts";
import type { Capacity, ChainCapacity, Report, ReportChain } from "./schema.ts";

/** A trial with its measurements: `search.json` is a list of these. */
export interface Trial extends TrialResult {
  number: number;
  measured: Measured;
}

/** The result of a trial of a plan's search. */
export function trialResult(plan: Plan, number: number, report: Report, measured: Measured): Trial {
  const chains = report.chains;
  const subscribed = new Set(
    plan.chains.flatMap((chain) => (isSearchedForSubscribers(plan, chain) ? [chain.name] : [])),
  );
  const silent = chains.filter((chain) => subscribed.has(chain.name) && isSilent(chain));
  const finishedSeconds = Math.max(report.run.durationMs, report.run.finishedMs) / 1_000;
  // A run stopped by its breaker or a threshold says something about the target; a run stopped by a person does not.
  const byTarget = isStoppedByTarget(report.run);
  const isCutShort = report.run.aborted !== undefined && !byTarget;
  // Requests that queue at a worker until it hits its limit mean that the target is slow.
  const causes = report.verdict.causes ?? [];
  const isFull = causes.some(({ kind }) => isOfSlowTarget(kind));
  const inOrder =
    report.verdict.generator || (isFull && causes.every((each) => !isOfGenerator(each) || isOfSlowTarget(each.kind)));
  return {
    number,
    scope: chains.length > 1 ? TOGETHER : (chains[0]?.name ?? TOGETHER),
    load: Object.fromEntries(
      chains.map((chain) => [chain.name, subscribed.has(chain.name) ? sumOf(chain, "subscribers") : chain.offeredRps]),
    ),
    met: report.verdict.pass && !byTarget && !isCutShort && !isFull,
    valid: inOrder && !isCutShort && silent.length === 0,
    served: Object.fromEntries(
      chains.flatMap((chain): [string, number][] => {
        if (!subscribed.has(chain.name)) return [[chain.name, chain.ledger.valid / finishedSeconds]];
        const reached = sumOf(chain, "reached");
        return reached < sumOf(chain, "subscribers") ? [[chain.name, reached]] : [];
      }),
    ),
    meanMs: Object.fromEntries(chains.map(({ name, meanMs }) => [name, meanMs])),
    p99Ms: Object.fromEntries(chains.map(({ name, responseTimeAllMs }) => [name, responseTimeAllMs?.p99 ?? null])),
    reasons: [...silent.map(({ name }) => `${name}: ${SILENT}`), ...report.verdict.reasons],
    measured,
  };
}

/** Why a trial of subscribers tells nothing. */
const SILENT =
  "subscriptions were confirmed, and no block came on any of them: the trial shows nothing, or is too short.";

/** Whether a chain's subscribers of new blocks were confirmed, and nothing was announced to any of them. */
function isSilent({ subscriptions = [] }: ReportChain): boolean {
  const heads = subscriptions.filter(({ name }) => name.startsWith("newHeads"));
  return heads.some(({ subscribed, notifications }) => subscribed > 0 && notifications === 0);
}

/** A number of all of a chain's subscriptions. */
function sumOf({ subscriptions = [] }: ReportChain, count: "subscribers" | "reached"): number {
  return subscriptions.reduce((sum, each) => sum + each[count], 0);
}

/** Whether this reason is that requests piled up at the workers because the target did not respond. */
function isOfSlowTarget(kind: Reason["kind"]): boolean {
  return kind === "in-flight-cap" || kind === "file-limit";
}

/** The report's capacity section, from a search's trials or from a single run. */
export function capacityOfRun(plan: Plan, report: Report, single: Measured, trials: readonly Trial[]): Capacity {
  const settings = searchSettings(plan);
  const runs = trials.length > 0 ? trials.map(({ measured }) => measured) : [single];
  const chains = plan.chains.map(({ name }) => chainCapacity(name, plan, trials, runs));
  const gbSeconds = runs.reduce((sum, run) => sum + run.gbSeconds, 0);
  const invocations = runs.reduce((sum, run) => sum + run.invocations, 0);
  const usd = gbSeconds * PRICES.lambdaGbSecond + invocations * PRICES.lambdaRequest;
  const relays = runs.reduce((sum, run) => sum + total(run.relays), 0);
  const limitFound = isLimitFound(settings, trials);
  // A load that is meant to be above the gateway's rate limit says nothing about what it carries.
  const totalRps = plan.profile.type === "limit" ? null : totalCapacity(chains, report, trials.length > 0);
  return {
    chains,
    totalRps,
    limitFound,
    unidentified: [...new Set(runs.flatMap(({ unidentified }) => unidentified))],
    ...methodsCapacity(runs),
    generator: { gbSeconds, invocations, usd, usdPerMillionRelays: relays > 0 ? (usd / relays) * 1e6 : null },
    // If the limit was not found, the rate shows how many instances are enough for it, but not how to scale beyond it.
    scaling: totalRps === null || !limitFound ? null : scalingOf(plan, totalRps),
    trials: trials.map((trial) => {
      const { number, scope, p99Ms, met, valid, reasons } = trial;
      const name = scope === TOGETHER ? "all chains together" : scope;
      return { number, scope: name, ...loadsOf(plan, trial), ...(p99Ms && { p99Ms }), met, valid, reasons };
    }),
  };
}

/** A trial's rates, and its numbers of subscribers if the search looks for these. */
export function loadsOf(
  plan: Plan,
  { load, served }: Trial,
): Pick<Capacity["trials"][number], "rps" | "servedRps" | "subscribers"> {
  const { chains } = searchSettings(plan);
  const ofUnit = (unit: LoadUnit, loads: Record<string, number>) => {
    const isOwn = ([name]: [string, number]): boolean =>
      chains.some((chain) => chain.name === name && chain.unit === unit);
    return Object.fromEntries(Object.entries(loads).filter(isOwn));
  };
  const subscribers = ofUnit("subscribers", load);
  const isSubscribed = Object.keys(subscribers).length > 0;
  return { rps: ofUnit("rps", load), servedRps: ofUnit("rps", served), ...(isSubscribed && { subscribers }) };
}

/** A plan's search settings; for a plan without a search, settings with no repeats. */
export function searchSettings(plan: Plan): SearchSettings {
  const { profile, limits } = plan;
  const { precision, repeats, together } =
    profile.type === "search" ? profile : { precision: 0.02, repeats: 0, together: false };
  const chains = plan.chains.map((chain): SearchedChain => {
    return isSearchedForSubscribers(plan, chain)
      ? { name: chain.name, unit: "subscribers", load: subscribersOf({ chains: [chain] }) }
      : { name: chain.name, unit: "rps", load: chain.rps };
  });
  const most = {
    ...(limits.maxRps !== undefined && { rps: limits.maxRps }),
    ...(limits.maxSubscribers !== undefined && { subscribers: limits.maxSubscribers }),
  };
  return { chains, precision, repeats, together, most };
}

/** Whether a search has bracketed each chain's capacity: one rate that met the SLO, and a higher one that did not. */
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
  const each = chains
    .filter(({ subscribers }) => !subscribers)
    .map(({ together, capacityRps }) => together?.capacityRps ?? capacityRps);
  return each.length === 0 || each.includes(null) ? null : each.reduce<number>((sum, rps) => sum + (rps ?? 0), 0);
}

function chainCapacity(name: string, plan: Plan, trials: readonly Trial[], runs: readonly Measured[]): ChainCapacity {
  const own = trials.filter(({ scope }) => scope === name);
  const { low, high } = bracketOf(own, { [name]: 1 });
  const settings = searchSettings(plan);
  const unit = settings.chains.find((each) => each.name === name)?.unit;
  const found = low === undefined ? undefined : capacityOf(name, trials, unit);
  const interval: [number, number] | null = low === undefined ? null : [low, high ?? low];
  const together = togetherOf(settings, trials, found);
  const failing = own.filter(({ load }) => Math.abs((load[name] ?? 0) - (high ?? -1)) < 1e-6);
  const points = own.flatMap(({ served, meanMs }) => {
    const rps = unit === "rps" ? (served[name] ?? 0) : 0;
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
    ...(unit === "subscribers" && trials.length > 0
      ? {
          capacityRps: null,
          interval: null,
          together: null,
          subscribers: subscriberCapacity(found, interval, together),
        }
      : { capacityRps: found ?? null, interval, together }),
    trials: own.length,
    endedBy: [...new Set(failing.flatMap(({ reasons }) => reasons))],
    bottleneck: use && use.utilisation >= SATURATED ? use : null,
    model:
      trials.length === 0
        ? { why: "one rate is too few for a model: a plan with a search has several" }
        : unit === "subscribers"
          ? { why: "it describes rates, and not subscribers" }
          : fitScalability(points),
    ...perRelay,
    usdPerMillionRelays: usdPerMillion(plan, perRelay.perRelay),
    ...(truth && { truth }),
  };
}

/**
 * The cost of a million relays at the plan's prices; null if the plan has no prices or a priced counter was not
 * measured.
 */
function usdPerMillion({ observe }: Plan, perRelay: Record<string, number>): number | null {
  const priced = observe.costs.flatMap(({ name, usd }) =>
    usd === undefined ? [] : [(perRelay[name] ?? Number.NaN) * usd],
  );
  const usd = priced.reduce((sum, each) => sum + each, 0);
  return priced.length === 0 || Number.isNaN(usd) ? null : usd * 1e6;
}

/** What each method costs by counters without labels, if more than one method is called. */
function methodsCapacity(runs: readonly Measured[]): Pick<Capacity, "methods"> {
  const counters = new Set(runs.flatMap(({ methodRows = {} }) => Object.keys(methodRows)));
  const methods = [...counters].flatMap((counter) => {
    const rows = runs.flatMap(({ methodRows = {} }) => methodRows[counter] ?? []);
    const called = new Set(rows.flatMap(({ relays }) => Object.keys(relays)));
    return called.size < 2 ? [] : [{ counter, costs: methodCosts(rows) ?? null }];
  });
  return methods.length === 0 ? {} : { methods };
}

/** The cost of a million relays of each chain in one run. */
export function relayPrices(plan: Plan, { perRelay }: Measured): Map<string, number | null> {
  return new Map(plan.chains.map(({ name }) => [name, usdPerMillion(plan, perRelay[name] ?? {})]));
}

/** A resource that is used to this share limits the chain's capacity. */
const SATURATED = 0.85;

/** Costs of several runs, weighted by the chain's relays. */
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

/** A chain's capacity in subscribers. */
function subscriberCapacity(
  found: number | undefined,
  interval: [number, number] | null,
  together: ChainCapacity["together"],
): ChainCapacity["subscribers"] {
  return {
    capacity: found ?? null,
    interval,
    together: together && { capacity: Math.floor(together.capacityRps), ratio: together.ratio },
  };
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
