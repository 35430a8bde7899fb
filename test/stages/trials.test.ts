import assert from "node:assert/strict";
import { test } from "node:test";
import { prepareChain } from "../../lib/attack/requests.ts";
import { searchText, trialText } from "../../lib/live/search.ts";
import { guardProblems } from "../../lib/plan/guards.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { renderMarkdown } from "../../lib/render/exports/markdown.ts";
import type { Trial } from "../../lib/report/capacity.ts";
import type { Report } from "../../lib/report/schema.ts";
import { nextTask } from "../../lib/stages/next.ts";
import { planTask } from "../../lib/stages/plan.ts";
import { planSearch } from "../../lib/stages/trials.ts";
import { planKey, reportKey, scheduleKey, searchKey, trialId } from "../../lib/store/keys.ts";
import { readJson, requireJson } from "../../lib/store/store.ts";
import { MemoryStore } from "../support/memoryStore.ts";
import { PLAN_PORTS } from "../support/planPorts.ts";
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

const CHAIN = { name: "kava", rps: 10, targets: [{ url: "http://gateway.example/", body: CALL }] };

/** Searches in a deployment whose gateway meets every SLO; returns the total rate of each trial, and the report. */
async function searched(input: object, deployed: object): Promise<{ rates: number[]; report: Report }> {
  const profile = { type: "search", repeats: 0 };
  const plan = checkedPlan("", { profile, allowedHosts: ["gateway.example"], slo: { success: 0 }, ...input });
  const store = new MemoryStore();
  await store.put(planKey("s"), JSON.stringify(plan));
  const allowed = { allowedHosts: ["gateway.example"], maxRps: 1_000, maxDurationMs: 1e6, maxWorkers: 5, maxUsd: 10 };
  const guards = { ...allowed, ...deployed };
  await planTask(store, "s", { planKey: planKey("s") }, { ...PLAN_PORTS, guards, times: () => TIMES });
  const rates: number[] = [];
  for (let isOver = false; !isOver; ) {
    const id = trialId("s", rates.length + 1);
    const trial = await requireJson<Plan>(store, planKey(id));
    assert.deepEqual(guardProblems(trial, guards, 1_000), []);
    rates.push(trial.chains.reduce((sum, { rps }) => sum + rps, 0));
    store.set(reportKey(id, "json"), JSON.stringify(madeReport({ plan: trial })));
    isOver = (await nextTask(store, id, TIMES)).done;
  }
  return { rates, report: await requireJson<Report>(store, reportKey("s", "json")) };
}

test("in a deployment no trial is above its maxRps, and the report names the limit that ended the search", async () => {
  const { rates, report } = await searched({ chains: [CHAIN] }, { maxRps: 12 });
  assert.deepEqual(rates, [10, 12]);
  assert.match(
    String(report.verdict.reasons),
    /limit of 12 \(maxRps\) ended the search: its capacity is at least that/,
  );
});

test("in a deployment a plan's own lower limit holds, and no trial has more workers than are allowed", async () => {
  assert.deepEqual((await searched({ chains: [CHAIN], limits: { maxRps: 11 } }, {})).rates, [10, 11]);
  assert.deepEqual((await searched({ chains: [CHAIN], perWorkerRps: 3 }, {})).rates, [10, 15]);
  const chains = [CHAIN, { ...CHAIN, name: "boba" }];
  const { rates } = await searched({ chains, perWorkerRps: 10 }, {});
  assert.equal(Math.round(Math.max(...rates)), 40);
});

const SUBSCRIPTION = { url: "ws://gateway.example/", to: "newHeads", subscribers: 300, ramp: "6s" };

/** The report of a trial whose subscribers were all served. */
function reachedReport(plan: Plan): Report {
  const { chains, verdict, ...report } = madeReport({ plan });
  return {
    ...report,
    chains: chains.map(({ subscriptions = [], ...chain }) => ({
      ...chain,
      subscriptions: subscriptions.map((each) => ({ ...each, reached: each.subscribers })),
    })),
    verdict: { ...verdict, pass: true, valid: true, generator: true, reasons: [], causes: [] },
  };
}

test("a trial of subscribers keeps their proportion and pace, and lasts longer where these connect longer", async () => {
  const subscriptions = [SUBSCRIPTION, { ...SUBSCRIPTION, subscribers: 100, ramp: "2s" }];
  const chains = [{ name: "kava", subscriptions }];
  const profile = { type: "search", repeats: 0 };
  const plan = checkedPlan("", { chains, profile, duration: "10s", allowedHosts: ["gateway.example"] });
  const store = new MemoryStore();
  await planSearch(store, "s", plan, TIMES);
  const trials: Plan[] = [];
  for (const number of [1, 2]) {
    const trial = await requireJson<Plan>(store, planKey(trialId("s", number)));
    trials.push(trial);
    store.set(reportKey(trialId("s", number), "json"), JSON.stringify(reachedReport(trial)));
    await nextTask(store, trialId("s", number), TIMES);
  }
  const shown = trials.map(({ chains: [chain], durationMs }) => ({
    durationMs,
    subscriptions: chain?.subscriptions?.map(({ subscribers, rampMs }) => [subscribers, rampMs]),
  }));
  assert.deepEqual(shown, [
    {
      durationMs: 10_000,
      subscriptions: [
        [300, 6_000],
        [100, 2_000],
      ],
    },
    {
      durationMs: 13_000,
      subscriptions: [
        [450, 9_000],
        [150, 3_000],
      ],
    },
  ]);
});

