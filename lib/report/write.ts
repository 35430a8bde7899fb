import type { Assignment } from "../plan/assign.ts";
import type { RunSchedule } from "../plan/runSchedule.ts";
import type { Plan } from "../plan/schema.ts";
import { abortKey, assignmentsKey, observationsKey, planKey, reportKey, scheduleKey } from "../results/keys.ts";
import { reduceRun } from "../results/reduce.ts";
import type { Store } from "../results/store.ts";
import { renderHtml } from "./html.ts";
import { buildReport, type Truth, workerReport } from "./model.ts";
import type { Report, ReportWorker } from "./schema.ts";
import { renderText } from "./text.ts";

/** Reduces a run and writes its report in every form. Rejects where the run's plan or schedule is not in the store. */
export async function writeReport(store: Store, runId: string): Promise<Report> {
  const plan = await readJson<Plan>(store, planKey(runId));
  const schedule = await readJson<RunSchedule>(store, scheduleKey(runId));
  const assignments = await readJson<Assignment[]>(store, assignmentsKey(runId));
  if (!plan || !schedule || !assignments) throw new Error(`there is no run ${runId} in the store`);

  const flag = await readJson<{ reason: string; atMs?: number }>(store, abortKey(runId));
  const aborted = flag && { reason: flag.reason, atMs: (flag.atMs ?? schedule.endAtMs) - schedule.startAtMs };
  const measuredMs = aborted ? Math.min(plan.durationMs, Math.max(0, aborted.atMs)) : plan.durationMs;
  const workers: ReportWorker[] = [];
  const reduction = await reduceRun(store, runId, plan, assignments, (worker) => {
    workers.push(workerReport(worker, plan, measuredMs));
  });
  const truth = await readTruth(store, runId);
  const report = buildReport({
    plan,
    schedule,
    reduction,
    workers,
    ...(aborted && { aborted }),
    ...(truth && { truth }),
  });
  await store.put(reportKey(runId, "html"), renderHtml(report));
  await store.put(reportKey(runId, "txt"), renderText(report, false));
  // Last, for whoever waits for it: when report.json is there, the others are too.
  await store.put(reportKey(runId, "json"), `${JSON.stringify(report, null, 2)}\n`);
  return report;
}

async function readJson<T>(store: Store, key: string): Promise<T | undefined> {
  const text = await store.get(key);
  return text === undefined ? undefined : (JSON.parse(text) as T);
}

interface Counts {
  name: string;
  requests: number;
  relays: number;
}

/** What the stand-in gateway counted between Watch's two looks. */
async function readTruth(store: Store, runId: string): Promise<Truth | undefined> {
  const observations = await readJson<{ before?: Counts[]; after?: Counts[] }>(store, observationsKey(runId));
  const { before, after } = observations ?? {};
  if (!before || !after) return undefined;
  return new Map(
    after.map(({ name, requests, relays }) => {
      const earlier = before.find((each) => each.name === name);
      return [name, { requests: requests - (earlier?.requests ?? 0), relays: relays - (earlier?.relays ?? 0) }];
    }),
  );
}
