/** The scope of a trial in which all chains are loaded at once. */
export const TOGETHER = "*";

/** What a trial sends: one chain alone, or all together. */
export interface TrialLoad {
  /** The chain's name, or TOGETHER. */
  scope: string;
  /** Requests per second by chain. */
  rps: Record<string, number>;
}

/** A trial that was made. */
export interface TrialResult extends TrialLoad {
  /** Whether all its chains met the SLO. */
  met: boolean;
  /** Whether the generator was healthy and the trial complete; otherwise the trial says nothing. */
  valid: boolean;
  /** Valid relays per second by chain, up to the last response: the served rate, whatever the offered rate was. */
  servedRps: Record<string, number>;
  /** Mean response time by chain, in ms; null without responses. */
  meanMs: Record<string, number | null>;
  /** The 99th percentile of the response time of all requests sent. */
  p99Ms?: Record<string, number | null>;
  /** Why the SLO was not met, or the trial not valid, in words. */
  reasons: string[];
}

/** The settings of a search. */
export interface SearchSettings {
  chains: readonly { name: string; rps: number }[];
  precision: number;
  repeats: number;
  together: boolean;
  /** Most requests per second of a trial, over its chains. */
  maxRps?: number;
}

/** What a search has found for one scope: rates, or for all chains together factors on their capacities. */
export interface Bracket {
  /** The highest level that met the SLO, and the lowest above it that did not; undefined if there is none yet. */
  low?: number;
  high?: number;
}

/** Factor from step to step until the SLO is missed. */
const STEP = 1.5;
/** Most trials of a scope, so that every search ends. */
const MAX_TRIALS = 16;
/** Where to look for a capacity around the rate that was served under overload, in steps of the precision. */
const GUESSES = [-0.5, 0.45, 1.4, 3];
/** Most trials at a level if none was valid. */
const MAX_INVALID = 2;

/** The level of a trial: for a chain alone its rate, for all together the factor on the first chain's capacity. */
function levelOf(trial: TrialLoad, base: Record<string, number>): number {
  const [name = "", rps = 0] = Object.entries(trial.rps)[0] ?? [];
  return rps / (base[name] ?? 1);
}

/** Trials by level, and how the majority of the valid ones at each level ended. */
function levelsOf(trials: readonly TrialResult[], base: Record<string, number>) {
  const levels = new Map<number, { level: number; trials: TrialResult[]; met: boolean; told: number }>();
  for (const trial of trials) {
    const level = Number(levelOf(trial, base).toPrecision(9));
    const found = levels.get(level) ?? { level, trials: [], met: false, told: 0 };
    levels.set(level, found);
    found.trials.push(trial);
    // A trial with an unhealthy generator, or one that was cut short, counts neither for nor against.
    found.told = found.trials.filter(({ valid }) => valid).length;
    found.met = found.trials.filter(({ met, valid }) => met && valid).length > found.told / 2;
  }
  return [...levels.values()].sort((a, b) => a.level - b.level);
}

/**
 * What the trials of a scope have bracketed. `base` are the rates at level 1. Levels without a valid trial are ignored.
 */
export function bracketOf(trials: readonly TrialResult[], base: Record<string, number>): Bracket {
  const levels = levelsOf(trials, base).filter(({ told }) => told > 0);
  const failing = levels.find(({ met }) => !met);
  const passing = levels.filter(({ level, met }) => met && (!failing || level < failing.level)).at(-1);
  return { ...(passing && { low: passing.level }), ...(failing && { high: failing.level }) };
}

/** The rates at level 1: for a chain alone 1 request per second, for all together the capacities found alone. */
function baseOf(scope: string, settings: SearchSettings, trials: readonly TrialResult[]): Record<string, number> {
  if (scope !== TOGETHER) return { [scope]: 1 };
  return Object.fromEntries(settings.chains.map(({ name }) => [name, capacityOf(name, trials) ?? 1]));
}

/** A chain's capacity alone, as far as the trials show: the middle of its bracket. */
export function capacityOf(chain: string, trials: readonly TrialResult[]): number | undefined {
  const { low, high } = bracketOf(
    trials.filter(({ scope }) => scope === chain),
    { [chain]: 1 },
  );
  if (low === undefined) return high === undefined ? undefined : high / 2;
  return high === undefined ? low : (low + high) / 2;
}

/** What all chains carry together, as a factor on the capacity of each alone. */
export function togetherBracket(settings: SearchSettings, trials: readonly TrialResult[]): Bracket {
  return bracketOf(
    trials.filter(({ scope }) => scope === TOGETHER),
    baseOf(TOGETHER, settings, trials),
  );
}

/**
 * The next trial of a search, given those that were made; undefined when the search is over. Each chain alone goes up
 * in steps until it misses the SLO. Then the search continues between the highest rate that met it and the lowest that
 * did not: if the gateway served less than was offered, the served rate is the best guess of its limit, otherwise the
 * middle is. The two rates at the edge are repeated. Then all chains run together, by a factor on what each carries
 * alone. No trial goes above `maxRps`; a scope that meets the SLO there ends.
 */
