import { regionShare } from "../plan/regions.ts";
import type { Plan } from "../plan/schema.ts";
import { SLO_PERCENTILES } from "../plan/sloPercentiles.ts";
import type { Slo } from "../plan/sloSchema.ts";
import { isUnanswered, type LatencyMs, type Percentile } from "./allRequests.ts";
import { type Tally, total } from "./chunk.ts";

/** A line on compute units. */
type UnitLine = "cu-rate" | "cu-cost";

/** A line on a subscription's subscribers. */
type SubscriberLine = "subscribed" | "notifications" | "missed" | "doubled" | "dropped" | "subscribe-p99" | "lag-p99";

/** A line of an SLO: the limit, and the measured value. */
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
    | UnitLine
    | SubscriberLine;
  /** For the line `class`, the failure class; for lines on subscribers, the subscription's name. */
  class?: string | undefined;
  limit: number;
  /** null if the percentile falls on a request without a response, or if the cost was not measured. */
  found: number | null;
  pass: boolean;
}

/**
 * The SLO of a chain: the plan's, overridden by the chain's own, and by its target's if it has only one. None holds where
 * the load is meant to be above the gateway's rate limit.
 */
export function chainSlo(plan: Pick<Plan, "slo" | "chains" | "profile">, name: string): Slo {
  if (plan.profile.type === "limit") return {};
  const chain = plan.chains.find((each) => each.name === name);
  const only = chain?.targets.length === 1 && !chain.apart ? chain.targets[0]?.slo : undefined;
  return { ...plan.slo, ...chain?.slo, ...only };
}

/**
 * The SLO of a chain in a region: the chain's, overridden by its own for the region. Of a rate the region must reach its
 * share; the cost of a relay and what subscribers received are not measured by region.
 */
export function regionSlo(plan: Pick<Plan, "slo" | "chains" | "profile">, name: string, region: string): Slo {
  const chain = plan.chains.find((each) => each.name === name);
  const { regions = {}, relayRps, ...slo } = chainSlo(plan, name);
  const { usdPerMillionRelays: _, relayCups: _units, usdPerMillionComputeUnits: _unitCost, ...lines } = slo;
  const rate = relayRps !== undefined && chain ? { relayRps: relayRps * regionShare(chain, region) } : {};
  return { ...lines, ...rate, ...regions[region] };
}

/** What an SLO is compared with: the figures of a chain, a method or a target. */
export interface Judged {
  success: number | null;
  responseTimeAllMs: LatencyMs;
  /** Requests with a complete response, and requests that ended without one. */
  responses: number;
  errors: number;
  valid: number;
  /** The length of the measurement. */
  measuredMs: number;
  /** Requests by failure class, if these are recorded separately. */
  failures?: Tally;
  usdPerMillionRelays?: number | null;
  /** The rate of valid relays in compute units, and the cost of a million units, if the plan has any. */
  computeUnits?: { relayedPerSecond: number; usdPerMillion: number | null } | undefined;
}

/** Compares figures with an SLO, line by line; empty if nothing was sent. Percentiles are of all requests sent. */
export function sloLines(judged: Judged, slo: Omit<Slo, "methods">): SloLine[] {
  const { success, responseTimeAllMs, valid, measuredMs, usdPerMillionRelays = null } = judged;
  if (success === null) return [];
  const lines: SloLine[] = [];
  if (slo.success !== undefined) lines.push(atLeast("success", success, slo.success));
  for (const { line, field } of SLO_PERCENTILES) {
    const limit = slo[field];
    if (limit !== undefined) lines.push(atMost(line, answeredMs(responseTimeAllMs, judged, line), limit));
  }
  if (slo.relayRps !== undefined) lines.push(relayRateLine(valid / (measuredMs / 1_000), slo.relayRps));
  for (const [name, limit] of Object.entries(slo.classes ?? {})) {
    lines.push({ ...atMost("class", classShare(judged, name), limit), class: name });
  }
  if (slo.usdPerMillionRelays !== undefined) {
    lines.push(atMost("cost", usdPerMillionRelays, slo.usdPerMillionRelays));
  }
  if (slo.relayCups !== undefined) {
    lines.push(atLeast("cu-rate", judged.computeUnits?.relayedPerSecond ?? 0, slo.relayCups));
  }
  if (slo.usdPerMillionComputeUnits !== undefined) {
    lines.push(atMost("cu-cost", judged.computeUnits?.usdPerMillion ?? null, slo.usdPerMillionComputeUnits));
  }
  return lines;
}

