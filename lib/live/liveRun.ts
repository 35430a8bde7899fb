import type { RunSchedule } from "../plan/runSchedule.ts";
import type { Plan } from "../plan/schema.ts";
import type { Report } from "../report/schema.ts";
import { planKey, scheduleKey } from "../store/keys.ts";
import { readJson, type Store } from "../store/store.ts";
import { LiveReport } from "./liveReport.ts";

/** A run that goes on, as its store shows it. */
export interface LiveRun {
  /** The report of what was flushed so far. */
  latest(): Promise<Report>;
}

/** Opens a run that goes on; undefined where it was not planned yet. */
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
