import type { LogLooks } from "../observe/logTail.ts";
import type { Observations, TrueCounts } from "../observe/observations.ts";
import type { Scrape } from "../observe/scrape.ts";
import type { Watched } from "../observe/watched.ts";
import { InputError } from "../plan/problems.ts";
import type { Plan } from "../plan/schema.ts";
import type { RunHistograms } from "../render/exports/hdr.ts";
import { renderHtml } from "../render/html.ts";
import { renderText } from "../render/text.ts";
import { buildReport, measuredOf, type Truth } from "../report/model.ts";
import type { Report } from "../report/schema.ts";
import { histogramOfAll } from "../results/allRequests.ts";
import { intervalMs } from "../results/chunk.ts";
import { encodeHistogram, encodeHistograms } from "../results/histogram.ts";
import type { Reduction } from "../results/reduce.ts";
import {
  histogramsKey,
  logsPrefix,
  observationsKey,
  planKey,
  reportKey,
  runPrefix,
  scrapesPrefix,
  watchedPrefix,
} from "../store/keys.ts";
import { readJson, type Store } from "../store/store.ts";
import { readAbort, readSchedule, reduceParts } from "./parts.ts";

/**
 * Reduces a run and writes its report in every format. Rejects if the run's plan or schedule is not in the store, and
 * with an InputError if the existing report contains more than what is left of the run.
 */
export async function writeReport(store: Store, runId: string): Promise<Report> {
  const [{ plan, scrapes, logs }, { schedule, assignments }, watched] = await Promise.all([
    readReportInput(store, runId),
    readSchedule(store, runId),
    readLooks<Watched>(store, watchedPrefix(runId)),
  ]);
  const aborted = await readAbort(store, runId, schedule);
  const { reduction, workers, generator } = await reduceParts(
    { store, runId, plan },
    schedule,
    assignments,
    measuredOf(plan, aborted),
  );
  const truth = await readTruth(store, runId, plan);
  const report = buildReport({
    plan,
    schedule,
    reduction,
    workers,
    generator,
    scrapes,
    logs,
    watched,
    ...(aborted && { aborted }),
    ...(truth && { truth }),
  });
  await refuseWorse(store, runId, report);
  await store.put(histogramsKey(runId), JSON.stringify(runHistograms(reduction, plan)));
  await writeReportFiles(store, runId, report);
  return report;
}

/** Throws an InputError if an existing report covers more: results of the run have been lost since. */
async function refuseWorse(store: Store, runId: string, report: Report): Promise<void> {
  const key = reportKey(runId, "json");
  let earlier: Report | undefined;
  try {
    earlier = await readJson<Report>(store, key);
  } catch {
    // An unreadable report cannot be better.
  }
  if (!earlier?.total) return;
  const now = knowledgeOf(report);
  const problems = Object.entries(knowledgeOf(earlier)).flatMap(([what, count]) => {
    const left = now[what] ?? 0;
    if (count <= left) return [];
    const found = `${left} ${what}, and a report that has ${count}`;
    return [{ where: runPrefix(runId), found, expected: "the run's objects as they were, or report.json moved away" }];
  });
  if (problems.length > 0) throw new InputError(key, problems);
}

/** How much a report covers, by kind of content. */
function knowledgeOf({ total, chains, metrics, logs }: Report): Record<string, number> {
  const { ledger, missed, errors } = total;
  return {
    "requests whose end is known": ledger.scheduled - (missed.lost ?? 0) - (errors.lost ?? 0),
    "chains that the gateway counted": chains.filter(({ truth }) => truth !== undefined).length,
    "points of the gateway's metrics": metrics.reduce((sum, { points }) => sum + points.length, 0),
    "lines of the gateway's logs": logs.reduce((sum, { read }) => sum + read, 0),
  };
}

function runHistograms({ chains }: Reduction, plan: Plan): RunHistograms {
  const measured = chains.filter(({ phase }) => phase === "measure");
  return {
    intervalMs: intervalMs(plan.durationMs),
    chains: Object.fromEntries(
      measured.map(({ chain, sum, ledger }) => [
        chain,
        {
          responseTime: encodeHistogram(sum.responseTime()),
          responseTimeAll: encodeHistogram(histogramOfAll(sum.responseTime(), ledger.errors, plan.timeoutMs)),
          serviceTime: encodeHistogram(sum.serviceTime),
          sendLag: encodeHistogram(sum.sendLag),
          intervals: encodeHistograms(sum.intervals),
        },
      ]),
    ),
  };
}

/** Writes a report in every format. */
export async function writeReportFiles(store: Store, runId: string, report: Report): Promise<void> {
  await Promise.all([
    store.put(reportKey(runId, "html"), renderHtml(report)),
    store.put(reportKey(runId, "txt"), renderText(report, false)),
  ]);
  // Written last: once report.json exists, the others do too.
  await store.put(reportKey(runId, "json"), `${JSON.stringify(report, null, 2)}\n`);
}

/** A run's plan, and Watch's reads of the gateway's metrics and logs. Rejects if there is no plan. */
export async function readReportInput(
  store: Store,
  runId: string,
): Promise<{ plan: Plan; scrapes: Scrape[]; logs: LogLooks[] }> {
  const [plan, scrapes, logs] = await Promise.all([
    readJson<Plan>(store, planKey(runId)),
    readLooks<Scrape>(store, scrapesPrefix(runId)),
    readLooks<LogLooks>(store, logsPrefix(runId)),
  ]);
  if (!plan) throw new Error(`there is no run ${runId} in the store`);
  return { plan, scrapes, logs };
}

/** What the stand-in gateway counted between Watch's two reads, for chains whose counts can be separated. */
async function readTruth(store: Store, runId: string, plan: Plan): Promise<Truth | undefined> {
  const { before, after, settled = false } = (await readJson<Observations>(store, observationsKey(runId))) ?? {};
  if (!before || !after) return undefined;
  const own = after.filter(({ name }) => isLoadedByItself(name, plan));
  return new Map(
    own.map((now) => {
      const earlier = before.find(({ name }) => name === now.name);
      const grown = (read: (counts: TrueCounts) => number): number => read(now) - (earlier ? read(earlier) : 0);
      const relays = grown((counts) => counts.relays);
      const per = (total: number): number => (relays > 0 ? total / relays : 0);
      const truth = {
        settled,
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

/** Whether the gateway's chain gets requests only from the plan's chain of the same name: not in a mix. */
function isLoadedByItself(name: string, { chains, gateway }: Plan): boolean {
  const endpoint = gateway?.chains.find((each) => each.name === name)?.endpoint;
  const loading = chains.filter(({ targets }) =>
    targets.some(({ url }) => new URL(url).searchParams.get("endpoint") === endpoint),
  );
  return loading.length === 1 && loading[0]?.name === name;
}

/** Watch's reads, in order. An unreadable object is a gap. */
async function readLooks<T>(store: Store, prefix: string): Promise<T[]> {
  const looks: T[] = [];
  for (const text of await Promise.all((await store.list(prefix)).map((key) => store.get(key)))) {
    try {
      looks.push(JSON.parse(text ?? "") as T);
    } catch {
      // A gap in the figures; the run is not affected.
    }
  }
  return looks;
}
