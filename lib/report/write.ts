import { intervalMs } from "../attack/chunk.ts";
import { encodeHistogram, encodeHistograms } from "../attack/histogram.ts";
import type { LogLooks } from "../observe/logTail.ts";
import type { Observations, TrueCounts } from "../observe/observations.ts";
import type { Scrape } from "../observe/scrape.ts";
import type { Assignment } from "../plan/assign.ts";
import type { RunSchedule } from "../plan/runSchedule.ts";
import type { Plan } from "../plan/schema.ts";
import {
  abortKey,
  assignmentsKey,
  histogramsKey,
  logsPrefix,
  observationsKey,
  planKey,
  reportKey,
  scheduleKey,
  scrapesPrefix,
  searchOf,
} from "../results/keys.ts";
import { type Reduction, reduceRun } from "../results/reduce.ts";
import { readJson, type Store } from "../results/store.ts";
import type { RunHistograms } from "./exports/hdr.ts";
import { renderHtml } from "./html.ts";
import { buildReport, type Truth, workerReport } from "./model.ts";
import type { Report, ReportWorker } from "./schema.ts";
import { renderText } from "./text.ts";

/** Reduces a run and writes its report in every form. Rejects where the run's plan or schedule is not in the store. */
export async function writeReport(store: Store, runId: string): Promise<Report> {
  const { plan, scrapes, logs } = await readReportInput(store, runId);
  const schedule = await readJson<RunSchedule>(store, scheduleKey(runId));
  const assignments = await readJson<Assignment[]>(store, assignmentsKey(runId));
  if (!schedule || !assignments) throw new Error(`there is no run ${runId} in the store`);

  const aborted = await readAbort(store, runId, schedule);
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
    scrapes,
    logs,
    ...(aborted && { aborted }),
    ...(truth && { truth }),
  });
  await store.put(histogramsKey(runId), JSON.stringify(runHistograms(reduction, plan)));
  await writeReportFiles(store, runId, report);
  return report;
}

function runHistograms({ chains }: Reduction, plan: Plan): RunHistograms {
  const measured = chains.filter(({ phase }) => phase === "measure");
  return {
    intervalMs: intervalMs(plan.durationMs),
    chains: Object.fromEntries(
      measured.map(({ chain, sum }) => [
        chain,
        {
          responseTime: encodeHistogram(sum.responseTime()),
          serviceTime: encodeHistogram(sum.serviceTime),
          sendLag: encodeHistogram(sum.sendLag),
          intervals: encodeHistograms(sum.intervals),
        },
      ]),
    ),
  };
}

/** Writes a report in every form. */
export async function writeReportFiles(store: Store, runId: string, report: Report): Promise<void> {
  await store.put(reportKey(runId, "html"), renderHtml(report));
  await store.put(reportKey(runId, "txt"), renderText(report, false));
  // Last, for whoever waits for it: when report.json is there, the others are too.
  await store.put(reportKey(runId, "json"), `${JSON.stringify(report, null, 2)}\n`);
}

/** A run's plan, and what Watch read of the gateway's metrics and logs. Rejects where there is no plan. */
export async function readReportInput(
  store: Store,
  runId: string,
): Promise<{ plan: Plan; scrapes: Scrape[]; logs: LogLooks[] }> {
  const plan = await readJson<Plan>(store, planKey(runId));
  if (!plan) throw new Error(`there is no run ${runId} in the store`);
  const scrapes = await readLooks<Scrape>(store, scrapesPrefix(runId));
  return { plan, scrapes, logs: await readLooks<LogLooks>(store, logsPrefix(runId)) };
}

/** Why and when a run was aborted; a trial is aborted with its search. */
async function readAbort(store: Store, runId: string, schedule: RunSchedule) {
  const search = searchOf(runId);
  const flag =
    (await readJson<AbortFlag>(store, abortKey(runId))) ??
    (search === undefined ? undefined : await readJson<AbortFlag>(store, abortKey(search)));
  return flag && { reason: flag.reason, atMs: (flag.atMs ?? schedule.endAtMs) - schedule.startAtMs };
}

interface AbortFlag {
  reason: string;
  atMs?: number;
}

/** What the stand-in gateway counted between Watch's two looks. */
async function readTruth(store: Store, runId: string): Promise<Truth | undefined> {
  const { before, after } = (await readJson<Observations>(store, observationsKey(runId))) ?? {};
  if (!before || !after) return undefined;
  return new Map(
    after.map((now) => {
      const earlier = before.find(({ name }) => name === now.name);
      const grown = (read: (counts: TrueCounts) => number): number => read(now) - (earlier ? read(earlier) : 0);
      const relays = grown((counts) => counts.relays);
      const per = (total: number): number => (relays > 0 ? total / relays : 0);
      const truth = {
        requests: grown((counts) => counts.requests),
        relays,
        capacityRps: now.capacityRps,
        perRelay: {
          dbQueries: per(grown((counts) => counts.dbQueries)),
          redisOperations: per(grown((counts) => counts.redisOperations)),
          bytesIn: per(grown((counts) => counts.bytesIn)),
          bytesOut: per(grown((counts) => counts.bytesOut)),
          cpuSeconds: per(grown((counts) => counts.cpuSeconds)),
        },
      };
      return [now.name, truth];
    }),
  );
}

/** What Watch read at each look, in order. An object that cannot be read is a gap. */
async function readLooks<T>(store: Store, prefix: string): Promise<T[]> {
  const looks: T[] = [];
  for (const key of await store.list(prefix)) {
    try {
      looks.push(JSON.parse((await store.get(key)) ?? "") as T);
    } catch {
      // A gap in the figures, and nothing to the run.
    }
  }
  return looks;
}
