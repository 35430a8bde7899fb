import assert from "node:assert/strict";
import { test } from "node:test";
import { checkPlan } from "../../lib/plan/load.ts";
import { InputError } from "../../lib/plan/problems.ts";
import { checkedPlan, planInput } from "../support/plans.ts";

const URL = "ws://127.0.0.1:8546/v1";
const BODY = { jsonrpc: "2.0", id: 1, method: "eth_blockNumber", params: [] };

function problemsOf(changes: Record<string, unknown>, target: Record<string, unknown> = {}): string[] {
  try {
    const chains = [{ name: "node", rps: 10, targets: [{ url: URL, body: BODY, ...target }] }];
    checkPlan(planInput("ws://127.0.0.1:8546", { chains, ...changes }), ".", "a plan");
    return [];
  } catch (error) {
    assert.ok(error instanceof InputError);
    return error.problems.map(({ found, expected }) => `${found}: ${expected}`);
  }
}

test("a WebSocket's calls get ids of their own, for the answers are told apart by them", () => {
  const plan = checkedPlan("ws://127.0.0.1:8546");
  assert.match(plan.chains[0]?.targets[0]?.body ?? "", /"id":\{\{id\}\}/);
});

for (const [what, changes, target, expected] of [
  ["a body that is no call", {}, { body: "ping" }, /a JSON-RPC call with an id/],
  ["a notification", {}, { body: { jsonrpc: "2.0", method: "eth_ping" } }, /a JSON-RPC call with an id/],
  ["a target of plain HTTP", {}, { expect: "http" }, /a JSON-RPC call with an id/],
  ["a placeholder in the URL", {}, { url: `${URL}/{{randomHex 4}}` }, /sent once, with the handshake/],
  ["a placeholder in a header", {}, { headers: { "X-Id": "{{id}}" } }, /sent once, with the handshake/],
  ["a connection for each request", { keepalive: false }, {}, /a WebSocket carries many calls/],
  ["the stand-in gateway", { gateway: {} }, {}, /speaks no WebSocket/],
  ["a host that is not allowed", {}, { url: "wss://gateway.example/" }, /allowedHosts/],
  ["credentials in the URL", {}, { url: "wss://me:secret@127.0.0.1/" }, /without credentials/],
] as const) {
  test(`a WebSocket is refused with ${what}`, () => {
    assert.match(problemsOf(changes, target).join("\n"), expected);
  });
}

test("a WebSocket may be allowed as any host is, and its key may be a secret", () => {
  const target = { url: "wss://gateway.example/v2/env://KEY", headers: { "X-Key": "env://KEY" } };
  assert.deepEqual(problemsOf({ allowedHosts: ["gateway.example"] }, target), []);
});

test("another origin keeps a WebSocket one", () => {
  const chains = [{ name: "node", rps: 10, targets: [{ url: URL, body: BODY }] }];
  const moved = (origin: string) =>
    checkPlan(planInput("", { chains }), ".", "a plan", { origin }).chains[0]?.targets[0]?.url;
  assert.equal(moved("http://127.0.0.1:9"), "ws://127.0.0.1:9/v1");
  assert.equal(moved("https://127.0.0.1:9"), "wss://127.0.0.1:9/v1");
});
