import { type LoadUnit, type SearchedChain, type SearchStand, searchStand, TOGETHER } from "../capacity/search.ts";
import { formatDuration } from "../plan/duration.ts";
import type { Plan } from "../plan/schema.ts";
import { rate } from "../render/textFigures.ts";
import { searchSettings, type Trial } from "../report/capacity.ts";

/** One line about a finished trial of a search. */
export function trialText(plan: Plan, { number, scope, load, met, valid, reasons }: Trial): string {
  const { chains } = searchSettings(plan);
  const loads = Object.entries(load).map(([name, each]) => `${name} ${loadText(each, unitIn(chains, name))}`);
  const outcome = valid ? (met ? "met the SLO" : "missed the SLO") : "inconclusive";
  const why = met && valid ? "" : `: ${reasons[0] ?? ""}`;
  return `trial ${number}, ${scope === TOGETHER ? "together" : "alone"}: ${loads.join(", ")} ${outcome}${why}`;
}

/**
 * One line about the state of a search: the trial in progress, the bracket so far, and how long the search may take at
 * most if a trial takes `trialMs`. Undefined when the search is over.
 */
export function searchText(plan: Plan, trials: readonly Trial[], trialMs: number): string | undefined {
  const settings = searchSettings(plan);
  const stand = searchStand(settings, trials);
  if (!stand) return undefined;
  const { number, atMost, load } = stand;
  const what = load.scope === TOGETHER ? "all chains together" : load.scope;
  const leftMs = (atMost - number + 1) * trialMs;
  const left = formatDuration(Math.max(1, Math.ceil(leftMs / 60_000)) * 60_000);
  return `trial ${number} of at most ${atMost}, ${what}: ${bracketText(stand, unitIn(settings.chains, load.scope))}; at most ${left} left`;
}

function unitIn(chains: readonly SearchedChain[], chain: string): LoadUnit {
  return chains.find(({ name }) => name === chain)?.unit ?? "rps";
}

function loadText(load: number, unit: LoadUnit): string {
  return unit === "subscribers" ? `${rate(load)} subscribers` : `${rate(load)}/s`;
}

function bracketText({ load: { scope }, bracket: { low, high } }: SearchStand, unit: LoadUnit): string {
  const level = (value: number): string =>
    scope === TOGETHER ? `${Math.round(value * 100)} % of each chain's capacity` : loadText(value, unit);
  if (low === undefined && high === undefined) return "nothing bracketed yet";
  if (high === undefined) return `at least ${level(low ?? 0)}`;
  return low === undefined ? `below ${level(high)}` : `between ${level(low)} and ${level(high)}`;
}
