import { writeReport } from "../lib/report/write.ts";
import { searchOf } from "../lib/results/keys.ts";
import { deployedStore } from "./environment.ts";
import { outcomeOf } from "./outcome.ts";

interface ReduceEvent {
  runId: string;
}

/** Merges what the workers wrote, judges the run, and writes the report. */
export async function handler({ runId }: ReduceEvent) {
  const report = await writeReport(await deployedStore(), runId);
  return { ...outcomeOf(runId, report), isTrial: searchOf(runId) !== undefined };
}
