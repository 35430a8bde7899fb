import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type Chunk, type Outcome, SeriesSum, type Summary, sumSeries } from "../../lib/attack/chunk.ts";
import { Recorder } from "../../lib/attack/recorder.ts";
import { type Assignment, assign, scheduledRequests } from "../../lib/plan/assign.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { FolderStore } from "../../lib/results/folderStore.ts";
import { chunkKey, summaryKey } from "../../lib/results/keys.ts";
import { takeLease } from "../../lib/results/lease.ts";
import { balances, closeLedger, ledgerOf } from "../../lib/results/ledger.ts";
import { type Reduction, reduceRun, type WorkerResult } from "../../lib/results/reduce.ts";
import type { Store } from "../../lib/results/store.ts";
import { temporaryFolder } from "../support/folder.ts";
import { checkedPlan } from "../support/plans.ts";
import { healthSample } from "../support/reports.ts";

const RUN = "run";
const HEALTH = healthSample();

interface Fixture {
  store: Store;
  plan: Plan;
  assignments: Assignment[];
}

function fixture(t: TestContext): Fixture {
  const plan = checkedPlan("http://127.0.0.1:1", { perWorkerRps: 50, duration: "4s" });
  const assignments = assign({ ...plan, segmentMs: 2_000 }, { runId: RUN, startAtMs: 0, leadMs: 0 });
  return { store: new FolderStore(temporaryFolder(t)), plan, assignments };
}

/** The chunks of an assignment, its requests dealt out to so many of them, all valid after 5 ms. */
function chunksOf(plan: Plan, assignment: Assignment, attempt: number, count: number): Chunk[] {
  const [share] = assignment.shares;
  assert.ok(share);
  const scheduled = scheduledRequests(plan, assignment, share, "measure");
  const recorder = new Recorder(share.chain, "measure", 1_000);
  return Array.from({ length: count }, (_, index): Chunk => {
    for (let n = index; n < scheduled; n += count) {
      const dueMs = assignment.fromMs + (n * 2_000) / scheduled;
      recorder.sent(dueMs, 0.1, 60);
      recorder.responded(dueMs, 5, 4.9, 200, 40, "valid");
    }
    const series = recorder.take();
    const { id, worker, segment } = assignment;
    const place = { version: 1 as const, runId: RUN, assignment: id, worker, segment, attempt, intervalMs: 1_000 };
    return { ...place, sequence: index + 1, atMs: index * 500, series: series ? [series] : [], health: HEALTH };
  });
}

async function writeChunks({ store }: Fixture, chunks: readonly Chunk[]): Promise<void> {
  for (const chunk of chunks) {
    await store.put(chunkKey(RUN, chunk.assignment, chunk.attempt, chunk.sequence), JSON.stringify(chunk));
  }
}