/** Compares a number of valid relays per second with its limit. */
export function relayRateLine(foundRps: number, limitRps: number): SloLine {
  return atLeast("relay-rate", foundRps, limitRps);
}

/** The outcome of a chain's subscribers of one kind. */
export interface JudgedSubscription {
  name: string;
  subscribers: number;
  /** Subscribers that subscribed successfully at least once. */
  reached: number;
  /** Notifications that were due, and how many of them never arrived. */
  expected: number;
  missed: number;
  /** All notifications, and those that repeated an earlier one. */
  notifications: number;
  doubled: number;
  /** Subscriptions that were confirmed, and how many of them lost their socket, by class. */
  subscribed: number;
  drops: Tally;
  /** Time to subscribe, and lag behind the first subscriber. */
  subscribeMs: LatencyMs;
  lagMs: LatencyMs;
}

/**
 * Compares an SLO's success with the share of subscribers that subscribed, and with the share of due notifications that
 * arrived; and its limits for subscribers with their figures. A line is left out if there is nothing that it limits.
 */
export function subscriptionLines(
  subscriptions: readonly JudgedSubscription[],
  { success, subscribers: asked = {} }: Pick<Slo, "success" | "subscribers">,
): SloLine[] {
  return subscriptions.flatMap((judged) => {
    const { name, subscribers, reached, expected, missed, notifications, doubled, subscribed, drops } = judged;
    const lines: SloLine[] = [];
    const limitShare = (line: SubscriberLine, count: number, of: number, limit: number | undefined): void => {
      if (limit !== undefined && of > 0) lines.push(atMost(line, count / of, limit));
    };
    if (success !== undefined) lines.push(atLeast("subscribed", reached / subscribers, success));
    if (success !== undefined && asked.missed === undefined && expected > 0) {
      lines.push(atLeast("notifications", (expected - missed) / expected, success));
    }
    limitShare("missed", missed, expected, asked.missed);
    limitShare("doubled", doubled, notifications, asked.doubled);
    limitShare("dropped", total(drops), subscribed, asked.dropped);
    if (asked.subscribeP99Ms !== undefined) {
      lines.push(atMost("subscribe-p99", judged.subscribeMs?.p99 ?? null, asked.subscribeP99Ms));
    }
    if (asked.lagP99Ms !== undefined && judged.lagMs) {
      lines.push(atMost("lag-p99", judged.lagMs.p99, asked.lagP99Ms));
    }
    return lines.map((line) => ({ ...line, class: name }));
  });
}

function atLeast(line: SloLine["line"], found: number, limit: number): SloLine {
  return { line, limit, found, pass: found >= limit };
}

function atMost(line: SloLine["line"], found: number | null, limit: number): SloLine {
  return { line, limit, found, pass: found !== null && found <= limit };
}

/** The share of requests that ended in a class; a name that ends with `*` is a prefix. */
function classShare({ failures = {}, responses, errors }: Judged, name: string): number {
  const isMeant = name.endsWith("*")
    ? (each: string) => each.startsWith(name.slice(0, -1))
    : (each: string) => each === name;
  let count = 0;
  for (const [each, own] of Object.entries(failures)) if (isMeant(each)) count += own;
  return count / Math.max(1, responses + errors);
}

/** A percentile of all requests; null if it falls on a request without a response. */
function answeredMs(latency: LatencyMs, counts: Pick<Judged, "responses" | "errors">, name: Percentile): number | null {
  return latency === null || isUnanswered(counts, name) ? null : latency[name];
}
