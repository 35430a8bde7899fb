import type { Assignment } from "../plan/assign.ts";
import { type Part, partsOf, type RunSchedule } from "../plan/runSchedule.ts";
import type { Plan } from "../plan/schema.ts";
import { GeneratorTimeline, type StoredTimeline } from "../report/generatorTimeline.ts";
import { measuredOf, workerReport } from "../report/model.ts";
import type { ReportWorker } from "../report/schema.ts";
import { type ChainResult, type RegionResult, Results } from "../results/chainResults.ts";
import { intervalMs, type Series } from "../results/chunk.ts";
import { addLedgers } from "../results/ledger.ts";
import { type Reduction, reduceRun } from "../results/reduce.ts";
import { SeriesSum } from "../results/seriesSum.ts";
import { addSubscriptions, parseSubscriptions, subscriptionCounts } from "../results/subscriptions.ts";
import { type AbortFlag, decodeAbort } from "../store/abort.ts";
import { abortKey, assignmentsKey, partKey, planKey, scheduleKey, searchOf } from "../store/keys.ts";
import type { RunContext } from "../store/runContext.ts";
import { readJson, type Store } from "../store/store.ts";

/** The result of reducing some or all of a run's workers. */
export interface Reduced {
  reduction: Reduction;
  workers: ReportWorker[];
  generator: StoredTimeline;
}

type Stored<Result extends ChainResult> = Omit<Result, "sum"> & { series: Series };

/** The stored form: `runs/<id>/parts/…`. */
interface StoredPart extends Omit<Reduction, "chains" | "regions"> {
  chains: Stored<ChainResult>[];
  regions: Stored<RegionResult>[];
  workers: ReportWorker[];
  generator: StoredTimeline;
}

/** Reduces a part of a run's workers, and stores the result. */
export async function writePart(store: Store, part: Part): Promise<void> {
  const { runId } = part;
  const plan = await readJson<Plan>(store, planKey(runId));
  if (!plan) throw new Error(`there is no run ${runId} in the store`);
  const { schedule, assignments } = await readSchedule(store, runId);
  const aborted = await readAbort(store, runId, schedule);
  const reduced = await reducePart({ store, runId, plan }, part, assignments, measuredOf(plan, aborted));
  const { reduction, workers, generator } = reduced;
  const chains = reduction.chains.map(toStored);
  const regions = reduction.regions.map(toStored);
  const stored: StoredPart = { ...reduction, chains, regions, workers, generator };
  await store.put(partKey(runId, part.part), JSON.stringify(stored));
}

/**
 * Reduces a run: from its stored parts if there are several, and from the workers' objects for any part that is
 * missing.
 */
export async function reduceParts(
  run: RunContext,
  schedule: RunSchedule,
  assignments: readonly Assignment[],
  measuredMs: number,
): Promise<Reduced> {
  const { store, plan } = run;
  const parts = partsOf(schedule);
  const [only, ...others] = parts;
  if (only && others.length === 0) return reducePart(run, only, assignments, measuredMs);
  const results = new Results(plan);
  const timeline = new GeneratorTimeline(intervalMs(plan.durationMs));
  const reduction: Reduction = { chains: [], regions: [], findings: [], finishedMs: 0 };
  const workers: ReportWorker[] = [];
  for (const part of parts) {
    const stored = await readJson<StoredPart>(store, partKey(schedule.runId, part.part));
    const reduced = stored ? restored(stored) : await reducePart(run, part, assignments, measuredMs);
    for (const each of reduced.reduction.chains) addTo(results.chain(each.chain, each.phase), each);
    for (const each of reduced.reduction.regions) addTo(results.region(each.chain, each.region), each);
    reduction.findings.push(...reduced.reduction.findings);
    reduction.finishedMs = Math.max(reduction.finishedMs, reduced.reduction.finishedMs);
    workers.push(...reduced.workers);
    timeline.merge(reduced.generator);
  }
  return { reduction: { ...reduction, ...results.inOrder() }, workers, generator: timeline.points() };
}

function addTo(result: ChainResult, part: ChainResult): void {
  result.ledger = addLedgers([result.ledger, part.ledger]);
  result.sum.merge(part.sum);
  addSubscriptions(result.sum.subscriptions, parseSubscriptions(subscriptionCounts(part.sum.subscriptions)));
}

async function reducePart(
  run: RunContext,
  { part, of }: Part,
  assignments: readonly Assignment[],
  measuredMs: number,
): Promise<Reduced> {
  const workers: ReportWorker[] = [];
  const ids = [...new Set(assignments.map(({ worker }) => worker))].sort((a, b) => a - b);
  const each = Math.ceil(ids.length / of);
  const own = new Set(ids.slice(part * each, (part + 1) * each));
  const mine = assignments.filter(({ worker }) => own.has(worker));
  const timeline = new GeneratorTimeline(intervalMs(run.plan.durationMs));
  const reduction = await reduceRun(run, mine, (worker) => {
    const row = workerReport(worker, run.plan, measuredMs);
    workers.push(row);
    timeline.add(row.id, worker.health);
  });
  return { reduction, workers, generator: timeline.points() };
}

function toStored<Result extends ChainResult>({ sum, ...rest }: Result): Stored<Result> {
  return { ...rest, series: sum.toSeries(rest.chain, rest.phase) };
}

function fromStored<Result extends ChainResult>({ series, ...rest }: Stored<Result>) {
  const sum = new SeriesSum();
  sum.add(series);
  return { ...rest, sum };
}

function restored({ chains, regions, workers, generator, ...rest }: StoredPart): Reduced {
  const reduction: Reduction = { ...rest, chains: chains.map(fromStored), regions: regions.map(fromStored) };
  return { reduction, workers, generator };
}

/** A run's schedule and assignments, with the id under which they were found. Rejects if there are none. */
export async function readSchedule(
  store: Store,
  runId: string,
): Promise<{ schedule: RunSchedule; assignments: Assignment[] }> {
  const [schedule, assignments] = await Promise.all([
    readJson<RunSchedule>(store, scheduleKey(runId)),
    readJson<Assignment[]>(store, assignmentsKey(runId)),
  ]);
  if (!schedule || !assignments) throw new Error(`there is no run ${runId} in the store`);
  // The folder may have been renamed since: its contents are found under its current name.
  return { schedule: { ...schedule, runId }, assignments };
}

/** Why a run was aborted, and when, in ms from its start instant; aborting a search aborts its trials. */
export async function readAbort(store: Store, runId: string, schedule: RunSchedule): Promise<AbortFlag | undefined> {
  const search = searchOf(runId);
  const text =
    (await store.get(abortKey(runId))) ?? (search === undefined ? undefined : await store.get(abortKey(search)));
  if (text === undefined) return undefined;
  const { cause, atMs = schedule.endAtMs } = decodeAbort(text);
  return { cause, atMs: atMs - schedule.startAtMs };
}
