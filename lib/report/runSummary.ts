import { isLowerBound } from "./lowerBound.ts";
import type { Report } from "./schema.ts";

/** What a list of runs shows about one chain. */
export interface ChainSummary {
  name: string;
  achievedRps: number;
  success: number | null;
  /** Over the response times of all requests sent. */
  p99Ms: number | null;
  /** Only if a search found it. */
  capacityRps: number | null;
  usdPerMillionRelays: number | null;
}

/** The state of a run: its verdict, or that it has none yet. */
export type RunState = "passed" | "SLO missed" | "invalid" | "running" | "unfinished";

/** A run in a list of runs. */
export interface RunSummary {
  id: string;
  plan: string;
  state: RunState;
  /** ISO 8601; undefined if it has not begun. */
  startedAt?: string;
  durationMs?: number;
  /** Sum over all chains. */
  achievedRps?: number;
  success?: number | null;
  p99Ms?: number | null;
  /** Whether p99Ms is only a lower bound: it falls on a request without a response. */
  p99IsLowerBound?: boolean;
  chains: ChainSummary[];
}

/** What a list shows about a run that has a report. */
export function summaryOf({ run, verdict, total, chains, capacity }: Report): RunSummary {
  return {
    id: run.id,
    plan: run.name,
    state: verdict.valid ? (verdict.pass ? "passed" : "SLO missed") : "invalid",
    startedAt: run.startedAt,
    durationMs: run.measuredMs,
    achievedRps: total.achievedRps,
    success: total.success,
    p99Ms: total.responseTimeAllMs?.p99 ?? null,
    p99IsLowerBound: isLowerBound(total, "p99"),
    chains: chains.map(({ name, achievedRps, success, responseTimeAllMs }) => {
      const own = capacity?.chains.find((each) => each.name === name);
      return {
        name,
        achievedRps,
        success,
        p99Ms: responseTimeAllMs?.p99 ?? null,
        capacityRps: own?.capacityRps ?? null,
        usdPerMillionRelays: own?.usdPerMillionRelays ?? null,
      };
    }),
  };
}

/** Sorts runs for a list: running ones first, then the newest. */
export function inListOrder(runs: readonly RunSummary[]): RunSummary[] {
  const isLive = ({ state }: RunSummary): number => Number(state === "running");
  return runs.toSorted(
    (a, b) => isLive(b) - isLive(a) || (b.startedAt ?? "").localeCompare(a.startedAt ?? "") || b.id.localeCompare(a.id),
  );
}