export function nextTrial(settings: SearchSettings, trials: readonly TrialResult[]): TrialLoad | undefined {
  for (const scope of scopesOf(settings)) {
    const own = trials.filter((trial) => trial.scope === scope);
    const base = baseOf(scope, settings, trials);
    const start = scope === TOGETHER ? 1 : (settings.chains.find(({ name }) => name === scope)?.rps ?? 1);
    const most = mostLevel(base, settings);
    const found = nextLevel(own, base, Math.min(start, most), { ...settings, most });
    if (found === undefined) continue;
    // Rounded as for comparing levels, so that a repeated level is the same to the digit.
    const level = Math.min(most, Number(found.toPrecision(9)));
    return { scope, rps: Object.fromEntries(Object.entries(base).map(([name, rps]) => [name, rps * level])) };
  }
  return undefined;
}

/** The level at which a scope's rates reach the limit; a sum of several rates is rounded and stays a little below. */
function mostLevel(base: Record<string, number>, { maxRps = Number.POSITIVE_INFINITY }: SearchSettings): number {
  const rates = Object.values(base);
  const most = maxRps / rates.reduce((sum, rps) => sum + rps, 0);
  return rates.length > 1 ? most * (1 - 1e-9) : most;
}

/** The state of a search: which trial comes next, how many there may be at most, and what its scope has bracketed. */
export interface SearchStand {
  number: number;
  atMost: number;
  load: TrialLoad;
  bracket: Bracket;
}

/** The state of a search after these trials; undefined when it is over. */
export function searchStand(settings: SearchSettings, trials: readonly TrialResult[]): SearchStand | undefined {
  const load = nextTrial(settings, trials);
  if (!load) return undefined;
  const scopes = scopesOf(settings);
  const own = trials.filter(({ scope }) => scope === load.scope);
  const left = scopes.length - scopes.indexOf(load.scope);
  return {
    number: trials.length + 1,
    atMost: trials.length - own.length + left * MAX_TRIALS,
    load,
    bracket: bracketOf(own, baseOf(load.scope, settings, trials)),
  };
}

/** The scopes to search, in order: each chain alone, then all together. */
function scopesOf({ chains, together }: SearchSettings): string[] {
  return [...chains.map(({ name }) => name), ...(together && chains.length > 1 ? [TOGETHER] : [])];
}

function nextLevel(
  trials: readonly TrialResult[],
  base: Record<string, number>,
  start: number,
  { precision, repeats, most }: SearchSettings & { most: number },
): number | undefined {
  if (trials.length === 0) return start;
  if (trials.length >= MAX_TRIALS) return undefined;
  const levels = levelsOf(trials, base);
  const untold = levels.find(({ trials: own, told }) => told === 0 && own.length < MAX_INVALID);
  if (untold) return untold.level;
  const { low, high } = bracketOf(trials, base);
  // If the generator itself failed at a level, the search goes no higher, but that level is not the gateway's limit.
  const untellable = levels.find(({ level, told }) => told === 0 && level > (low ?? 0))?.level;
  const top = Math.min(high ?? Number.POSITIVE_INFINITY, untellable ?? Number.POSITIVE_INFINITY);
  if (top === Number.POSITIVE_INFINITY) {
    const isHighest = isReached(most, low) && trialsAt(most, levels) > repeats;
    return isHighest ? undefined : Math.min(most, (low ?? start) * STEP);
  }
  const failing = levels.find(({ level }) => level === top);
  const served = top === high ? servedLevel(failing?.trials ?? [], base) : undefined;
  if (low === undefined) return served !== undefined && served < top * 0.97 ? served * (1 - precision / 2) : top / STEP;
  if ((top - low) / top > precision * 1.01) return between(low, top, served, precision);
  if (trialsAt(low, levels) <= repeats) return low;
  return top === high && trialsAt(top, levels) <= repeats ? top : undefined;
}

/** Number of trials at a level, except for rounding. */
function trialsAt(level: number, levels: ReturnType<typeof levelsOf>): number {
  return levels.find((each) => isReached(each.level, level) && isReached(level, each.level))?.trials.length ?? 0;
}

/** Whether a level is as high as `most`, except for rounding. */
function isReached(most: number, level = 0): boolean {
  return level >= most * (1 - 1e-8);
}

/**
 * The next level between one that met the SLO and one that did not. The served rate may be some per cent off to either
 * side: tries close below it first, then further and further above.
 */
function between(low: number, top: number, served: number | undefined, precision: number): number {
  const guesses = served === undefined ? [] : GUESSES.map((steps) => served * (1 + steps * precision));
  const margin = (low * precision) / 4;
  return guesses.find((guess) => guess > low + margin && guess < top - margin) ?? (low + top) / 2;
}

/** The level that the gateway served while more was offered: the lowest over all chains. */
function servedLevel(trials: readonly TrialResult[], base: Record<string, number>): number | undefined {
  const levels = trials.flatMap(({ servedRps }) =>
    Object.entries(servedRps).flatMap(([name, rps]) => (rps > 0 ? [rps / (base[name] ?? 1)] : [])),
  );
  return levels.length === 0 ? undefined : Math.min(...levels);
}
