import { checkPlan } from "../lib/plan/load.ts";
import { scheduleRun } from "../lib/plan/runSchedule.ts";
import type { Plan } from "../lib/plan/schema.ts";
import { assignmentsKey, planKey, scheduleKey } from "../lib/results/keys.ts";
import { deployedStore, environment, readJson } from "./environment.ts";

interface PlanEvent {
  runId: string;
  /** The execution's input: the key of a plan that was checked, or a plan as a person writes it. */
  input: { planKey: string } | Record<string, unknown>;
}

/** Checks the plan, fixes the start instant, and writes the assignments. */
export async function handler({ runId, input }: PlanEvent) {
  const store = deployedStore();
  const plan =
    "planKey" in input
      ? await readJson<Plan>(store, String(input.planKey))
      : checkPlan(input, "/nonexistent", "the execution's input");
  const leadMs = Number(environment("VOLLEY_LEAD_MS"));
  const startAtMs = Math.ceil(Date.now() + leadMs + plan.warmupMs);
  const { schedule, assignments } = scheduleRun(plan, { runId, startAtMs, leadMs });
  await store.put(planKey(runId), JSON.stringify(plan));
  await store.put(scheduleKey(runId), JSON.stringify(schedule));
  await store.put(assignmentsKey(runId), JSON.stringify(assignments));
  return { runId, assignmentsKey: assignmentsKey(runId), maxConcurrency: assignments.length };
}
