import type { Plan } from "../plan/schema.ts";
import type { Slo } from "../plan/sloSchema.ts";
import { isUnanswered, type LatencyMs, type Percentile } from "./allRequests.ts";
import type { Tally } from "./chunk.ts";

/** A line of an SLO: what is asked, and what was found. */
export interface SloLine {
  line:
    | "success"
    | "p50"
    | "p90"
    | "p95"
    | "p99"
    | "p999"
    | "relay-rate"
    | "class"
    | "cost"
    | "subscribed"
    | "notifications";
  /** Of a line on a class of failure, or the subscription of one on subscribers. */
  class?: string | undefined;
  limit: number;
  /** null where a percentile got no response, or the cost was not measured. */
  found: number | null;
  pass: boolean;
}

/** The SLO's percentiles, by the fields of a plan. */
const LIMITS = [
  ["p50", "p50Ms"],
  ["p90", "p90Ms"],
  ["p95", "p95Ms"],
  ["p99", "p99Ms"],
  ["p999", "p999Ms"],
] as const;

/** The SLO of a chain: the plan's, but for what the chain says itself, and its target where it has only one. */
export function chainSlo(plan: Pick<Plan, "slo" | "chains">, name: string): Slo {
  const chain = plan.chains.find((each) => each.name === name);
  const only = chain?.targets.length === 1 ? chain.targets[0]?.slo : undefined;
  return { ...plan.slo, ...chain?.slo, ...only };
}

/** What an SLO is held against: a chain's, a method's or a target's figures. */
export interface Judged {
  success: number | null;
  responseTimeAllMs: LatencyMs;
  /** Requests with a complete response, and those that ended without one. */
  responses: number;
  errors: number;
  valid: number;
  /** The time in which they were sent. */
  measuredMs: number;
  /** Requests by class of failure, where these are recorded apart. */
  failures?: Tally;
  usdPerMillionRelays?: number | null;
}

/** An SLO line by line; none where nothing was sent. Percentiles are of all requests sent. */
export function sloLines(judged: Judged, slo: Omit<Slo, "methods">): SloLine[] {
  const { success, responseTimeAllMs, valid, measuredMs, usdPerMillionRelays = null } = judged;
  if (success === null) return [];
  const lines: SloLine[] = [];
  if (slo.success !== undefined) lines.push(atLeast("success", success, slo.success));
  for (const [line, field] of LIMITS) {
    const limit = slo[field];
    if (limit !== undefined) lines.push(atMost(line, answeredMs(responseTimeAllMs, judged, line), limit));
  }
  if (slo.relayRps !== undefined) lines.push(atLeast("relay-rate", valid / (measuredMs / 1_000), slo.relayRps));
  for (const [name, limit] of Object.entries(slo.classes ?? {})) {
    lines.push({ ...atMost("class", classShare(judged, name), limit), class: name });
  }
  if (slo.usdPerMillionRelays !== undefined) {
    lines.push(atMost("cost", usdPerMillionRelays, slo.usdPerMillionRelays));
  }
  return lines;
}

/** What became of a chain's subscribers of one kind. */
export interface JudgedSubscription {
  name: string;
  subscribers: number;
  /** Subscribers that were subscribed at least once. */
  reached: number;
  /** Notifications that were due, and those of them that never came. */
  expected: number;
  missed: number;
}

/** An SLO's success held against subscribers: the share that was subscribed, and the share of what was due that came. */
export function subscriptionLines(
  subscriptions: readonly JudgedSubscription[],
  { success }: Pick<Slo, "success">,
): SloLine[] {
  if (success === undefined) return [];
  return subscriptions.flatMap(({ name, subscribers, reached, expected, missed }): SloLine[] => [
    { ...atLeast("subscribed", reached / subscribers, success), class: name },
    ...(expected > 0 ? [{ ...atLeast("notifications", (expected - missed) / expected, success), class: name }] : []),
  ]);
}

function atLeast(line: SloLine["line"], found: number, limit: number): SloLine {
  return { line, limit, found, pass: found >= limit };
}

function atMost(line: SloLine["line"], found: number | null, limit: number): SloLine {
  return { line, limit, found, pass: found !== null && found <= limit };
}

/** The share of the requests that ended in a class, or in any that begins so. */
function classShare({ failures = {}, responses, errors }: Judged, name: string): number {
  const isMeant = name.endsWith("*")
    ? (each: string) => each.startsWith(name.slice(0, -1))
    : (each: string) => each === name;
  let count = 0;
  for (const [each, own] of Object.entries(failures)) if (isMeant(each)) count += own;
  return count / Math.max(1, responses + errors);
}

/** A percentile of all requests, or null where it is one that got no response. */
function answeredMs(latency: LatencyMs, counts: Pick<Judged, "responses" | "errors">, name: Percentile): number | null {
  return latency === null || isUnanswered(counts, name) ? null : latency[name];
}
