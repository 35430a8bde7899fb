import type { Deal } from "../schedule/deal.ts";
import { jsonPath, type Problem, show } from "./problems.ts";
import { partsOf } from "./regionParts.ts";
import type { Chain, Plan } from "./schema.ts";
import { cycleOf } from "./turns.ts";

/** The names of all regions of a plan, in the order of its chains; empty if it has none. */
export function regionsOf({ chains }: { chains: readonly Pick<Chain, "regions">[] }): string[] {
  return [...new Set(chains.flatMap(({ regions = {} }) => Object.keys(regions)))];
}

/** The share of a chain that a region sends; a chain without regions is sent as a whole. */
export function regionShare({ regions }: Pick<Chain, "regions">, region: string | undefined): number {
  return regions === undefined || region === undefined ? 1 : (regions[region] ?? 0);
}

/**
 * Which of a chain's requests a region sends. Regions take turns, as evenly as their shares allow; undefined if the
 * region sends all of them.
 */
export function regionDeal({ regions }: Pick<Chain, "regions">, region: string | undefined): Deal | undefined {
  if (regions === undefined || region === undefined) return undefined;
  const names = Object.keys(regions);
  const cycle = cycleOf(names.map((each) => partsOf(regions[each] ?? 0)));
  const own = names.indexOf(region);
  return { of: cycle.length, places: [...cycle.keys()].filter((place) => cycle[place] === own) };
}

/** Chains without regions beside others that have them, and what cannot be split over regions. */
export function regionProblems({ chains, mode }: Pick<Plan, "chains" | "mode">): Problem[] {
  const regions = regionsOf({ chains });
  if (regions.length === 0) return [];
  const problems = chains.flatMap((chain, index): Problem[] => {
    if (chain.regions) return [];
    const expected = `shares of ${regions.join(", ")}, here or in $.regions: another chain has them`;
    return [{ where: jsonPath(["chains", index, "regions"]), found: show(undefined), expected }];
  });
  if (mode === "fleet") {
    const expected = '"lambda": a fleet\'s hosts belong to no region of the plan';
    problems.push({ where: "$.mode", found: '"fleet" in a plan with regions', expected });
  }
  return problems;
}
