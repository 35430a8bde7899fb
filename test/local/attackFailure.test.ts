import assert from "node:assert/strict";
import { test } from "node:test";
import { handler } from "../../functions/attack.ts";
import { assign } from "../../lib/plan/assign.ts";
import { reduceRun } from "../../lib/results/reduce.ts";
import { FolderStore } from "../../lib/store/folderStore.ts";
import { failuresPrefix, planKey } from "../../lib/store/keys.ts";
import { temporaryFolder } from "../support/folder.ts";
import { checkedPlan } from "../support/plans.ts";

test("an error that ends a worker is written down, and the reduction says it", async (t) => {
  const folder = temporaryFolder(t);
  const before = process.env.VOLLEY_STORE;
  process.env.VOLLEY_STORE = `file:${folder}`;
  t.after(() => {
    if (before === undefined) delete process.env.VOLLEY_STORE;
    else process.env.VOLLEY_STORE = before;
  });
  const store = new FolderStore(folder);
  const plan = checkedPlan("http://127.0.0.1:1", { workers: 1, duration: "1s" });
  const [assignment] = assign(plan, { runId: "run", startAtMs: Date.now() + 500, leadMs: 0 });
  assert.ok(assignment);
  const [share] = assignment.shares;
  assert.ok(share);
  await store.put(planKey("run"), JSON.stringify(plan));
  const wrong = { ...assignment, shares: [{ ...share, chain: "unknown" }] };
  await assert.rejects(handler({ assignment: wrong }), /found unknown 0\/1/);
  assert.equal((await store.list(failuresPrefix("run"))).length, 1);
  const { findings } = await reduceRun({ store, runId: "run", plan }, [assignment], () => {});
  const [failed] = findings;
  assert.ok(failed?.kind === "failed" && failed.assignment === assignment.id);
  assert.match(failed.error, /shares: found unknown 0\/1/);
});
