import type { Report } from "../report/schema.ts";

/** The values that the state machine branches on. */
export function outcomeOf(runId: string, { verdict: { valid, pass, reasons } }: Report) {
  return { runId, verdict: { valid, pass, summary: reasons.join(" ").slice(0, 1_000) || "passed" } };
}
