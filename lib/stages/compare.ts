import { compareRuns, compareText } from "../report/compare.ts";
import type { Report } from "../report/schema.ts";
import { comparisonKey, reportKey, scheduledKey } from "../store/keys.ts";
import { readJson, type Store } from "../store/store.ts";
import { baselineReport } from "./baseline.ts";

/** A schedule's settings for a run that it starts: `runs/<id>/scheduled.json`. */
export interface Scheduled {
  /** The schedule's name. */
  schedule: string;
  /** The baseline that the run is compared with; without one, only its verdict counts. */
  baseline?: string;
}

/** The outcome of a scheduled run. */
export interface ScheduledOutcome {
  /** Whether a notification was sent. */
  told: boolean;
}

/** Maximum length of a notification's subject: SNS allows 100 characters. */
const SUBJECT = 100;

/**
 * Checks a run that has ended. A run started by a schedule is compared with its baseline, and `tell` is called if it is
 * worse, did not pass, or has no report. Other runs are ignored.
 */
export async function compareTask(
  store: Store,
  runId: string,
  tell: (subject: string, text: string) => Promise<void>,
): Promise<ScheduledOutcome> {
  const scheduled = await readJson<Scheduled>(store, scheduledKey(runId));
  if (!scheduled) return { told: false };
  const report = await readJson<Report>(store, reportKey(runId, "json"));
  const about = report ? await worseThanBaseline(store, runId, report, scheduled) : "it ended without a report";
  if (about === undefined) return { told: false };
  await tell(
    `Volley ${scheduled.schedule}: ${runId}`.slice(0, SUBJECT),
    `${runId}, of ${scheduled.schedule}: ${about}\n`,
  );
  return { told: true };
}

/** What is wrong with a run, as text; undefined if nothing is. Writes the comparison next to the report. */
async function worseThanBaseline(
  store: Store,
  runId: string,
  report: Report,
  { baseline }: Scheduled,
): Promise<string | undefined> {
  const { valid, pass, reasons } = report.verdict;
  const verdict = valid && pass ? [] : [`${valid ? "the SLO was missed" : "an invalid run"}: ${reasons.join(" ")}`];
  if (baseline === undefined) return verdict[0];
  const before = await baselineReport(store, baseline);
  if (!before) {
    const missing = `there is no baseline ${baseline}: volley baseline ${baseline} ${runId} --stack NAME sets one`;
    return [...verdict, missing].join("\n\n");
  }
  const comparison = compareRuns(before, report);
  await store.put(comparisonKey(runId), JSON.stringify({ baseline, ...comparison }));
  const isWorse = comparison.differences.some((each) => each.isWorse);
  if (!isWorse) return verdict[0];
  return [...verdict, `worse than the baseline ${baseline}:`, compareText(comparison)].join("\n\n");
}
