import { assign, splitRates } from "../plan/assign.ts";
import { isKeptApart, planWithoutLines, replayPartsOf } from "../plan/replayParts.ts";
import { partsOf, type RunSchedule, scheduleRun } from "../plan/runSchedule.ts";
import type { Plan } from "../plan/schema.ts";
import { assignmentsKey, partsKey, planKey, replayPartsKey, scheduleKey } from "../store/keys.ts";
import type { Store } from "../store/store.ts";

/** What the state machine goes on with: a run or a trial that is planned. */
export interface Planned {
  runId: string;
  assignmentsKey: string;
  maxConcurrency: number;
  partsKey: string;
  parts: number;
}

/** What the state machine goes on with for a run of this schedule. */
export function plannedRun({ runId, assignments, parts }: RunSchedule): Planned {
  return {
    runId,
    assignmentsKey: assignmentsKey(runId),
    maxConcurrency: assignments,
    partsKey: partsKey(runId),
    parts,
  };
}

/** When a run that is planned now is to begin. */
export interface StartTimes {
  /** The present, in ms since the epoch. */
  nowMs: number;
  /** How long workers need from being planned to their first request, in ms, and more for each worker. */
  leadMs: number;
  leadPerWorkerMs: number;
  /** And for each MB of the plan, which every worker reads; where they share this many cores, they do it in turns. */
  leadPerMbMs: number;
  cores?: number | undefined;
  /** Most workers that one reducer merges, where it is not the usual number. */
  workersPerReducer?: number | undefined;
}

/** Writes a run's plan, schedule and assignments. */
export async function planRun(store: Store, runId: string, plan: Plan, times: StartTimes): Promise<Planned> {
  const began = performance.now();
  // The plan is the last of the two: a Plan that died between them is called again, and finds the lines where they were.
  const largest = await writeReplayParts(store, runId, plan);
  const text = JSON.stringify(planWithoutLines(plan));
  await store.put(planKey(runId), text);
  // A large plan takes its time to be written, and each worker's to be read.
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
  // Side by side: the workers' time until the start is spent here if the store is slow.
  await Promise.all(objects.map(([key, body]) => store.put(key, JSON.stringify(body))));
  return plannedRun(schedule);
}

/** Writes the lines that each assignment sends of replays that are kept apart; gives the characters of the longest. */
async function writeReplayParts(store: Store, runId: string, plan: Plan): Promise<number> {
  if (!plan.chains.some(isKeptApart)) return 0;
  let longest = 0;
  // One after another: all of them together are as large as the plan was. Neither the lead nor the start changes them.
  for (const assignment of assign(plan, { runId, startAtMs: 0, leadMs: 0 })) {
    const parts = replayPartsOf(plan, assignment);
    if (parts.length === 0) continue;
    const text = JSON.stringify(parts);
    longest = Math.max(longest, text.length);
    await store.put(replayPartsKey(runId, assignment.id), text);
  }
  return longest;
}
