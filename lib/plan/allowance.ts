import type { Problem } from "./problems.ts";
import { peakRps } from "./profile.ts";
import type { Plan } from "./schema.ts";
import { subscribersOf } from "./subscriptions.ts";

/**
 * What the person who started a run on this machine allowed. The runner keeps it and hands it to each worker and to
 * Watch, so that a plan that is changed in the store cannot load other hosts, nor run faster or longer.
 */
export interface Allowance extends Pick<Plan, "allowedHosts" | "observeHosts" | "resolve" | "unixSocket"> {
  /** Most requests per second over all chains; a search has no bound, because it looks for one. */
  maxRps?: number;
  maxSubscribers?: number;
  maxDurationMs: number;
}

/** Longest measurement of a search's trial, in ms: a strict percentile at a low rate would take hours. */
export const LONGEST_TRIAL_MS = 120_000;

/** What a plan allows at the start of its run. */
export function allowanceOf(plan: Plan): Allowance {
  const { allowedHosts, observeHosts, resolve, unixSocket, profile, warmupMs } = plan;
  const isSearch = profile.type === "search";
  return {
    allowedHosts,
    ...(observeHosts && { observeHosts }),
    ...(resolve && { resolve }),
    ...(unixSocket !== undefined && { unixSocket }),
    ...(!isSearch && { maxRps: peakRps(plan), maxSubscribers: subscribersOf(plan) }),
    maxDurationMs: warmupMs + (isSearch ? Math.max(plan.durationMs, LONGEST_TRIAL_MS) : plan.durationMs),
  };
}

/** A plan from the store, with the hosts and sockets that it may contact taken from the allowance. */
export function heldTo(plan: Plan, allowance: Allowance | undefined): Plan {
  if (!allowance) return plan;
  const { allowedHosts: _, observeHosts: _observe, resolve: _resolve, unixSocket: _socket, ...rest } = plan;
  const { maxRps: _rps, maxSubscribers: _subscribers, maxDurationMs: _length, ...places } = allowance;
  return { ...rest, ...places };
}

/** How a plan from the store exceeds the allowance. */
export function allowanceProblems(plan: Plan, { maxRps, maxSubscribers, maxDurationMs }: Allowance): Problem[] {
  const problems: Problem[] = [];
  const atMost = (limit: string): string => `at most ${limit}, as when the run started`;
  const rps = peakRps(plan);
  // Negated, so that NaN exceeds the bound too. The rate has a tolerance for rounding.
  if (maxRps !== undefined && !(rps <= maxRps * 1.001)) {
    problems.push({ where: "$.chains", found: `${rps} requests per second`, expected: atMost(`${maxRps}`) });
  }
  const subscribers = subscribersOf(plan);
  if (maxSubscribers !== undefined && !(subscribers <= maxSubscribers)) {
    problems.push({ where: "$.chains", found: `${subscribers} subscribers`, expected: atMost(`${maxSubscribers}`) });
  }
  const lengthMs = plan.durationMs + plan.warmupMs;
  if (!(lengthMs <= maxDurationMs)) {
    problems.push({ where: "$.duration", found: `${lengthMs} ms`, expected: atMost(`${maxDurationMs} ms`) });
  }
  return problems;
}
