import { writeReport } from "../lib/report/write.ts";
import { deployedStore } from "./environment.ts";

interface ReduceEvent {
  runId: string;
}

/** Merges what the workers wrote, judges the run, and writes the report. */
export async function handler({ runId }: ReduceEvent) {
  const report = await writeReport(deployedStore(), runId);
  const { valid, pass, reasons } = report.verdict;
  return { runId, verdict: { valid, pass, summary: reasons.join(" ").slice(0, 1_000) || "passed" } };
}
