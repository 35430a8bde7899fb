import { nextTask } from "../lib/stages/next.ts";
import { deployedStore, startTimes } from "./ports/environment.ts";

/** Takes a trial into its search: plans the next one, or writes the search's report. */
export async function handler({ runId }: { runId: string }) {
  return nextTask(await deployedStore(), runId, startTimes());
}
