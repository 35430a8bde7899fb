import type { Plan } from "./schema.ts";

/** When a run is aborted because its target fails. */
export interface BreakerSettings {
  /** The share of requests without a valid relay. */
  errorRatio: number;
  /** The time over which it is taken, in ms. */
  window: number;
  /** Whether it waits until the run has lasted as long as that: what fails at once is the share of nothing yet. */
  waitsForWindow?: boolean;
}

/**
 * Where the plan says nothing: not one valid relay in 30 s. A target that is overloaded still answers some, and one that
 * fails over is back by then; a run against one that has died ends.
 */
const DEFAULT_BREAKER: BreakerSettings = { errorRatio: 1, window: 30_000, waitsForWindow: true };

/** The plan's breaker, the usual one where it names none; undefined where it has it off. */
export function breakerOf({ limits: { breaker } }: Pick<Plan, "limits">): BreakerSettings | undefined {
  return breaker === false ? undefined : (breaker ?? DEFAULT_BREAKER);
}

/** Whether anything may stop the run while it goes: workers then tell what each flush counted. */
export function isStoppable(plan: Pick<Plan, "limits">): boolean {
  return breakerOf(plan) !== undefined || (plan.limits.stop ?? []).length > 0;
}
