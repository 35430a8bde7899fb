import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { findingText, workerErrors } from "../../lib/results/findings.ts";
import { balances, closeLedger, ledgerOf } from "../../lib/results/ledger.ts";
import { type Reduction, reduceRun } from "../../lib/results/reduce.ts";
import { SeriesSum } from "../../lib/results/seriesSum.ts";
import type { WorkerResult } from "../../lib/results/workerSum.ts";
import { chunkKey, failureKey, leftKey, lostPrefix, summaryKey, tasksPrefix } from "../../lib/store/keys.ts";
import { takeLease } from "../../lib/store/lease.ts";
import { SubscriptionRecorder } from "../../lib/ws/subscriptionRecorder.ts";
import { chainInput } from "../support/plans.ts";
import { healthSample } from "../support/reports.ts";
import { chunksOf, emptyChunk, type Fixture, fixture, RUN, writeChunks, writeSummary } from "../support/results.ts";

const ORIGIN = "http://127.0.0.1:1";

async function reduce({ store, plan, assignments }: Fixture): Promise<Reduction & { workers: WorkerResult[] }> {
  const workers: WorkerResult[] = [];
  const reduction = await reduceRun({ store, runId: RUN, plan }, assignments, (worker) => workers.push(worker));
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

test("summaries are fetched together and each once; one that cannot be fetched is named, and its chunks are read", async (t) => {
  const run = fixture(t);
  const [first] = run.assignments;
  assert.ok(first);
  for (const assignment of run.assignments) {
    const chunks = chunksOf(run.plan, assignment, 1, 2);
    await writeChunks(run, chunks);
    await writeSummary(run, chunks);
  }
  const failing = summaryKey(RUN, first.id, 1);
  const asked: string[] = [];
  let most = 0;
  let fetching = 0;
  const store = new Proxy(run.store, {
    get: (target, name, receiver) => {
      if (name !== "get") return Reflect.get(target, name, receiver).bind(target);
      return async (key: string) => {
        asked.push(key);
        most = Math.max(most, ++fetching);
        try {
          await sleep(5);
          if (key === failing) throw new Error("AccessDenied");
          return await target.get(key);
        } finally {
          fetching--;
        }
      };
    },
  });
  const { chains, findings } = await reduce({ ...run, store });
  assert.equal(chains[0]?.ledger.valid, 400);
  assert.deepEqual(findings.map(findingText), [
    `${failing} cannot be read: AccessDenied`,
    `${first.id}: attempt 1 wrote no summary; it was read from its 2 chunks`,
  ]);
  assert.equal(new Set(asked).size, asked.length, "each once");
  assert.ok(most >= run.assignments.length, `${most} at once`);
});

test("a worker that left nothing is named, and its requests are booked as lost", async (t) => {
  const run = fixture(t);
  const [lost, ...others] = run.assignments;
  for (const assignment of others) await writeSummary(run, chunksOf(run.plan, assignment, 1, 2));
  const { chains, findings, workers } = await reduce(run);
  assert.match(findings.map(findingText).join("\n"), new RegExp(lost?.id ?? ""));
  const ledger = chains[0]?.ledger;
  assert.ok(ledger && balances(ledger));
  assert.equal(ledger.missed, 100);
  assert.equal(chains[0]?.sum.missed.lost, 100);
  assert.ok(workers[0]?.outcomes.includes("lost"));
});

test("what no host of a fleet took, or took over, is named, and so are hosts that gave theirs back", async (t) => {
  const run = fixture(t);
  const [untaken, dropped, ...others] = run.assignments;
  assert.ok(untaken && dropped);
  for (const { id } of [untaken, dropped]) await run.store.put(`${lostPrefix(RUN)}${id}.json`, "{}");
  await run.store.put(`${lostPrefix(RUN)}w999-s00.json`, "{}");
  await run.store.put(`${tasksPrefix(RUN)}${untaken.id}/1/task.json`, "{}");
  await run.store.put(`${tasksPrefix(RUN)}${dropped.id}/1/claim.json`, "{}");
  await run.store.put(leftKey(RUN, dropped.id, 7), JSON.stringify({ host: "h", why: "stopped" }));
  await run.store.put(leftKey(RUN, "w999-s00", 7), JSON.stringify({ host: "h", why: "spot" }));
  for (const assignment of others) await writeSummary(run, chunksOf(run.plan, assignment, 1, 2));
  const { findings } = await reduce(run);
  const texts = findings.map(findingText);
  assert.ok(texts.includes(`${untaken.id}: no host of the fleet took it`), texts.join("\n"));
  assert.ok(texts.includes(`${dropped.id}: its host was lost, and no other host took over`), texts.join("\n"));
  assert.ok(texts.includes(`${dropped.id}: h gave it back: the host was stopped`), texts.join("\n"));
  assert.doesNotMatch(texts.join("\n"), /w999/, "the assignments of other parts are left to their reducers");
  assert.deepEqual(workerErrors(findings), [
    "no host of the fleet took it",
    "its host was lost, and no other host took over",
  ]);
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
  assert.match(findings.map(findingText).join("\n"), /25 requests of which nothing is known/);
});

test("a worker whose event loop stood still is named, with how long and when", async (t) => {
  const run = fixture(t);
  for (const [index, assignment] of run.assignments.entries()) {
    const [first, ...others] = chunksOf(run.plan, assignment, 1, 2);
    assert.ok(first);
    const health = { ...first.health, atMs: 1_500, frozenMs: 2_345 };
    await writeSummary(run, [index === 0 ? { ...first, health } : first, ...others]);
  }
  const { findings } = await reduce(run);
  const [{ id } = assert.fail()] = run.assignments;
  assert.deepEqual(findings.map(findingText), [`${id}: the worker's event loop stood still for 2.3 s before 1.5 s`]);
});

test("an object that cannot be read is named and ends nothing", async (t) => {
  const run = fixture(t);
  const [first, ...others] = run.assignments;
  assert.ok(first);
  for (const assignment of others) await writeSummary(run, chunksOf(run.plan, assignment, 1, 2));
  await writeChunks(run, chunksOf(run.plan, first, 1, 2));
  await run.store.put(chunkKey(RUN, first.id, 1, 1), '{"version":2,"series":[{"chain":"eth');
  const { chains, findings } = await reduce(run);
  assert.ok(balances(chains[0]?.ledger ?? assert.fail()));
  assert.match(findings.map(findingText).join("\n"), /000001\.json/);
});

test("subscribers' times that cannot be read are named and end nothing", async (t) => {
  const run = fixture(t);
  const [first, ...others] = run.assignments;
  assert.ok(first);
  for (const assignment of others) await writeSummary(run, chunksOf(run.plan, assignment, 1, 2));
  const [chunk, ...rest] = chunksOf(run.plan, first, 1, 2);
  const [series] = chunk?.series ?? [];
  assert.ok(chunk && series);
  const subscriptions = new SubscriptionRecorder(true);
  subscriptions.connecting(false);
  const newHeads = subscriptions.take(1_000) ?? assert.fail("nothing was recorded");
  series.subscriptions = { newHeads: { ...newHeads, subscribeTime: "no histogram" } };
  await writeChunks(run, [chunk, ...rest]);
  const { chains, findings } = await reduce(run);
  assert.ok(balances(chains[0]?.ledger ?? assert.fail()));
  assert.deepEqual(
    findings.flatMap((each) => (each.kind === "histogram" ? [each.assignment] : [])),
    [first.id],
  );
});

test("a run is finished when the last of its workers is", async (t) => {
  const run = fixture(t);
  for (const [index, assignment] of run.assignments.entries()) {
    const chunks = chunksOf(run.plan, assignment, 1, 1);
    await writeSummary(
      run,
      chunks.map((chunk) => ({ ...chunk, atMs: [2_100, 4_250, 3_900, 4_100][index] ?? assert.fail() })),
    );
  }
  assert.equal((await reduce(run)).finishedMs, 4_250);
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
  assert.match(wrong.findings.map(findingText).join("\n"), /50 requests more than were scheduled/);
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

test("what is lost is booked in the seconds in which it was due, so that each second balances", async (t) => {
  const run = fixture(t);
  const [first, second] = run.assignments;
  assert.ok(first && second);
  for (const [index, assignment] of run.assignments.entries()) {
    const chunks = chunksOf(run.plan, assignment, 1, 4);
    if (index === 0) continue;
    if (index === 1) {
      const [a, b] = chunks;
      assert.ok(a && b);
      // Two chunks are gone, and of one only that its requests were sent is known.
      const sent = structuredClone(b);
      for (const series of sent.series) {
        series.valid = 0;
        for (const row of series.seconds) row[3] = 0;
      }
      await writeChunks(run, [a, sent]);
    } else await writeSummary(run, chunks);
  }
  const { chains } = await reduce(run);
  const { ledger, sum } = chains[0] ?? assert.fail();
  assert.ok(balances(ledger));
  assert.ok((sum.missed.lost ?? 0) > 0 && (sum.errors.lost ?? 0) > 0);
  const total = { sent: 0, missed: 0, errors: 0, valid: 0 };
  for (const [index, counts] of sum.seconds) {
    assert.equal(counts.sent + counts.missed, 100, `second ${index}: ${JSON.stringify(counts)}`);
    assert.equal(counts.sent, counts.valid + counts.invalid + counts.errors, `second ${index}`);
    assert.equal(counts.errors, counts.classes?.lost ?? 0);
    for (const key of ["sent", "missed", "errors", "valid"] as const) total[key] += counts[key];
  }
  assert.deepEqual(total, { sent: ledger.sent, missed: ledger.missed, errors: ledger.errors, valid: ledger.valid });
});

test("an error that a worker wrote down is a finding of its assignment, and of no other run", async (t) => {
  const run = fixture(t);
  const [failed, ...others] = run.assignments;
  assert.ok(failed);
  for (const assignment of others) await writeSummary(run, chunksOf(run.plan, assignment, 1, 2));
  await run.store.put(failureKey(RUN, failed.id, 1), "no secret at env://TOKEN");
  await run.store.put(failureKey("another", failed.id, 1), "something else");
  const { findings } = await reduce(run);
  assert.deepEqual(
    findings.filter(({ kind }) => kind === "failed"),
    [{ kind: "failed", assignment: failed.id, error: "no secret at env://TOKEN" }],
  );
});

test("a chain of which no request is due has a result, and its workers are in order", async (t) => {
  const chains = [chainInput("kava", 50, ORIGIN), chainInput("quiet", 0.01, ORIGIN)];
  // Of a Poisson process of 0.04 requests there is none, but for one seed of 25.
  const run = fixture(t, { chains, arrivals: "poisson" });
  for (const assignment of run.assignments) {
    if (assignment.shares[0]?.chain === "kava") await writeSummary(run, chunksOf(run.plan, assignment, 1, 2));
    else await writeSummary(run, [{ ...emptyChunk(assignment), health: healthSample() }]);
  }
  const { chains: results, findings } = await reduce(run);
  assert.deepEqual(findings, []);
  assert.deepEqual(
    results.map(({ chain, ledger }) => [chain, ledger.scheduled > 0]),
    [
      ["kava", true],
      ["quiet", false],
    ],
  );
});
