import { test } from "node:test";
import { warmUp } from "../../lib/attack/warmup.ts";
import { systemClock } from "../../lib/store/clock.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";

/** Nothing listens there: a warm-up stays in its process. */
const ORIGIN = "http://127.0.0.1:1";
const SUBSCRIBERS = { name: "blocks", subscriptions: [{ url: "ws://127.0.0.1:1", to: "newHeads", subscribers: 2 }] };

test("subscribers alone are not warmed up, and end no worker before its start", async () => {
  await warmUp(systemClock, checkedPlan(ORIGIN, { chains: [SUBSCRIBERS] }), 2_000, 100);
});

test("a chain of subscribers does not keep another chain from its warm-up", async () => {
  const chains = [SUBSCRIBERS, chainInput("ethereum", 100, ORIGIN)];
  await warmUp(systemClock, checkedPlan(ORIGIN, { chains }), 600, 100);
});
