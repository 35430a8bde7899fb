import type { Plan } from "./schema.ts";

/** When a run is aborted because its target fails. */
export interface BreakerSettings {
  /** The share of requests without a valid relay. */
  errorRatio: number;
  /** The time over which the share is taken, in ms. */
  window: number;
  /** Whether it waits until the run has lasted for a whole window: failures right at the start mean little yet. */
  waitsForWindow?: boolean;
}

/**
 * The default: not one valid relay in 30 s. An overloaded target still answers some requests, and one that fails over
 * is back by then; a run against a dead target ends.
 */
const DEFAULT_BREAKER: BreakerSettings = { errorRatio: 1, window: 30_000, waitsForWindow: true };

/** The plan's breaker, or the default if it names none; undefined if the plan turns it off. */
export function breakerOf({ limits: { breaker } }: Pick<Plan, "limits">): BreakerSettings | undefined {
  return breaker === false ? undefined : (breaker ?? DEFAULT_BREAKER);
}

/** Whether anything may stop the run midway: then workers publish what each flush counted. */
export function isStoppable(plan: Pick<Plan, "limits">): boolean {
  return breakerOf(plan) !== undefined || (plan.limits.stop ?? []).length > 0;
}
