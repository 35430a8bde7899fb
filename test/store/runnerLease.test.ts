import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { FolderStore } from "../../lib/store/folderStore.ts";
import { runnerKey } from "../../lib/store/keys.ts";
import { RunnerLease, runnerState } from "../../lib/store/runnerLease.ts";
import { temporaryFolder } from "../support/folder.ts";

test("a run is nobody's, then its runner's, then over", async (t) => {
  const store = new FolderStore(temporaryFolder(t));
  assert.equal(await runnerState(store, "run"), "none");
  const lease = await RunnerLease.take(store, "run");
  t.after(() => lease.release());
  assert.equal(await runnerState(store, "run"), "alive");
  await lease.end();
  assert.equal(await runnerState(store, "run"), "ended");
});

test("a runner whose process is not there is dead at once, one that is silent some seconds later", async (t) => {
  const store = new FolderStore(temporaryFolder(t));
  const lease = await RunnerLease.take(store, "run");
  lease.release();
  const beganMs = performance.now();
  assert.equal(await runnerState(store, "run"), "dead");
  assert.ok(performance.now() - beganMs > 2_000, "a process that is there may only be slow");

  const { pid } = spawnSync("true");
  const text = await store.get(runnerKey("run", 1));
  await store.put(runnerKey("run", 1), JSON.stringify({ ...JSON.parse(text ?? ""), pid }));
  const againMs = performance.now();
  assert.equal(await runnerState(store, "run"), "dead");
  assert.ok(performance.now() - againMs < 1_000);
});

test("of two runners that take a run at once one gets it, and one that is taken over is told", async (t) => {
  const store = new FolderStore(temporaryFolder(t));
  const both = await Promise.allSettled([RunnerLease.take(store, "run"), RunnerLease.take(store, "run")]);
  const [taken, ...others] = both.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
  assert.ok(taken);
  assert.equal(others.length, 0);
  const next = await RunnerLease.take(store, "run");
  t.after(() => next.release());
  await assert.rejects(taken.lost, /another runner has taken run/);
});
