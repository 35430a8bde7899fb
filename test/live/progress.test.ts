import assert from "node:assert/strict";
import { test } from "node:test";
import { Recorder } from "../../lib/attack/recorder.ts";
import { Progress } from "../../lib/live/progress.ts";
import type { Chunk } from "../../lib/results/chunk.ts";
import { chunkKey } from "../../lib/store/keys.ts";
import { MemoryStore } from "../support/memoryStore.ts";
import { checkedPlan } from "../support/plans.ts";
import { healthSample } from "../support/reports.ts";

/** What is shown of a chain of which 100 requests ended: some without a response, all others after 10 ms. */
async function shown(failed: number, failure: string) {
  const plan = checkedPlan("http://127.0.0.1:1", { timeout: "2s", duration: "10s", workers: 1 });
  const [chain] = plan.chains;
  assert.ok(chain);
  const recorder = new Recorder(chain.name, "measure", 1_000);
  for (let n = 0; n < 100; n++) {
    recorder.sent(n, 0, 60);
    if (n < failed) recorder.failed(n, failure);
    else recorder.responded(n, { responseMs: 10, serviceMs: 10, status: 200, bytes: 40, classified: "valid" });
  }
  const series = recorder.take();
  assert.ok(series);
  const chunk: Chunk = {
    ...{ version: 2, runId: "r", assignment: "w000-s00", worker: 0, segment: 0, attempt: 1, intervalMs: 1_000 },
    ...{ sequence: 1, atMs: 1_000, series: [series], health: healthSample() },
  };
  const store = new MemoryStore();
  store.set(chunkKey("r", chunk.assignment, 1, 1), JSON.stringify(chunk));
  const progress = new Progress(store, "r", plan);
  assert.equal(await progress.update(), true);
  const [own] = progress.chains();
  assert.ok(own);
  return own;
}

test("the live view's percentiles are of all requests that ended: one without a response counts as the timeout", async () => {
  const few = await shown(1, "headers-timeout");
  assert.ok(Math.abs((few.p99Ms ?? 0) - 10) < 0.1, "99 of 100 were answered after 10 ms");
  const more = await shown(2, "headers-timeout");
  assert.equal(more.p99Ms, 2_000);
  assert.ok(Math.abs((more.p50Ms ?? 0) - 10) < 0.1);
  const refused = await shown(60, "ECONNREFUSED");
  assert.equal(refused.p50Ms, 2_000, "a refusal, however quick, makes no percentile better");
  assert.equal((await shown(100, "ECONNREFUSED")).p50Ms, 2_000);
  assert.deepEqual([refused.success, refused.errors, refused.valid], [0.4, 60, 40]);
});

test("the live view does not count requests in flight at an abort as slow ones", async () => {
  const { p99Ms } = await shown(50, "aborted");
  assert.ok(Math.abs((p99Ms ?? 0) - 10) < 0.1, String(p99Ms));
});
