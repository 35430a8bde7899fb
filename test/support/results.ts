import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { Recorder } from "../../lib/attack/recorder.ts";
import { type Assignment, assign, scheduledRequests } from "../../lib/plan/assign.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import type { Chunk, Outcome, Summary } from "../../lib/results/chunk.ts";
import { sumSeries } from "../../lib/results/seriesSum.ts";
import { FolderStore } from "../../lib/store/folderStore.ts";
import { chunkKey, summaryKey } from "../../lib/store/keys.ts";
import type { Store } from "../../lib/store/store.ts";
import { temporaryFolder } from "./folder.ts";
import { checkedPlan } from "./plans.ts";
import { healthSample } from "./reports.ts";

/** The run's id. */
export const RUN = "run";
const HEALTH = healthSample();

/** A run of 4 s with two workers and two segments, and a store that is empty yet. */
export interface Fixture {
  store: Store;
  plan: Plan;
  assignments: Assignment[];
}

/** Its plan may be changed: `perWorkerRps` decides the number of workers. */
export function fixture(t: TestContext, changes: Record<string, unknown> = {}): Fixture {
  const plan = checkedPlan("http://127.0.0.1:1", { perWorkerRps: 50, duration: "4s", ...changes });
  const assignments = assign({ ...plan, segmentMs: 2_000 }, { runId: RUN, startAtMs: 0, leadMs: 0 });
  return { store: new FolderStore(temporaryFolder(t)), plan, assignments };
}

/** The chunks of an assignment, its requests dealt out to so many of them, all valid after 5 ms. */
export function chunksOf(plan: Plan, assignment: Assignment, attempt: number, count: number): Chunk[] {
  const [share] = assignment.shares;
  assert.ok(share);
  const scheduled = scheduledRequests(plan, assignment, share, "measure");
  const recorder = new Recorder(share.chain, "measure", 1_000);
  return Array.from({ length: count }, (_, index): Chunk => {
    for (let n = index; n < scheduled; n += count) {
      const dueMs = assignment.fromMs + (n * 2_000) / scheduled;
      recorder.sent(dueMs, 0.1, 60);
      recorder.responded(dueMs, { responseMs: 5, serviceMs: 4.9, status: 200, bytes: 40, classified: "valid" });
    }
    const series = recorder.take();
    const { id, worker, segment } = assignment;
    const place = { version: 2 as const, runId: RUN, assignment: id, worker, segment, attempt, intervalMs: 1_000 };
    return { ...place, sequence: index + 1, atMs: index * 500, series: series ? [series] : [], health: HEALTH };
  });
}

/** What a worker flushes that had no request. */
export function emptyChunk({ id, worker, segment }: Assignment): Chunk {
  const place = { version: 2 as const, runId: RUN, assignment: id, worker, segment, attempt: 1, intervalMs: 1_000 };
  return { ...place, sequence: 1, atMs: 0, series: [], health: HEALTH };
}

/** Stores chunks. */
export async function writeChunks({ store }: Fixture, chunks: readonly Chunk[]): Promise<void> {
  for (const chunk of chunks) {
    await store.put(chunkKey(RUN, chunk.assignment, chunk.attempt, chunk.sequence), JSON.stringify(chunk));
  }
}

/** Stores the summary of chunks, in their place. */
export async function writeSummary(
  { store }: Fixture,
  chunks: readonly Chunk[],
  outcome: Outcome = "completed",
): Promise<void> {
  const [first] = chunks;
  assert.ok(first);
  const { sequence: _, health, ...place } = first;
  const summary: Summary = {
    ...place,
    series: sumSeries(chunks),
    outcome,
    startSkewMs: 1,
    readyMs: 500,
    health: [health],
  };
  await store.put(summaryKey(RUN, place.assignment, place.attempt), JSON.stringify(summary));
}
