import { type Assignment, type Phase, phaseRange, type Share, scheduledRequests } from "../plan/assign.ts";
import type { Plan } from "../plan/schema.ts";
import { firstInShard } from "../schedule/schedule.ts";
import type { RunContext } from "../store/runContext.ts";
import type { Store } from "../store/store.ts";
import { type Attempt, fetchAhead, indexRun, type RunIndex, readAttempts, readFailures, readLost } from "./attempts.ts";
import { StaleBlocks } from "./blocks.ts";
import { type ChainResult, type RegionResult, Results } from "./chainResults.ts";
import type { Ledger } from "./chunk.ts";
import type { Finding } from "./findings.ts";
import {
  addLedgers,
  bookLost,
  bookLostSeconds,
  closeLedger,
  type Gap,
  gapBySecond,
  ledgerOf,
  type SecondGap,
} from "./ledger.ts";
import { readLeft } from "./left.ts";
import { type ParsedSeries, parseSeries, SeriesSum } from "./seriesSum.ts";
import { type WorkerResult, WorkerSum } from "./workerSum.ts";

/**
 * Node's options for a process that reduces a large run: what a summary leaves is garbage at once, and a larger young
 * generation only takes memory.
 */
export const REDUCER_OPTIONS: readonly string[] = ["--max-semi-space-size=8"];

/** Number of workers whose objects are fetched at once. */
const WORKERS_AT_ONCE = 2;

/** The merged results of all workers. */
export interface Reduction {
  chains: ChainResult[];
  /** The same by region; empty without regions. */
  regions: RegionResult[];
  /** What is missing, unreadable or duplicated. Empty for a complete run. */
  findings: Finding[];
  /** When the last worker finished, in ms from the start instant. */
  finishedMs: number;
}

/**
 * Merges a run's summaries, and the chunks if a summary is missing. Each worker's result is passed to `onWorker` and
 * then dropped, so memory does not grow with the number of workers. The findings name whatever cannot be read; it never
 * ends the reduction.
 */
export async function reduceRun(
  { store, runId, plan }: RunContext,
  assignments: readonly Assignment[],
  onWorker: (worker: WorkerResult) => void,
): Promise<Reduction> {
  // A chain without any due request has a result too, with empty figures.
  const results = new Results(plan);
  const ids = new Set(assignments.map(({ id }) => id));
  const [index, ...noted] = await Promise.all([
    indexRun(store, runId),
    readFailures(store, runId, ids),
    readLost(store, runId, ids),
    readLeft(store, runId, ids),
  ]);
  const findings: Finding[] = noted.flat();
  let finishedMs = 0;
  const byWorker = Map.groupBy(assignments, ({ worker }) => worker);
  const stale = await staleBlocks(store, plan, index);
  const workers = [...byWorker.entries()].sort(([a], [b]) => a - b);
  for (let first = 0; first < workers.length; first += WORKERS_AT_ONCE) {
    const batch = workers.slice(first, first + WORKERS_AT_ONCE);
    const fetched = fetchAhead(
      store,
      index,
      batch.flatMap(([, own]) => own.map(({ id }) => id)),
    );
    const summed: Finding[] = [];
    for (const [, own] of batch) {
      const sum = new WorkerSum(own[0] as Assignment);
      for (const assignment of own) {
        const { attempts, findings: found } = await readAttempts(fetched, index, assignment.id);
        findings.push(...found);
        for (const { series, summary } of attempts) {
          stale.judge(series);
          finishedMs = Math.max(finishedMs, summary?.atMs ?? 0);
        }
        summed.push(...addAssignment(plan, sum, { assignment, attempts }, results));
      }
      onWorker(sum.result());
    }
    findings.push(...summed);
  }
  return { ...results.inOrder(), findings, finishedMs };
}

/**
 * Learns the chains' newest blocks from all workers' results, before these are judged, if the plan asks for stale
 * blocks.
 */
async function staleBlocks(store: Store, plan: Plan, index: RunIndex): Promise<StaleBlocks> {
  const stale = new StaleBlocks(plan);
  if (!stale.isAsked) return stale;
  for (const assignment of index.keys()) {
    const { attempts } = await readAttempts(store, index, assignment);
    for (const { series } of attempts) stale.learn(series);
  }
  return stale;
}

/** Adds an assignment to its worker's sum, and its parts to the results of their chains. */
function addAssignment(plan: Plan, sum: WorkerSum, { assignment, attempts }: Attempted, results: Results): Finding[] {
  const findings: Finding[] = [];
  sum.addAttempts(assignment, attempts);
  if (attempts.length === 0) findings.push({ kind: "wrote-nothing", assignment: assignment.id });
  for (const part of partsOf(plan, assignment)) {
    const recorded = recordedOf(plan, { assignment, attempts }, part, findings);
    const isMeasured = part.phase === "measure";
    const [whole, ...regional] = results.of(part.chain, part.phase, assignment.region);
    addRecorded(whole, recorded, isMeasured ? sum.series : undefined);
    for (const result of regional) addRecorded(result, recorded);
    if (isMeasured) sum.ledgers.push(recorded.ledger);
  }
  return findings;
}

