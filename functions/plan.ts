import { guardProblems } from "../lib/plan/guards.ts";
import { checkPlan } from "../lib/plan/load.ts";
import { InputError } from "../lib/plan/problems.ts";
import type { Plan } from "../lib/plan/schema.ts";
import { planRun, planSearch } from "../lib/report/searchRun.ts";
import { availableConcurrency } from "./concurrency.ts";
import { deployedGuards, deployedStore, readJson, startTimes } from "./environment.ts";

interface PlanEvent {
  runId: string;
  /** The execution's input: the key of a plan that was checked, or a plan as a person writes it. */
  input: { planKey: string } | Record<string, unknown>;
}

/** Checks the plan and what the deployment allows, fixes the start instant, and writes the assignments. */
export async function handler({ runId, input }: PlanEvent) {
  const store = await deployedStore();
  const guards = deployedGuards();
  const shownAs = "the execution's input";
  const plan =
    "planKey" in input
      ? await readJson<Plan>(store, String(input.planKey))
      : checkPlan(input, "/nonexistent", shownAs, guards ? { allowHosts: guards.allowedHosts } : {});
  if (guards) {
    const problems = guardProblems(plan, guards, await availableConcurrency());
    if (problems.length > 0) throw new InputError(shownAs, problems);
  }
  return plan.profile.type === "search"
    ? planSearch(store, runId, plan, startTimes())
    : planRun(store, runId, plan, startTimes());
}