async function writeSummary(
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

async function reduce({ store, plan, assignments }: Fixture): Promise<Reduction & { workers: WorkerResult[] }> {
  const workers: WorkerResult[] = [];
  const reduction = await reduceRun(store, RUN, plan, assignments, (worker) => workers.push(worker));
  return { ...reduction, workers };
}

test("summaries and chunks reduce to the same figures", async (t) => {
  const withSummaries = fixture(t);
  const withChunks = fixture(t);
  for (const assignment of withChunks.assignments) {
    const chunks = chunksOf(withChunks.plan, assignment, 1, 3);
    await writeSummary(withSummaries, chunks);
    await writeChunks(withChunks, chunks);
  }
  const [a, b] = [await reduce(withSummaries), await reduce(withChunks)];
  assert.deepEqual(a.findings, []);
  assert.equal(a.chains[0]?.ledger.valid, 400);
  assert.deepEqual(b.chains[0]?.ledger, a.chains[0]?.ledger);
  const series = ({ chains }: Reduction): object | undefined => chains[0]?.sum.toSeries("c", "measure");
  assert.deepEqual(series(a), series(b));
  assert.equal(b.findings.length, withChunks.assignments.length, "each missing summary is named");
  assert.deepEqual(b.workers[0]?.outcomes, ["lost", "lost"]);
});

test("a worker that left nothing is named, and its requests are booked as lost", async (t) => {
  const run = fixture(t);
  const [lost, ...others] = run.assignments;
  for (const assignment of others) await writeSummary(run, chunksOf(run.plan, assignment, 1, 2));
  const { chains, findings, workers } = await reduce(run);
  assert.match(findings.join("\n"), new RegExp(lost?.id ?? ""));
  const ledger = chains[0]?.ledger;
  assert.ok(ledger && balances(ledger));
  assert.equal(ledger.missed, 100);
  assert.equal(chains[0]?.sum.missed.lost, 100);
  assert.ok(workers[0]?.outcomes.includes("lost"));
});

test("a chunk that is lost from the middle is told by the schedule", async (t) => {
  const run = fixture(t);
  for (const [index, assignment] of run.assignments.entries()) {
    const chunks = chunksOf(run.plan, assignment, 1, 4);
    if (index === 0)
      await writeChunks(
        run,
        chunks.filter(({ sequence }) => sequence !== 2),
      );
    else await writeSummary(run, chunks);
  }
  const { chains, findings } = await reduce(run);
  assert.ok(balances(chains[0]?.ledger ?? assert.fail()));
  assert.equal(chains[0]?.sum.missed.lost, 25);
  assert.match(findings.join("\n"), /25 requests of which nothing is known/);
});

test("an object that cannot be read is named and ends nothing", async (t) => {
  const run = fixture(t);
  const [first, ...others] = run.assignments;
  assert.ok(first);
  for (const assignment of others) await writeSummary(run, chunksOf(run.plan, assignment, 1, 2));
  await writeChunks(run, chunksOf(run.plan, first, 1, 2));
  await run.store.put(chunkKey(RUN, first.id, 1, 1), '{"version":1,"series":[{"chain":"eth');
  const { chains, findings } = await reduce(run);
  assert.ok(balances(chains[0]?.ledger ?? assert.fail()));
  assert.match(findings.join("\n"), /000001\.json/);
});

test("two attempts that share the schedule add up; requests sent twice are told", async (t) => {
  const shared = fixture(t);
  const doubled = fixture(t);
  for (const [index, assignment] of shared.assignments.entries()) {
    const chunks = chunksOf(shared.plan, assignment, 1, 2);
    const [a, b] = chunks;
    assert.ok(a && b);
    if (index > 0) {
      await writeSummary(shared, chunks);
      await writeSummary(doubled, chunks);
      continue;
    }
    await writeSummary(shared, [a], "superseded");
    await writeSummary(shared, [{ ...b, attempt: 2 }]);
    await writeSummary(doubled, chunks, "superseded");
    await writeSummary(doubled, [{ ...b, attempt: 2 }]);
  }
  const right = await reduce(shared);
  assert.deepEqual(right.findings, []);
  assert.ok(balances(right.chains[0]?.ledger ?? assert.fail()));
  const wrong = await reduce(doubled);
  assert.match(wrong.findings.join("\n"), /50 requests more than were scheduled/);
  assert.ok(!balances(wrong.chains[0]?.ledger ?? assert.fail()));
});

test("a ledger is closed by booking what is not known, and never by hiding it", () => {
  const sum = new SeriesSum();
  sum.sent = 80;
  sum.valid = 70;
  sum.missed.late = 5;
  sum.errors.ECONNRESET = 4;
  assert.deepEqual(closeLedger(100, sum), { unsent: 15, unended: 6, unrecorded: 0, doubled: 0 });
  const ledger = ledgerOf(100, sum);
  assert.ok(balances(ledger));
  assert.deepEqual([ledger.missed, ledger.errors], [20, 10]);
  assert.equal(closeLedger(70, sum).doubled, 30);
});

test("each invocation takes an attempt of its own", async (t) => {
  const { store } = fixture(t);
  const attempts = await Promise.all([1, 2, 3].map(() => takeLease(store, RUN, "w000-s00", 0)));
  assert.deepEqual(attempts.sort(), [1, 2, 3]);
  assert.equal(await takeLease(store, RUN, "w001-s00", 0), 1);
});
