import { calledMethods } from "./methodOf.ts";
import { jsonPath, type Problem } from "./problems.ts";
import type { Chain, ComputeUnits, Plan, Target } from "./schema.ts";
import { MAX_TARGETS_APART } from "./sizes.ts";

/** A chain's table of compute units by method: the plan's, overridden by its own; undefined if the plan has none. */
export function chainUnits(
  plan: { computeUnits?: ComputeUnits | undefined },
  chain: { computeUnits?: ComputeUnits | undefined },
): ComputeUnits | undefined {
  if (!plan.computeUnits && !chain.computeUnits) return undefined;
  return { ...plan.computeUnits, ...chain.computeUnits };
}

/** What one request of a target costs in compute units: the sum over its calls; undefined if a method has no entry. */
export function unitsOf(target: Target, units: ComputeUnits): number | undefined {
  let sum = 0;
  for (const method of calledMethods(target)) {
    const own = unitsOfMethod(method, units);
    if (own === undefined) return undefined;
    sum += own;
  }
  return sum;
}

function unitsOfMethod(method: string, units: ComputeUnits): number | undefined {
  return Object.hasOwn(units, method) ? units[method] : units.default;
}

/** The mean compute units of a chain's requests, by the weights of its targets; undefined if a method has no entry. */
export function meanUnits(targets: readonly Target[], units: ComputeUnits): number | undefined {
  let [sum, weights] = [0, 0];
  for (const target of targets) {
    const own = unitsOf(target, units);
    if (own === undefined) return undefined;
    sum += own * target.weight;
    weights += target.weight;
  }
  return weights === 0 ? undefined : sum / weights;
}

/** What is wrong with a plan's compute units: methods without an entry, or figures that are not recorded. */
export function computeUnitProblems(plan: Plan): Problem[] {
  return plan.chains.flatMap((chain, index) => {
    const units = chainUnits(plan, chain);
    const where = jsonPath(["chains", index]);
    if (!units) return limitProblems(plan, chain, where);
    return [...methodProblems(chain, units, where), ...recordProblems(chain, units, where)];
  });
}

function limitProblems({ slo }: Plan, chain: Chain, where: string): Problem[] {
  const asked = { ...slo, ...chain.slo };
  const limits = (["relayCups", "usdPerMillionComputeUnits"] as const).filter((field) => asked[field] !== undefined);
  const expected = "computeUnits: what each method costs";
  return [
    ...limits.map((field) => ({ where, found: `a limit on ${field}`, expected })),
    ...(chain.cups === undefined ? [] : [{ where: `${where}.cups`, found: "a rate in compute units", expected }]),
  ];
}

function methodProblems({ targets, cups }: Chain, units: ComputeUnits, where: string): Problem[] {
  const methods = new Set(targets.flatMap(calledMethods));
  const unknown = [...methods].filter((method) => unitsOfMethod(method, units) === undefined);
  if (unknown.length > 0) {
    const found = `${unknown.slice(0, 5).join(", ")} without compute units`;
    return [{ where, found, expected: 'an entry for each method in computeUnits, or one for "default"' }];
  }
  if (cups === undefined || (meanUnits(targets, units) ?? 0) > 0) return [];
  return [
    { where: `${where}.cups`, found: "methods that cost nothing", expected: "a method that costs compute units" },
  ];
}

/** Targets of different costs that are not recorded separately. */
function recordProblems({ targets }: Chain, units: ComputeUnits, where: string): Problem[] {
  if (targets.length <= MAX_TARGETS_APART || new Set(targets.map((each) => unitsOf(each, units))).size <= 1) return [];
  const expected = `at most ${MAX_TARGETS_APART} targets, or the same units for all: a chain with more records none separately`;
  return [{ where: `${where}.targets`, found: `${targets.length} targets of different compute units`, expected }];
}