/** What an assignment has of one chain in one phase. */
interface AssignmentPart {
  share: Share;
  chain: string;
  phase: Phase;
  scheduled: number;
}

/** The parts of an assignment that have results. */
function partsOf(plan: Plan, assignment: Assignment): AssignmentPart[] {
  return assignment.shares.flatMap((share) =>
    (["warmup", "measure"] as const).flatMap((phase) => {
      const { chain } = share;
      const scheduled = scheduledRequests(plan, assignment, share, phase);
      return scheduled === 0 && !hasSubscribers(plan, chain, phase) ? [] : [{ share, chain, phase, scheduled }];
    }),
  );
}

/** An assignment and the attempts at it. */
interface Attempted {
  assignment: Assignment;
  attempts: readonly Attempt[];
}

/** What attempts recorded of a part, and what is missing of it. */
interface Recorded {
  parsed: readonly ParsedSeries[];
  ledger: Ledger;
  gap: Gap;
  seconds: ReadonlyMap<number, SecondGap>;
}

function recordedOf(
  plan: Plan,
  { assignment, attempts }: Attempted,
  part: AssignmentPart,
  findings: Finding[],
): Recorded {
  const parsed = parseAttempts(attempts, assignment.id, part, findings);
  const { ledger, gap } = ledgerOfParts(part.scheduled, parsed);
  findings.push(...gapFindings(gap, assignment.id, part.chain));
  const seconds = secondGaps(gap, parsed, () => scheduledBySecond(plan, assignment, part.share, part.phase));
  return { parsed, ledger, gap, seconds };
}

/** Adds what was recorded to a result, and to the worker's sum in the same pass over the response times. */
function addRecorded(result: ChainResult, { parsed, ledger, gap, seconds }: Recorded, worker?: SeriesSum): void {
  result.ledger = addLedgers([result.ledger, ledger]);
  for (const part of parsed) result.sum.addParsed(part, worker);
  for (const sum of worker ? [result.sum, worker] : [result.sum]) {
    bookLost(sum, gap);
    bookLostSeconds(sum, seconds);
  }
}

/** Whether a chain has results in a phase even without requests. */
function hasSubscribers(plan: Plan, chain: string, phase: Phase): boolean {
  const own = plan.chains.find(({ name }) => name === chain);
  return phase === "measure" && own?.subscriptions !== undefined;
}

/** The ledger of what attempts recorded of `scheduled` requests, and the gap that was closed. */
function ledgerOfParts(scheduled: number, parts: readonly ParsedSeries[]): { ledger: Ledger; gap: Gap } {
  const counts = new SeriesSum();
  for (const { series } of parts) counts.addCounts(series);
  const gap = closeLedger(scheduled, counts);
  return { ledger: ledgerOf(scheduled, counts), gap };
}

/** A gap by second; empty if there is no gap, without reading the seconds. */
function secondGaps(
  gap: Gap,
  parts: readonly ParsedSeries[],
  scheduledIn: () => Map<number, number>,
): Map<number, SecondGap> {
  if (gap.unsent + gap.unended + gap.unrecorded === 0) return new Map();
  const counts = new SeriesSum();
  for (const part of parts) counts.addSeconds(part.series);
  return gapBySecond(gap, scheduledIn(), counts.seconds);
}

/** The number of an assignment's requests that are due in each second of a phase. */
function scheduledBySecond(plan: Plan, assignment: Assignment, share: Share, phase: Phase): Map<number, number> {
  const { from, to, schedule } = phaseRange(plan, assignment, share, phase);
  const bySecond = new Map<number, number>();
  for (let n = firstInShard(from, share); n < to; n += share.of) {
    const second = Math.floor(schedule.dueAtMs(n) / 1_000);
    bySecond.set(second, (bySecond.get(second) ?? 0) + 1);
  }
  return bySecond;
}

/** Parses the series that attempts recorded for a chain in a phase. */
function parseAttempts(
  attempts: readonly Attempt[],
  assignment: string,
  { chain, phase }: Pick<ChainResult, "chain" | "phase">,
  findings: Finding[],
): ParsedSeries[] {
  const parsed: ParsedSeries[] = [];
  for (const { series } of attempts) {
    for (const each of series) {
      if (each.chain !== chain || each.phase !== phase) continue;
      try {
        parsed.push(parseSeries(each));
      } catch (error) {
        findings.push({ kind: "histogram", assignment, chain, why: (error as Error).message });
      }
    }
  }
  return parsed;
}

function gapFindings(gap: Gap, assignment: string, chain: string): Finding[] {
  return (["unsent", "unended", "unrecorded", "doubled"] as const).flatMap((what): Finding[] =>
    gap[what] > 0 ? [{ kind: "gap", assignment, chain, what, count: gap[what] }] : [],
  );
}
