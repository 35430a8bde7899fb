import { splitRates } from "./assign.ts";
import { jsonPath, type Problem } from "./problems.ts";
import { regionsOf } from "./regions.ts";
import type { Plan } from "./schema.ts";

/** The regions in which a deployment has workers. */
export interface DeployedRegions {
  /** The region of its state machine and its bucket. */
  home: string;
  others: string[];
}

/** Regions of a plan in which its deployment has no workers. */
export function deployedRegionProblems(plan: Plan, regions: DeployedRegions | undefined): Problem[] {
  const names = regionsOf(plan);
  if (names.length === 0) return [];
  if (!regions) {
    const expected = "none: this deployment's workers run in one region (its setting `regions` adds others)";
    return [{ where: "$.regions", found: names.join(", "), expected }];
  }
  const deployed = [regions.home, ...regions.others];
  return names
    .filter((name) => !deployed.includes(name))
    .map((name) => ({ where: jsonPath(["regions", name]), found: name, expected: `one of ${deployed.join(", ")}` }));
}

/**
 * Regions with more workers than they can have at once. `concurrency` is how many invocations the account has left in
 * each region besides the home.
 */
export function regionConcurrencyProblems(plan: Plan, concurrency: ReadonlyMap<string, number>): Problem[] {
  const workers = splitRates(plan);
  // At the border of two segments, the workers of both run.
  const times = plan.durationMs + plan.warmupMs > plan.segmentMs ? 2 : 1;
  return [...concurrency].flatMap(([region, limit]): Problem[] => {
    const needed = times * workers.filter((worker) => worker.region === region).length;
    if (needed <= limit) return [];
    const expected = `at most the ${limit} that this account has there: ask for more, or raise perWorkerRps`;
    return [{ where: jsonPath(["regions", region]), found: `${needed} Lambda invocations at once`, expected }];
  });
}

/** A plan as its deployment runs it: its workers in other regions than the home are called across regions. */
export function inHome({ home: _, ...plan }: Plan, regions: DeployedRegions | undefined): Plan {
  return regions && regionsOf(plan).length > 0 ? { ...plan, home: regions.home } : plan;
}
