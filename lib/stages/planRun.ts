import { assign, splitRates } from "../plan/assign.ts";
import { isKeptApart, ownLinesOf, planWithoutLines } from "../plan/lines.ts";
import { partsOf, type RunSchedule, scheduleRun } from "../plan/runSchedule.ts";
import type { Plan } from "../plan/schema.ts";
import { assignmentsKey, linesKey, partsKey, planKey, scheduleKey } from "../store/keys.ts";
import type { Store } from "../store/store.ts";

/** The state machine's input for a planned run or trial. */
export interface Planned {
  runId: string;
  assignmentsKey: string;
  maxConcurrency: number;
  partsKey: string;
  parts: number;
}

/** The state machine's input for a run with this schedule. */
export function plannedRun({ runId, assignments, parts }: RunSchedule): Planned {
  return {
    runId,
    assignmentsKey: assignmentsKey(runId),
    maxConcurrency: assignments,
    partsKey: partsKey(runId),
    parts,
  };
}

/** The timing for a run that is planned now. */
export interface StartTimes {
  /** The current time, in ms since the epoch. */
  nowMs: number;
  /** How long workers need from being planned to their first request, in ms, plus the extra time per worker. */
  leadMs: number;
  leadPerWorkerMs: number;
  /** Extra time per MB of the plan, which every worker reads; workers that share this many cores take turns. */
  leadPerMbMs: number;
  cores?: number | undefined;
  /** Maximum number of workers that one reducer merges, if it is not the default. */
  workersPerReducer?: number | undefined;
}

/** Writes a run's plan, schedule and assignments. */
export async function planRun(store: Store, runId: string, plan: Plan, times: StartTimes): Promise<Planned> {
  const began = performance.now();
  // The plan is written after the lines: if Plan dies in between, it is called again and finds the lines in place.
  const largest = await writeLines(store, runId, plan);
  const text = JSON.stringify(planWithoutLines(plan));
  await store.put(planKey(runId), text);
  // A large plan takes time to write, and each worker takes time to read it.
  const writingMs = performance.now() - began;
  const workers = splitRates(plan).length;
  const megabytes = (text.length + largest) / 2 ** 20;
  const readingMs = megabytes * times.leadPerMbMs * Math.max(1, workers / (times.cores ?? workers));
  const leadMs = Math.round(times.leadMs + times.leadPerWorkerMs * workers + readingMs);
  const startAtMs = Math.ceil(times.nowMs + writingMs + leadMs + plan.warmupMs);
  const { schedule, assignments } = scheduleRun(plan, { ...times, runId, startAtMs, leadMs });
  const objects: [key: string, body: unknown][] = [
    [scheduleKey(runId), schedule],
    [assignmentsKey(runId), assignments],
    [partsKey(runId), partsOf(schedule)],
  ];
  // In parallel: a slow store uses up the workers' time before the start.
  await Promise.all(objects.map(([key, body]) => store.put(key, JSON.stringify(body))));
  return plannedRun(schedule);
}

/**
 * Writes each assignment's lines of chains that are stored separately; returns the length of the longest in characters.
 */
async function writeLines(store: Store, runId: string, plan: Plan): Promise<number> {
  if (!plan.chains.some(isKeptApart)) return 0;
  let longest = 0;
  // One at a time: together they are as large as the plan was. They depend on neither the lead nor the start.
  for (const assignment of assign(plan, { runId, startAtMs: 0, leadMs: 0 })) {
    const own = ownLinesOf(plan, assignment);
    if (own.length === 0) continue;
    const text = JSON.stringify(own);
    longest = Math.max(longest, text.length);
    await store.put(linesKey(runId, assignment.id), text);
  }
  return longest;
}
