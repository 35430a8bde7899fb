import { nextTrial } from "../capacity/search.ts";
import type { Plan } from "../plan/schema.ts";
import { searchSettings, type Trial, trialResult } from "../report/capacity.ts";
import { measure } from "../report/measure.ts";
import type { Report } from "../report/schema.ts";
import { abortKey, planKey, reportKey, searchKey, searchOf, trialId } from "../store/keys.ts";
import { readJson, type Store } from "../store/store.ts";
import { outcomeOf } from "./outcome.ts";
import type { Planned, StartTimes } from "./planRun.ts";
import { readReportInput } from "./reportRun.ts";
import { writeSearchReport } from "./searchReport.ts";
import { planTrial } from "./trials.ts";

/** Records a trial in its search, then plans the next trial or writes the search's report. */
export async function nextTask(store: Store, trial: string, times: StartTimes) {
  const search = searchOf(trial);
  if (search === undefined) throw new Error(`${trial} is no trial`);
  const next = await advanceSearch(store, search, times);
  return next ? { ...next, done: false } : { ...outcomeOf(search, await writeSearchReport(store, search)), done: true };
}

/**
 * Records a trial's report in its search, and plans the next trial; undefined when the search is over. Safe to call
 * again for the same trial.
 */
async function advanceSearch(store: Store, runId: string, times: StartTimes): Promise<Planned | undefined> {
  const plan = await readJson<Plan>(store, planKey(runId));
  const trials = await readJson<Trial[]>(store, searchKey(runId));
  if (!plan || !trials) throw new Error(`there is no search ${runId} in the store`);
  const number = trials.length + 1;
  const trial = await readTrial(store, runId, number, plan);
  if (trial) trials.push(trial);
  await store.put(searchKey(runId), JSON.stringify(trials));
  if ((await store.get(abortKey(runId))) !== undefined) return undefined;
  const load = nextTrial(searchSettings(plan), trials);
  return load && planTrial({ store, runId, plan }, load, trials.length + 1, times);
}

async function readTrial(store: Store, runId: string, number: number, searched: Plan): Promise<Trial | undefined> {
  const id = trialId(runId, number);
  const report = await readJson<Report>(store, reportKey(id, "json"));
  if (!report) return undefined;
  const { plan, scrapes } = await readReportInput(store, id);
  return trialResult(searched, number, report, measure(report, plan, scrapes));
}
