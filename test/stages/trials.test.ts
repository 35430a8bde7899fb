import assert from "node:assert/strict";
import { test } from "node:test";
import { prepareChain } from "../../lib/attack/requests.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { nextTask } from "../../lib/stages/next.ts";
import { planSearch } from "../../lib/stages/trials.ts";
import { planKey, reportKey, scheduleKey, trialId } from "../../lib/store/keys.ts";
import { readJson } from "../../lib/store/store.ts";
import { MemoryStore } from "../support/memoryStore.ts";
import { CALL, checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";

const TIMES = { nowMs: 0, leadMs: 0, leadPerWorkerMs: 0, leadPerMbMs: 0 };

test("each trial of a search asks with other random values, the same in every search of a seed", async () => {
  const body = { ...CALL, params: ["{{randomAddress}}"] };
  const chains = [{ name: "kava", rps: 10, targets: [{ url: "http://127.0.0.1:1", body }] }];
  const plan = checkedPlan("", { chains, profile: { type: "search" }, duration: "1s", slo: { success: 0.9 } });
  const bodies = async (): Promise<string[]> => {
    const store = new MemoryStore();
    await planSearch(store, "s", plan, TIMES);
    const made: string[] = [];
    for (let number = 1; number <= 3; number++) {
      const id = trialId("s", number);
      const trial = await readJson<Plan>(store, planKey(id));
      assert.ok(trial && (await store.get(scheduleKey(id))));
      const [chain] = trial.chains;
      assert.ok(chain);
      made.push(prepareChain(chain, { keepalive: true, seed: trial.seed })(0).http1.toString());
      store.set(reportKey(id, "json"), JSON.stringify(madeReport({ plan: trial })));
      if (number < 3) await nextTask(store, id, TIMES);
    }
    return made;
  };
  const first = await bodies();
  assert.equal(new Set(first).size, 3, "a trial that repeats the values of another finds them in the target's caches");
  assert.deepEqual(await bodies(), first);
});
