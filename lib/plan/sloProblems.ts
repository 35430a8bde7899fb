import { methodOf } from "./methodOf.ts";
import { nearest } from "./nearest.ts";
import { jsonPath, type Problem, show } from "./problems.ts";
import { regionsOf } from "./regions.ts";
import type { Chain, Plan } from "./schema.ts";
import { MAX_TARGETS_APART } from "./sizes.ts";
import type { Slo, Stop } from "./sloSchema.ts";

/**
 * What is wrong with a plan's SLOs and thresholds: parts that do not exist or are not recorded separately; costs
 * without a price.
 */
export function sloProblems(plan: Plan): Problem[] {
  const { chains, slo, limits } = plan;
  return [
    ...methodProblems(slo, chains, ["slo"]),
    ...costProblems(plan, slo, ["slo"]),
    ...subscriberProblems(slo, chains, ["slo"]),
    ...regionProblems(slo, chains, ["slo"]),
    ...chains.flatMap((chain, index) => [
      ...targetProblems(chain, index),
      ...methodProblems(chain.slo, [chain], ["chains", index, "slo"]),
      ...costProblems(plan, chain.slo, ["chains", index, "slo"]),
      ...subscriberProblems(chain.slo, [chain], ["chains", index, "slo"]),
      ...regionProblems(chain.slo, [chain], ["chains", index, "slo"]),
    ]),
    ...(limits.stop ?? []).flatMap((stop, index) => stopProblems(stop, chains, index)),
  ];
}

const FEW_TARGETS = `at most ${MAX_TARGETS_APART}: a chain with more records no target separately`;

/** SLOs of targets that are not recorded separately. */
function targetProblems({ targets }: Chain, index: number): Problem[] {
  if (targets.length <= MAX_TARGETS_APART || targets.every(({ slo }) => slo === undefined)) return [];
  const found = `${targets.length} targets, some with an slo`;
  return [{ where: jsonPath(["chains", index, "targets"]), found, expected: FEW_TARGETS }];
}

/** Methods that no chain calls, or that a chain with too many targets to record them separately calls. */
function methodProblems(
  slo: Pick<Slo, "methods"> | undefined,
  chains: readonly Chain[],
  path: readonly (string | number)[],
): Problem[] {
  const called = [...new Set(chains.flatMap(({ targets }) => targets.map(methodOf)))];
  return Object.keys(slo?.methods ?? {}).flatMap((method) => {
    const where = jsonPath([...path, "methods", method]);
    if (!called.includes(method)) {
      const meant = nearest(method, called);
      const expected = meant === undefined ? `a method that is called: ${called.join(", ")}` : `"${meant}", perhaps`;
      return [{ where, found: show(method), expected }];
    }
    return chains.flatMap(({ name, targets }) => {
      if (targets.length <= MAX_TARGETS_APART || !targets.some((target) => methodOf(target) === method)) return [];
      return [{ where, found: `${targets.length} targets of ${name}`, expected: FEW_TARGETS }];
    });
  });
}

/** A limit on the cost if no counter has a price. */
function costProblems({ observe }: Plan, slo: Slo | undefined, path: readonly (string | number)[]): Problem[] {
  if (observe.costs.some(({ usd }) => usd !== undefined)) return [];
  const limits = (["usdPerMillionRelays", "usdPerMillionComputeUnits"] as const).filter(
    (field) => slo?.[field] !== undefined,
  );
  return limits.map((field) => ({
    where: jsonPath([...path, field]),
    found: "a limit on the cost",
    expected: "a counter with a price: usd in observe.costs",
  }));
}

/** Limits for subscribers if there are none. */
function subscriberProblems(
  slo: Slo | undefined,
  chains: readonly Chain[],
  path: readonly (string | number)[],
): Problem[] {
  if (slo?.subscribers === undefined || chains.some(({ subscriptions }) => subscriptions)) return [];
  const where = jsonPath([...path, "subscribers"]);
  return [{ where, found: "limits for subscribers", expected: "a chain with subscriptions" }];
}

/** Limits for regions that send nothing. */
function regionProblems(slo: Slo | undefined, chains: readonly Chain[], path: readonly (string | number)[]): Problem[] {
  const names = regionsOf({ chains });
  const unknown = Object.keys(slo?.regions ?? {}).filter((name) => !names.includes(name));
  return unknown.map((name) => {
    const expected = names.length === 0 ? "a plan with regions" : `one of ${names.join(", ")}`;
    return { where: jsonPath([...path, "regions", name]), found: show(name), expected };
  });
}

/** A threshold of a chain that does not exist, or of a method that its chains do not call. */
function stopProblems(stop: Stop, chains: readonly Chain[], index: number): Problem[] {
  const path = ["limits", "stop", index];
  const meant = chains.filter(({ name }) => stop.chain === undefined || stop.chain === name);
  if (meant.length > 0) return methodProblems(stop, meant, path);
  const names = chains.map(({ name }) => name);
  return [
    {
      where: jsonPath([...path, "chain"]),
      found: show(stop.chain),
      expected: `a chain of the plan: ${names.join(", ")}`,
    },
  ];
}
