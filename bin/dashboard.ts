import { type Dashboard, startDashboard } from "../lib/live/dashboard.ts";
import { LiveReport } from "../lib/live/liveReport.ts";
import type { RunSchedule } from "../lib/plan/runSchedule.ts";
import type { Plan } from "../lib/plan/schema.ts";
import { planKey, scheduleKey, searchKey, trialId } from "../lib/store/keys.ts";
import { readJson, type Store } from "../lib/store/store.ts";

/** Serves the page of a run in progress, or of a search's current trial, on a port of loopback. */
export async function serveRun(port: number, store: Store, runId: string, plan: Plan): Promise<Dashboard> {
  let live: { id: string; startAtMs: number; report: LiveReport } | undefined;
  return startDashboard(port, async () => {
    const id = plan.profile.type === "search" ? await latestTrial(store, runId) : runId;
    if (live?.id !== id) {
      const schedule = await readJson<RunSchedule>(store, scheduleKey(id));
      const own = await readJson<Plan>(store, planKey(id));
      if (schedule && own) live = { id, startAtMs: schedule.startAtMs, report: new LiveReport(store, own, schedule) };
    }
    if (!live) return undefined;
    await live.report.update();
    return live.report.report(Date.now() - live.startAtMs);
  });
}

async function latestTrial(store: Store, runId: string): Promise<string> {
  const ended = (await readJson<unknown[]>(store, searchKey(runId))) ?? [];
  return trialId(runId, ended.length + 1);
}
