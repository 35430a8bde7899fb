/** The scope of a trial in which all chains are loaded at once. */
export const TOGETHER = "*";

/** What a search looks for: the highest rate, or the largest number of subscribers. */
export type LoadUnit = "rps" | "subscribers";

/** What a trial sends: one chain alone, or all together. */
export interface TrialLoad {
  /** The chain's name, or TOGETHER. */
  scope: string;
  /** By chain: requests per second, or a number of subscribers. */
  load: Record<string, number>;
}

/** A trial that was made. */
export interface TrialResult extends TrialLoad {
  /** Whether all its chains met the SLO. */
  met: boolean;
  /** Whether the generator was healthy and the trial complete; otherwise the trial says nothing. */
  valid: boolean;
  /**
   * What the gateway served by chain, whatever was offered: valid relays per second up to the last response, or how many
   * subscribers it accepted, if it refused some.
   */
  served: Record<string, number>;
  /** Mean response time by chain, in ms; null without responses. */
  meanMs: Record<string, number | null>;
  /** The 99th percentile of the response time of all requests sent. */
  p99Ms?: Record<string, number | null>;
  /** Why the SLO was not met, or the trial not valid, in words. */
  reasons: string[];
}

/** A chain to search, and the load at which its search begins. */
export interface SearchedChain {
  name: string;
  unit: LoadUnit;
  load: number;
}

/** The settings of a search. */
export interface SearchSettings {
  chains: readonly SearchedChain[];
  precision: number;
  repeats: number;
  together: boolean;
  /** The most of each unit in a trial, over its chains. */
  most?: Partial<Record<LoadUnit, number>>;
}

/** What a search has found for one scope: loads, or for all chains together factors on their capacities. */
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

