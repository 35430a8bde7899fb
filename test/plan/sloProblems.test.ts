import assert from "node:assert/strict";
import { test } from "node:test";
import { checkPlan } from "../../lib/plan/load.ts";
import { InputError } from "../../lib/plan/problems.ts";
import { chainInput, planInput } from "../support/plans.ts";

const ORIGIN = "http://127.0.0.1:8545";

function problems(changes: object, chain: object = {}): string {
  const chains = [{ ...chainInput("kava", 10, ORIGIN), ...chain }];
  try {
    checkPlan(planInput(ORIGIN, { chains, ...changes }), ".", "plan.json");
    return "";
  } catch (error) {
    assert.ok(error instanceof InputError);
    return error.message;
  }
}

test("an SLO on a method that nothing calls names the one that was meant", () => {
  assert.equal(problems({ slo: { methods: { eth_blockNumber: { p99Ms: 5 } } } }), "");
  assert.match(problems({ slo: { methods: { eth_blockNumbr: { p99Ms: 5 } } } }), /"eth_blockNumber", perhaps/);
  assert.match(
    problems({}, { slo: { methods: { trace_block: { p99Ms: 5 } } } }),
    /a method that is called: eth_blockN/,
  );
});

test("an SLO on the cost needs a price", () => {
  const slo = { usdPerMillionRelays: 3 };
  assert.match(
    problems({ slo }),
    /\$\.slo\.usdPerMillionRelays: found a limit on the cost; expected .*usd in observe\.costs/,
  );
  assert.match(problems({}, { slo }), /\$\.chains\[0\]\.slo\.usdPerMillionRelays/);
  const observe = { costs: [{ name: "queries", metric: "queries_total", usd: 0.001 }] };
  assert.equal(problems({ slo, observe }), "");
});

test("an SLO on a method of more targets than are recorded apart is refused", () => {
  const [target] = chainInput("kava", 10, ORIGIN).targets as object[];
  const targets = Array.from({ length: 65 }, (_, place) => ({ ...target, name: `t${place}` }));
  assert.match(problems({ slo: { methods: { eth_blockNumber: { p99Ms: 5 } } } }, { targets }), /65 targets of kava/);
});

test("an SLO of one target is refused where its chain has more targets than are recorded apart, and only there", () => {
  const [target] = chainInput("kava", 10, ORIGIN).targets as object[];
  const targetsOf = (count: number, slo?: object): object[] =>
    Array.from({ length: count }, (_, place) => ({ ...target, name: `t${place}`, ...(place === 7 && { slo }) }));
  const slo = { p99Ms: 5 };
  assert.match(
    problems({}, { targets: targetsOf(65, slo) }),
    /\$\.chains\[0\]\.targets: found 65 targets, some with an slo; expected at most 64: a chain with more records no/,
  );
  assert.equal(problems({}, { targets: targetsOf(64, slo) }), "");
  assert.equal(problems({}, { targets: targetsOf(65) }), "");
  const methods = { eth_blockNumber: { p99Ms: 5 } };
  assert.equal(problems({ slo: { methods } }, { targets: targetsOf(64) }), "");
});

test("a method that nothing calls is told where it stands, with all that are called", () => {
  const [target] = chainInput("kava", 10, ORIGIN).targets as object[];
  const call = (method: string): object => ({ ...target, body: { jsonrpc: "2.0", id: 1, method, params: [] } });
  const targets = [call("eth_call"), call("eth_getLogs")];
  const methods = { trace_block: { p99Ms: 5 } };
  const found = 'found "trace_block"; expected a method that is called: eth_call, eth_getLogs';
  assert.ok(problems({ slo: { methods } }, { targets }).includes(`$.slo.methods.trace_block: ${found}`));
  assert.ok(problems({}, { targets, slo: { methods } }).includes(`$.chains[0].slo.methods.trace_block: ${found}`));
});

test("a threshold that stops a run asks for something, of a chain that is there", () => {
  assert.equal(problems({ limits: { stop: [{ chain: "kava", p99Ms: 500, window: "10s" }] } }), "");
  assert.equal(
    problems({ limits: { stop: [{ relayRps: 50 }, { methods: { eth_blockNumber: { success: 1 } } }] } }),
    "",
  );
  assert.match(
    problems({ limits: { stop: [{ methods: { eth_blockNumbr: { success: 1 } } }] } }),
    /stop\[0\]\.methods\.eth_blockNumbr: found "eth_blockNumbr"; expected "eth_blockNumber", perhaps/,
  );
  assert.match(problems({ limits: { stop: [{ window: "10s" }] } }), /\$\.limits\.stop\[0\].*at least one of success/);
  assert.match(
    problems({ limits: { stop: [{ chain: "boba", success: 0.5 }] } }),
    /stop\[0\]\.chain: found "boba"; expected .*kava/,
  );
});

test("limits for subscribers need a chain that has some", () => {
  const slo = { subscribers: { lagP99Ms: 500 } };
  assert.match(problems({ slo }), /\$\.slo\.subscribers: found limits for subscribers; expected .*subscriptions/);
  assert.match(problems({}, { slo }), /\$\.chains\[0\]\.slo\.subscribers/);
  const subscriptions = [{ url: "ws://127.0.0.1:8546", to: "newHeads", subscribers: 1 }];
  assert.equal(problems({ slo }, { slo, subscriptions }), "");
});
