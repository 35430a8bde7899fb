import type { Plan, Slo } from "../plan/schema.ts";
import { isUnanswered, type Percentile } from "./allRequests.ts";
import type { LatencyMs, ReportChain } from "./schema.ts";

export type SloLine = ReportChain["slo"][number];

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

/** What an SLO is held against: a chain's or a target's figures. */
export interface Judged {
  success: number | null;
  responseTimeAllMs: LatencyMs;
  /** Requests with a complete response, and those that ended without one. */
  responses: number;
  errors: number;
}

/** An SLO line by line; none where nothing was sent. Percentiles are of all requests sent. */
export function sloLines({ success, responseTimeAllMs, ...counts }: Judged, slo: Slo): SloLine[] {
  if (success === null) return [];
  const lines: SloLine[] = [];
  if (slo.success !== undefined) {
    lines.push({ line: "success", limit: slo.success, found: success, pass: success >= slo.success });
  }
  for (const [line, field] of LIMITS) {
    const limit = slo[field];
    if (limit === undefined) continue;
    const found = answeredMs(responseTimeAllMs, counts, line);
    lines.push({ line, limit, found, pass: found !== null && found <= limit });
  }
  return lines;
}

/** A percentile of all requests, or null where it is one that got no response. */
function answeredMs(latency: LatencyMs, counts: Pick<Judged, "responses" | "errors">, name: Percentile): number | null {
  return latency === null || isUnanswered(counts, name) ? null : latency[name];
}
