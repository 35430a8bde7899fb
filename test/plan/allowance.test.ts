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
