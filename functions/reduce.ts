import type { Part } from "../lib/plan/runSchedule.ts";
import { writePart } from "../lib/stages/parts.ts";
import { writeReport } from "../lib/stages/write.ts";
import { searchOf } from "../lib/store/keys.ts";
import { deployedStore } from "./environment.ts";
import { outcomeOf } from "./outcome.ts";

/** A run whose report is due, or a part of a large one. */
type ReduceEvent = { runId: string } | Part;

/** Merges what the workers wrote, judges the run, and writes the report; of a part, only what the report is made from. */
export async function handler(event: ReduceEvent) {
  const store = await deployedStore();
  const { runId } = event;
  if ("part" in event) {
    await writePart(store, event);
    return { part: event.part };
  }
  const report = await writeReport(store, runId);
  return { ...outcomeOf(runId, report), isTrial: searchOf(runId) !== undefined };
}
