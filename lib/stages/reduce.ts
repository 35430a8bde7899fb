import type { Part } from "../plan/runSchedule.ts";
import type { Report } from "../report/schema.ts";
import { searchOf } from "../store/keys.ts";
import type { Store } from "../store/store.ts";
import { outcomeOf } from "./outcome.ts";
import { writePart } from "./parts.ts";
import { writeReport } from "./reportRun.ts";

/** A run whose report is due, or a part of a large run. */
export type ReduceInput = { runId: string } | Part;

/**
 * Merges the workers' results, judges the run, writes the report, and passes it to `reported`; for a part, only writes
 * what the report is built from.
 */
export async function reduceTask(store: Store, input: ReduceInput, reported?: (report: Report) => void) {
  const { runId } = input;
  if ("part" in input) {
    await writePart(store, input);
    return { part: input.part };
  }
  const report = await writeReport(store, runId);
  reported?.(report);
  return { ...outcomeOf(runId, report), isTrial: searchOf(runId) !== undefined };
}
