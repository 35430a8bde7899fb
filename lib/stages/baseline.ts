import type { Report } from "../report/schema.ts";
import { baselineKey, reportKey } from "../store/keys.ts";
import { readJson, type Store } from "../store/store.ts";

/** A named run that others are compared with: `baselines/<name>.json`. */
export interface Baseline {
  runId: string;
  /** When the baseline was set, in ms since the epoch. */
  setAtMs: number;
}

/** Valid names of a baseline. */
export const BASELINE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Sets a baseline to a run that has a report; returns whether it has one. */
export async function setBaseline(store: Store, name: string, runId: string, nowMs: number): Promise<boolean> {
  if ((await store.get(reportKey(runId, "json"))) === undefined) return false;
  await store.put(baselineKey(name), JSON.stringify({ runId, setAtMs: nowMs } satisfies Baseline));
  return true;
}

/** The baseline of this name, or undefined. */
export async function readBaseline(store: Store, name: string): Promise<Baseline | undefined> {
  return readJson<Baseline>(store, baselineKey(name));
}

/** The report of the baseline's run, or undefined. */
export async function baselineReport(store: Store, name: string): Promise<Report | undefined> {
  const baseline = await readBaseline(store, name);
  return baseline && readJson<Report>(store, reportKey(baseline.runId, "json"));
}
