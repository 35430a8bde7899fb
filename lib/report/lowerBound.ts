import { isUnanswered, type Percentile } from "../results/allRequests.ts";
import type { Traffic } from "./schema.ts";

/** Whether a percentile of all requests sent is only a lower bound: it falls on a request without a response. */
export function isLowerBound({ responseTimeAllMs, ledger }: Traffic, name: Percentile): boolean {
  return Boolean(responseTimeAllMs) && isUnanswered(ledger, name);
}

/** The text of a value, marked if the value is only a lower bound. */
export function boundText(text: string, isBound: boolean): string {
  return isBound ? `≥ ${text}` : text;
}
