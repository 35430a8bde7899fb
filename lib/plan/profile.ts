import { seedOf } from "../schedule/random.ts";
import {
  constantCurve,
  evenSchedule,
  poissonSchedule,
  recordedSchedule,
  type Schedule,
  type Stretch,
  stretchCurve,
} from "../schedule/schedule.ts";
import type { Chain, Plan } from "./schema.ts";

/** The golden ratio's fractional part: its multiples, modulo 1, stay spread out, however many there are. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * The share of an interval by which a chain begins after the plan's first one, so that chains of the same rate do not
 * send at the same instants.
 */
export function phaseOf(plan: Pick<Plan, "chains">, chain: Pick<Chain, "name">): number {
  const place = plan.chains.findIndex(({ name }) => name === chain.name);
  return place <= 0 ? 0 : (place * GOLDEN) % 1;
}

/** A chain's schedule over the measurement: the recorded one, or the profile applied to its rate. */
export function profileSchedule(
  plan: Pick<Plan, "profile" | "durationMs" | "arrivals" | "seed">,
  chain: Pick<Chain, "name" | "rps" | "replay">,
  phase = 0,
): Schedule {
  if (chain.replay) return recordedSchedule(chain.replay, plan.durationMs);
  const curve = ["constant", "search", "limit"].includes(plan.profile.type)
    ? constantCurve(chain.rps, plan.durationMs)
    : stretchCurve(stretches(plan, chain.rps));
  return plan.arrivals === "poisson"
    ? poissonSchedule(curve, seedOf(chain.name, plan.seed))
    : evenSchedule(curve, phase);
}

/** The mean share of each chain's rps over the measurement, by the profile. */
export function meanShare(plan: Pick<Plan, "profile" | "durationMs">): number {
  const area = stretches(plan, 1).reduce((sum, { durationMs, fromRps, toRps }) => {
    return sum + ((fromRps + toRps) / 2) * durationMs;
  }, 0);
  return area / plan.durationMs;
}

/** The share of each chain's rps at which the profile begins. */
export function firstShare(plan: Pick<Plan, "profile" | "durationMs">): number {
  return stretches(plan, 1)[0]?.fromRps ?? 1;
}

/** The span over which the rate of recorded requests is measured, in ms. */
const BUSIEST_MS = 1_000;

/**
 * The highest rate of all chains of a plan, in requests per second: by the profile, and for a replay by its busiest
 * second. NaN or infinite if the plan's numbers are invalid, as in a plan that was changed in the store.
 */
export function peakRps(plan: Pick<Plan, "chains" | "profile" | "durationMs">): number {
  const highest = Math.max(1, ...stretches(plan, 1).flatMap(({ fromRps, toRps }) => [fromRps, toRps]));
  return plan.chains.reduce((sum, { rps, replay }) => {
    // One negative rate must not make room for another.
    if (typeof rps !== "number" || rps < 0) return Number.NaN;
    return sum + Math.max(rps * highest, replay ? busiestSecond(replay) : 0);
  }, 0);
}

function busiestSecond(dueMs: readonly number[]): number {
  let most = 0;
  let from = 0;
  for (const [index, ms] of dueMs.entries()) {
    while ((dueMs[from] ?? 0) <= ms - BUSIEST_MS) from++;
    most = Math.max(most, index - from + 1);
  }
  return most;
}

function stretches({ profile, durationMs }: Pick<Plan, "profile" | "durationMs">, rps: number): Stretch[] {
  switch (profile.type) {
    case "constant":
    case "search":
    case "limit":
      return [{ durationMs, fromRps: rps, toRps: rps }];
    case "ramp":
      return [{ durationMs, fromRps: rps * profile.from, toRps: rps * profile.to }];
    case "steps":
      return profile.steps.map((step) => ({
        durationMs: step.for,
        fromRps: rps * step.share,
        toRps: rps * step.share,
      }));
  }
}
