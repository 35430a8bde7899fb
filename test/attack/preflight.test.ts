import assert from "node:assert/strict";
import { test } from "node:test";
import { type Preflight, preflight, preflightProblems } from "../../lib/attack/preflight.ts";
import { checkedPlan } from "../support/plans.ts";
import { DEAD_ORIGIN } from "../support/servers.ts";
import { socketServer } from "../support/webSockets.ts";

test("a target that a busy machine was too late to ask is no dead target; one that refused is", () => {
  const place = { chain: 0, target: 0, where: "$.chains[0].targets[0]", url: "http://127.0.0.1:1/" };
  const asked: Preflight = { ...place, isAnswered: false, isSent: true };
  assert.deepEqual(preflightProblems([{ ...asked, isSent: false }]), []);
  assert.match(preflightProblems([{ ...asked, failure: "ECONNREFUSED" }])[0]?.found ?? "", /no response: ECONNREFUSED/);
});

test("targets and subscriptions over WebSockets are tried once each, and a dead one is named by its path", async (t) => {
  const server = await socketServer(t);
  const dead = DEAD_ORIGIN.replace("http:", "ws:");
  const call = { jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] };
  const plan = checkedPlan("", {
    chains: [
      {
        name: "node",
        rps: 10,
        targets: [{ url: server.origin, body: call }],
        subscriptions: [server.origin, dead].map((url) => ({ url, to: "newHeads", subscribers: 2, ramp: "0.1s" })),
      },
    ],
  });
  const results = await preflight(plan, {});
  assert.deepEqual(
    results.map(({ isAnswered }) => isAnswered),
    [true, true, false],
  );
  const [problem, ...others] = preflightProblems(results);
  assert.equal(problem?.where, "$.chains[0].subscriptions[1]");
  assert.match(problem?.found ?? "", /no response: ECONNREFUSED/);
  assert.deepEqual(others, []);
  const methods = server.messages.map((text) => (JSON.parse(text) as { method: string }).method);
  assert.deepEqual(methods.sort(), ["eth_chainId", "eth_subscribe"]);
});
