import { nextTask } from "../lib/stages/next.ts";
import { deployedStore, startTimes } from "./ports/environment.ts";

/** Records a trial in its search, then plans the next trial or writes the search's report. */
export async function handler({ runId }: { runId: string }) {
  return nextTask(await deployedStore(), runId, startTimes());
}
