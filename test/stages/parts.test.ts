import assert from "node:assert/strict";
import { test } from "node:test";
import { partsOf, scheduleRun } from "../../lib/plan/runSchedule.ts";
import { writePart } from "../../lib/stages/parts.ts";
import { writeReport } from "../../lib/stages/reportRun.ts";
import { assignmentsKey, partKey, planKey, scheduleKey } from "../../lib/store/keys.ts";
import { chunksOf, type Fixture, fixture, RUN, writeChunks, writeSummary } from "../support/results.ts";

/** Five workers: one left chunks alone, one nothing at all, one was taken over. */
async function writeRun(run: Fixture): Promise<void> {
  for (const assignment of run.assignments) {
    if (assignment.worker === 1) await writeChunks(run, chunksOf(run.plan, assignment, 1, 3));
    else if (assignment.worker !== 3) await writeSummary(run, chunksOf(run.plan, assignment, 1, 2));
  }
  await run.store.put(planKey(RUN), JSON.stringify(run.plan));
  await run.store.put(assignmentsKey(RUN), JSON.stringify(run.assignments));
}

async function schedule({ store, plan }: Fixture, workersPerReducer: number) {
  const options = { runId: RUN, startAtMs: 0, leadMs: 0, workersPerReducer };
  const { schedule: made } = scheduleRun({ ...plan, segmentMs: 2_000 }, options);
  await store.put(scheduleKey(RUN), JSON.stringify(made));
  return partsOf(made);
}

test("a run that is reduced in parts has the report of one that is not, whatever its workers left", async (t) => {
  const run = fixture(t, { perWorkerRps: 20 });
  await writeRun(run);
  assert.equal((await schedule(run, 100)).length, 1);
  const whole = await writeReport(run.store, RUN);
  assert.equal(whole.workers.length, 5);
  assert.ok(whole.findings.length > 0);

  const parts = await schedule(run, 2);
  assert.equal(parts.length, 3);
  for (const part of parts) await writePart(run.store, part);
  assert.deepEqual(await writeReport(run.store, RUN), whole);
});

test("a part that no reducer made is made with the report", async (t) => {
  const run = fixture(t, { perWorkerRps: 20 });
  await writeRun(run);
  await schedule(run, 100);
  const whole = await writeReport(run.store, RUN);
  const [first] = await schedule(run, 2);
  assert.ok(first);
  await writePart(run.store, first);
  assert.ok((await run.store.get(partKey(RUN, 0))) !== undefined);
  assert.deepEqual(await writeReport(run.store, RUN), whole);
});