test("subscribers of a trial connect within half of the longest trial, however slowly the plan's connect", async () => {
  const chains = [{ name: "kava", subscriptions: [{ ...SUBSCRIPTION, ramp: "100s" }] }];
  const profile = { type: "search", repeats: 0 };
  const plan = checkedPlan("", { chains, profile, duration: "110s", allowedHosts: ["gateway.example"] });
  const store = new MemoryStore();
  await planSearch(store, "s", plan, TIMES);
  const trial = await requireJson<Plan>(store, planKey(trialId("s", 1)));
  assert.equal(trial.chains[0]?.subscriptions?.[0]?.rampMs, 60_000);
  assert.equal(trial.durationMs, 110_000);
});

test("in a deployment a search for subscribers stays within its workers, and the report names the limit", async () => {
  const chains = [{ name: "kava", subscriptions: [{ ...SUBSCRIPTION, subscribers: 2_000 }] }];
  const store = new MemoryStore();
  const profile = { type: "search", repeats: 0 };
  const input = { chains, profile, duration: "10s", allowedHosts: ["gateway.example"], preflight: false };
  await store.put(planKey("s"), JSON.stringify(checkedPlan("", input)));
  const allowed = { allowedHosts: ["gateway.example"], maxRps: 1_000, maxDurationMs: 1e6, maxWorkers: 5, maxUsd: 10 };
  await planTask(store, "s", { planKey: planKey("s") }, { ...PLAN_PORTS, guards: allowed, times: () => TIMES });
  const counts: number[] = [];
  for (let isOver = false; !isOver; ) {
    const id = trialId("s", counts.length + 1);
    const trial = await requireJson<Plan>(store, planKey(id));
    assert.deepEqual(guardProblems(trial, allowed, 1_000), []);
    counts.push(trial.chains[0]?.subscriptions?.[0]?.subscribers ?? 0);
    store.set(reportKey(id, "json"), JSON.stringify(reachedReport(trial)));
    isOver = (await nextTask(store, id, TIMES)).done;
  }
  assert.deepEqual(counts, [2_000, 2_500]);
  const report = await requireJson<Report>(store, reportKey("s", "json"));
  assert.match(String(report.verdict.reasons), /limit of 2500 \(maxSubscribers\) ended the search/);
  const text = String(await store.get(reportKey("s", "txt")));
  assert.match(renderMarkdown(report), /\*\*kava\*\* carries 2,500 subscribers/);
  assert.match(text, /capacity, subscribers +alone[^\n]*\n[^\n]*\n?kava +2,500/);
});

test("a search whose gateway serves not even one subscriber says at which number it began", async () => {
  const chains = [{ name: "kava", subscriptions: [{ ...SUBSCRIPTION, subscribers: 3, ramp: "1s" }] }];
  const profile = { type: "search", repeats: 0 };
  const plan = checkedPlan("", { chains, profile, duration: "10s", allowedHosts: ["gateway.example"] });
  const store = new MemoryStore();
  await planSearch(store, "s", plan, TIMES);
  const counts: number[] = [];
  for (let isOver = false; !isOver; ) {
    const id = trialId("s", counts.length + 1);
    const trial = await requireJson<Plan>(store, planKey(id));
    counts.push(trial.chains[0]?.subscriptions?.[0]?.subscribers ?? 0);
    const { verdict, ...report } = reachedReport(trial);
    store.set(reportKey(id, "json"), JSON.stringify({ ...report, verdict: { ...verdict, pass: false } }));
    isOver = (await nextTask(store, id, TIMES)).done;
  }
  assert.deepEqual(counts, [3, 2, 1]);
  const trials = await requireJson<Trial[]>(store, searchKey("s"));
  assert.match(trialText(plan, trials[1] as Trial), /^trial 2, alone: kava 2 subscribers missed the SLO/);
  assert.match(
    searchText(plan, trials.slice(0, 1), 60_000) ?? "",
    /^trial 2 of at most \d+, kava: below 3 subscribers;/,
  );
  const { verdict } = await requireJson<Report>(store, reportKey("s", "json"));
  assert.deepEqual(verdict.reasons, ["kava met the SLO with no number of subscribers: begin with fewer than 3."]);
});

test("a plan with more subscribers than its limit is refused, and so is a search for subscribers that it has not", () => {
  const chains = [{ name: "kava", subscriptions: [SUBSCRIPTION] }];
  const input = { duration: "10s", allowedHosts: ["gateway.example"] };
  assert.throws(
    () => checkedPlan("", { ...input, chains, limits: { maxSubscribers: 299 } }),
    /found 300 subscribers in all; expected at most the limit of 299/,
  );
  const profile = { type: "search", over: "subscribers" };
  assert.throws(() => checkedPlan("", { ...input, chains: [CHAIN], profile }), /found no subscriptions/);
});
