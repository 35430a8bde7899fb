import type { RunSchedule } from "../plan/runSchedule.ts";
import type { Plan } from "../plan/schema.ts";
import type { Report } from "../report/schema.ts";
import { planKey, scheduleKey, searchKey, trialId } from "../store/keys.ts";
import { readJson, type Store } from "../store/store.ts";
import { LiveReport } from "./liveReport.ts";

/** A run in progress, read from its store. */
export interface LiveRun {
  /** The report of what has been flushed so far, for a search of its current trial; undefined until it is planned. */
  latest(): Promise<Report | undefined>;
}

/** Opens a run, or a search, that is in progress or about to be planned. */
export function openLive(store: Store, runId: string): LiveRun {
  let plan: Plan | undefined;
  let open: { id: string; startAtMs: number; report: LiveReport } | undefined;
  return {
    async latest() {
      plan ??= await readJson<Plan>(store, planKey(runId));
      const id = plan?.profile.type === "search" ? await currentTrial(store, runId) : runId;
      // Between two trials, the last one is shown.
      if (open?.id !== id) open = (await openReport(store, id)) ?? open;
      if (!open) return undefined;
      await open.report.update();
      return open.report.report(Date.now() - open.startAtMs);
    },
  };
}

async function openReport(store: Store, id: string) {
  const schedule = await readJson<RunSchedule>(store, scheduleKey(id));
  const plan = await readJson<Plan>(store, planKey(id));
  if (!schedule || !plan) return undefined;
  return { id, startAtMs: schedule.startAtMs, report: new LiveReport(store, plan, schedule) };
}

async function currentTrial(store: Store, runId: string): Promise<string> {
  const ended = (await readJson<unknown[]>(store, searchKey(runId))) ?? [];
  return trialId(runId, ended.length + 1);
}
