import { advanceSearch, writeSearchReport } from "../lib/stages/searchRun.ts";
import { searchOf } from "../lib/store/keys.ts";
import { deployedStore, startTimes } from "./environment.ts";
import { outcomeOf } from "./outcome.ts";

interface NextEvent {
  /** A trial's id. */
  runId: string;
}

/** Takes a trial into its search: plans the next one, or writes the search's report. */
export async function handler({ runId }: NextEvent) {
  const search = searchOf(runId);
  if (search === undefined) throw new Error(`${runId} is no trial`);
  const store = await deployedStore();
  const next = await advanceSearch(store, search, startTimes());
  return next ? { ...next, done: false } : { ...outcomeOf(search, await writeSearchReport(store, search)), done: true };
}
