import type { RunSchedule } from "../plan/runSchedule.ts";
import type { Plan } from "../plan/schema.ts";
import type { Report } from "../report/schema.ts";
import { planKey, scheduleKey } from "../store/keys.ts";
import { readJson, type Store } from "../store/store.ts";
import { LiveReport } from "./liveReport.ts";

/** A run in progress, read from its store. */
export interface LiveRun {
  /** The report of what has been flushed so far. */
  latest(): Promise<Report>;
}

/** Opens a run in progress; undefined if it has not been planned yet. */
export async function openLive(store: Store, runId: string): Promise<LiveRun | undefined> {
  const schedule = await readJson<RunSchedule>(store, scheduleKey(runId));
  const plan = await readJson<Plan>(store, planKey(runId));
  if (!schedule || !plan) return undefined;
  const report = new LiveReport(store, plan, schedule);
  return {
    async latest() {
      await report.update();
      return report.report(Date.now() - schedule.startAtMs);
    },
  };
}