/** The level of a trial: for a chain alone its load, for all together the factor on the first chain's capacity. */
function levelOf(trial: TrialLoad, base: Record<string, number>): number {
  const [name = "", load = 0] = Object.entries(trial.load)[0] ?? [];
  return load / (base[name] ?? 1);
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
 * What the trials of a scope have bracketed. `base` are the loads at level 1. Levels without a valid trial are ignored.
 */
export function bracketOf(trials: readonly TrialResult[], base: Record<string, number>): Bracket {
  const levels = levelsOf(trials, base).filter(({ told }) => told > 0);
  const failing = levels.find(({ met }) => !met);
  const passing = levels.filter(({ level, met }) => met && (!failing || level < failing.level)).at(-1);
  return { ...(passing && { low: passing.level }), ...(failing && { high: failing.level }) };
}

/** The loads at level 1: for a chain alone 1 request per second or subscriber, for all together the capacities found alone. */
function baseOf(scope: string, settings: SearchSettings, trials: readonly TrialResult[]): Record<string, number> {
  if (scope !== TOGETHER) return { [scope]: 1 };
  return Object.fromEntries(
    settings.chains.map(({ name }) => [name, capacityOf(name, trials, unitOf(name, settings)) ?? 1]),
  );
}

/** A chain's capacity alone, as far as the trials show: the middle of its bracket, for subscribers rounded down. */
export function capacityOf(chain: string, trials: readonly TrialResult[], unit: LoadUnit = "rps"): number | undefined {
  const { low, high } = bracketOf(
    trials.filter(({ scope }) => scope === chain),
    { [chain]: 1 },
  );
  const whole = (load: number): number => (unit === "subscribers" ? Math.max(1, Math.floor(load)) : load);
  if (low === undefined) return high === undefined ? undefined : whole(high / 2);
  return high === undefined ? low : whole((low + high) / 2);
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
 * alone. No trial goes above `most`; a scope that meets the SLO there ends. A number of subscribers is an integer, and
 * the search goes no finer than that.
 */
export function nextTrial(settings: SearchSettings, trials: readonly TrialResult[]): TrialLoad | undefined {
  for (const scope of scopesOf(settings)) {
    const own = trials.filter((trial) => trial.scope === scope);
    const base = baseOf(scope, settings, trials);
    const start = scope === TOGETHER ? 1 : (settings.chains.find(({ name }) => name === scope)?.load ?? 1);
    const most = mostLevel(base, settings);
    const range = { most, finest: finestLevel(base, settings) };
    const found = nextLevel(own, base, Math.min(start, most), { ...settings, ...range });
    if (found === undefined) continue;
    // Rounded as for comparing levels, so that a repeated level is the same to the digit.
    return { scope, load: loadAt(Math.min(most, Number(found.toPrecision(9))), base, settings) };
  }
  return undefined;
}

/** The unit in which a chain is searched. */
function unitOf(chain: string, { chains }: SearchSettings): LoadUnit {
  return chains.find(({ name }) => name === chain)?.unit ?? "rps";
}

/** Each chain's load at a level; for subscribers an integer. */
function loadAt(level: number, base: Record<string, number>, settings: SearchSettings): Record<string, number> {
  const at = (name: string, factor: number): number => {
    const load = (base[name] ?? 0) * factor;
    return unitOf(name, settings) === "subscribers" ? Math.max(1, Math.round(load)) : load;
  };
  const [first = "", most = 1] = Object.entries(base)[0] ?? [];
  // The first chain's load tells a trial's level, so that the other loads follow from what it is rounded to.
  const exact = unitOf(first, settings) === "subscribers" ? at(first, level) / most : level;
  return Object.fromEntries(Object.keys(base).map((name) => [name, at(name, exact)]));
}

/** The smallest difference between two levels: that of one subscriber of the first chain, or any. */
function finestLevel(base: Record<string, number>, settings: SearchSettings): number {
  const [first = "", load = 1] = Object.entries(base)[0] ?? [];
  return unitOf(first, settings) === "subscribers" ? 1 / load : 0;
}

/** The level at which a scope's loads reach the limit; a sum of several loads is rounded and stays a little below. */
function mostLevel(base: Record<string, number>, settings: SearchSettings): number {
  const limits = Object.entries(settings.most ?? {}).map(([unit, limit]) => {
    const own = Object.entries(base).filter(([name]) => unitOf(name, settings) === unit);
    const most = limit / own.reduce((sum, [, load]) => sum + load, 0);
    return own.length > 1 ? most * (1 - 1e-9) : most;
  });
  return Math.min(Number.POSITIVE_INFINITY, ...limits);
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
  { precision, repeats, most, finest }: Omit<SearchSettings, "most"> & { most: number; finest: number },
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
  if (low === undefined) return below(top, served, { precision, finest });
  if ((top - low) / top > precision * 1.01 && top - low > finest * 1.01) {
    return between(low, top, served, { precision, finest });
  }
  if (trialsAt(low, levels) <= repeats) return low;
  return top === high && trialsAt(top, levels) <= repeats ? top : undefined;
}

/** The next level if none met the SLO yet and `top` did not; undefined if there is no lower one. */
function below(
  top: number,
  served: number | undefined,
  { precision, finest }: { precision: number; finest: number },
): number | undefined {
  if (top <= finest) return undefined;
  const isRefused = served !== undefined && served < top * 0.97;
  return Math.min(top - finest, isRefused ? served * (1 - precision / 2) : top / STEP);
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
function between(
  low: number,
  top: number,
  served: number | undefined,
  { precision, finest }: { precision: number; finest: number },
): number {
  const guesses = served === undefined ? [] : GUESSES.map((steps) => served * (1 + steps * precision));
  const margin = Math.max((low * precision) / 4, finest * 0.51);
  return guesses.find((guess) => guess > low + margin && guess < top - margin) ?? (low + top) / 2;
}

/** The level that the gateway served while more was offered: the lowest over all chains. */
function servedLevel(trials: readonly TrialResult[], base: Record<string, number>): number | undefined {
  const levels = trials.flatMap(({ served }) =>
    Object.entries(served).flatMap(([name, load]) => (load > 0 ? [load / (base[name] ?? 1)] : [])),
  );
  return levels.length === 0 ? undefined : Math.min(...levels);
}
