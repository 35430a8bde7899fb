import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
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

/** A store whose calls wait until they are let go, and the calls that were made. */
function heldStore(folder: string): { store: FolderStore; calls: string[]; letGo(): void } {
  const calls: string[] = [];
  let letGo: () => void = () => {};
  const free = new Promise<void>((done) => {
    letGo = done;
  });
  class HeldStore extends FolderStore {
    override async put(key: string, body: string): Promise<void> {
      calls.push("put");
      await free;
      await super.put(key, body);
    }
    override async putIfAbsent(key: string, body: string): Promise<boolean> {
      calls.push("putIfAbsent");
      if (calls.length > 1) await free;
      return super.putIfAbsent(key, body);
    }
    override async get(key: string): Promise<string | undefined> {
      calls.push("get");
      await free;
      return super.get(key);
    }
  }
  return { store: new HeldStore(folder), calls, letGo };
}

test("renewals that a slow store holds up do not pile up: a run's end waits for one of them", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const { store, calls, letGo } = heldStore(temporaryFolder(t));
  const lease = await RunnerLease.take(store, "run");
  for (let seconds = 0; seconds < 60; seconds++) {
    t.mock.timers.tick(1_000);
    await turn();
  }
  assert.deepEqual(calls, ["putIfAbsent", "get", "put"]);
  letGo();
  await lease.end();
  assert.deepEqual(calls, ["putIfAbsent", "get", "put", "put"]);
});

test("a runner that is about to lose a run writes nothing over the lease of the one that gets it", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const folder = temporaryFolder(t);
  const { store, calls, letGo } = heldStore(folder);
  calls.push("so that the next call waits");
  const losing = RunnerLease.take(store, "run");
  losing.catch(() => {});
  await new Promise((done) => setTimeout(done, 50));
  const winner = await RunnerLease.take(new FolderStore(folder), "run");
  t.after(() => winner.release());
  for (let seconds = 0; seconds < 5; seconds++) {
    t.mock.timers.tick(1_000);
    await turn();
  }
  letGo();
  await assert.rejects(losing, /another runner has just taken run/);
  assert.deepEqual(calls.slice(1), ["putIfAbsent"]);
});
