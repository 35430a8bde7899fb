import assert from "node:assert/strict";
import { test } from "node:test";
import { allowanceOf, allowanceProblems, heldTo } from "../../lib/plan/allowance.ts";
import { checkedPlan } from "../support/plans.ts";

const PLAN = checkedPlan("https://gateway.example", { allowedHosts: ["gateway.example"] });

test("a plan from the store speaks to the places of its start alone, whatever it says by then", () => {
  const changed = {
    ...PLAN,
    allowedHosts: ["evil.example"],
    observeHosts: ["evil.example"],
    resolve: { "gateway.example": "10.0.0.1" },
    unixSocket: "/var/run/docker.sock",
  };
  assert.deepEqual(heldTo(changed, allowanceOf(PLAN)), PLAN);
  assert.deepEqual(heldTo(changed, undefined), changed, "in AWS the deployment's guards are held against it");
});

test("the places that a plan names at its start stay allowed: observed hosts, addresses of names, a unix socket", () => {
  const places = {
    observeHosts: ["metrics.example"],
    resolve: { "gateway.example": "203.0.113.7" },
    unixSocket: "/run/gateway.sock",
  };
  const named = { ...PLAN, ...places };
  assert.deepEqual(heldTo({ ...PLAN, observeHosts: ["evil.example"] }, allowanceOf(named)), named);
  const { maxRps: _, maxSubscribers: _subscribers, maxDurationMs: _length, ...bare } = allowanceOf(PLAN);
  assert.deepEqual(bare, { allowedHosts: ["gateway.example"] }, "and none is named that the plan lacks");
});

test("what is above an allowance is told with both figures", () => {
  const warm = { ...PLAN, warmupMs: 5_000 };
  const longer = {
    ...warm,
    durationMs: warm.durationMs + 1,
    chains: warm.chains.map((chain) => ({ ...chain, rps: 200 })),
  };
  const [rate, length] = allowanceProblems(longer, allowanceOf(warm));
  assert.deepEqual(
    [rate, length],
    [
      { where: "$.chains", found: "200 requests per second", expected: "at most 100, as when the run started" },
      {
        where: "$.duration",
        found: `${warm.durationMs + 5_001} ms`,
        expected: `at most ${warm.durationMs + 5_000} ms, as when the run started`,
      },
    ],
  );
  assert.deepEqual(allowanceProblems(warm, allowanceOf(warm)), [], "the warm-up belongs to it");
});

test("a plan that was made faster or longer in the store is told, right from above what it was", () => {
  const problems = (changes: object): string[] =>
    allowanceProblems({ ...PLAN, ...changes }, allowanceOf(PLAN)).map(({ where }) => where);
  assert.deepEqual(problems({}), []);
  assert.deepEqual(problems({ chains: PLAN.chains.map((chain) => ({ ...chain, rps: 101 })) }), ["$.chains"]);
  assert.deepEqual(problems({ durationMs: PLAN.durationMs + 1 }), ["$.duration"]);
  assert.deepEqual(problems({ durationMs: "long" }), ["$.duration"]);
  const subscriptions = [{ name: "newHeads", url: "wss://gateway.example", to: "newHeads", subscribers: 1 }];
  const chains = PLAN.chains.map((chain) => ({ ...chain, subscriptions }));
  assert.deepEqual(problems({ chains }), ["$.chains"], "it began without subscribers");
  const replay = { replay: Array.from({ length: 1_000 }, (_, n) => n % 10) };
  assert.deepEqual(problems({ chains: PLAN.chains.map((chain) => ({ ...chain, ...replay })) }), ["$.chains"]);
});

test("a search has no bound of its rate, and its trials may be longer than its plan says", () => {
  const search = checkedPlan("https://gateway.example", {
    allowedHosts: ["gateway.example"],
    profile: { type: "search" },
  });
  const trial = { ...search, profile: { type: "constant" as const }, durationMs: 120_000, warmupMs: 0 };
  for (const chain of trial.chains) chain.rps = 40_000;
  assert.deepEqual(allowanceProblems(trial, allowanceOf(search)), []);
});
