import { checkPlan } from "../../lib/plan/load.ts";
import type { Plan } from "../../lib/plan/schema.ts";

export const CALL = { jsonrpc: "2.0", method: "eth_blockNumber", params: [], id: 1 };

/** A small plan as a person would write it: one chain, one target at an origin. */
export function planInput(origin: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: "test",
    chains: [chainInput("ethereum", 100, origin)],
    duration: "2s",
    // What a server counts is then what the report does.
    preflight: false,
    ...changes,
  };
}

/** A chain with one target. */
export function chainInput(name: string, rps: number, origin: string): Record<string, unknown> {
  const url = `${origin}/api/gateway?endpoint=${name.toUpperCase()}`;
  return { name, rps, targets: [{ url, body: CALL }] };
}

/** The same, checked. */
export function checkedPlan(origin: string, changes: Record<string, unknown> = {}): Plan {
  return checkPlan(planInput(origin, changes), ".", "the test's plan");
}
