import assert from "node:assert/strict";
import { test } from "node:test";
import { meanUnits, unitsOf } from "../../lib/plan/computeUnits.ts";
import { checkPlan } from "../../lib/plan/load.ts";
import { InputError } from "../../lib/plan/problems.ts";
import type { Target } from "../../lib/plan/schema.ts";
import { applyOverrides } from "../../lib/planfile/overrides.ts";
import { planInput } from "../support/plans.ts";

const ORIGIN = "http://127.0.0.1:8545";
const call = (method: string) => ({ jsonrpc: "2.0", id: 1, method, params: [] });
const target = (body: unknown, weight = 1) => ({ url: ORIGIN, body, weight });
const made = (body: string): Target => ({ method: "POST", url: ORIGIN, headers: [], body, weight: 1 });

function plan(chain: object, changes: object = {}) {
  return checkPlan(planInput(ORIGIN, { chains: [{ name: "ethereum", ...chain }], ...changes }), ".", "plan.json");
}

function problems(chain: object, changes: object = {}): string {
  try {
    plan(chain, changes);
    return "";
  } catch (error) {
    assert.ok(error instanceof InputError);
    return error.message;
  }
}

test("a batch costs the sum of its calls, and a method without an entry the default", () => {
  const units = { eth_call: 26, default: 20 };
  assert.equal(unitsOf(made(JSON.stringify([call("eth_call"), call("eth_call"), call("net_version")])), units), 72);
  assert.equal(unitsOf(made('{"id":{{id}},"method":"eth_call"}'), units), 26);
  assert.equal(unitsOf(made('[{"method":"eth_call","id":{{id}}},{"method":"x"}]'), units), 46);
  assert.equal(unitsOf({ method: "GET", url: ORIGIN, headers: [], weight: 1 }, { GET: 3 }), 3);
  assert.equal(unitsOf(made(JSON.stringify(call("toString"))), { eth_call: 26 }), undefined);
  assert.equal(meanUnits([made(JSON.stringify(call("eth_call"))), { ...made("{}"), weight: 3 }], units), 21.5);
});

test("a rate in compute units gives the rate in requests by the mix, and --scale applies to it", () => {
  const targets = [target(call("eth_blockNumber")), target(call("eth_getLogs"), 2), target(call("eth_call"), 2)];
  const computeUnits = { eth_blockNumber: 10, eth_getLogs: 75, eth_call: 26 };
  const raw = planInput(ORIGIN, { chains: [{ name: "ethereum", cups: 212, targets }], computeUnits });
  assert.equal(checkPlan(raw, ".", "plan.json").chains[0]?.rps, 5);
  assert.deepEqual(applyOverrides(raw, { scale: 3 }), []);
  assert.equal(checkPlan(raw, ".", "plan.json").chains[0]?.rps, 15);
  assert.match(applyOverrides(raw, { targetRps: 9 })[0]?.found ?? "", /"ethereum", a rate in cups/);
});

test("a chain's own units override the plan's", () => {
  const targets = [target(call("eth_call"))];
  const own = { cups: 300, targets, computeUnits: { eth_call: 30 } };
  assert.equal(plan(own, { computeUnits: { eth_call: 20, default: 20 } }).chains[0]?.rps, 10);
});

test("what has no units is named: a method, a rate, a limit", () => {
  const targets = [target(call("eth_call")), target(call("eth_chainId"))];
  assert.match(problems({ rps: 5, targets }, { computeUnits: { eth_call: 26 } }), /eth_chainId without compute units/);
  assert.match(
    problems({ cups: 5, targets }),
    /chains\[0\]\.cups: found a rate in compute units; expected computeUnits/,
  );
  assert.match(problems({ rps: 5, targets, slo: { relayCups: 5 } }), /a limit on relayCups/);
  const limit = { slo: { usdPerMillionComputeUnits: 5 } };
  const observe = { costs: [{ name: "queries", metric: "queries_total", usd: 0.00001 }] };
  assert.match(problems({ rps: 5, targets, ...limit }, { observe }), /a limit on usdPerMillionComputeUnits/);
  assert.match(problems({ rps: 5, cups: 5, targets }, { computeUnits: { default: 1 } }), /either rps or cups/);
  assert.match(problems({ cups: 5, targets }, { computeUnits: { default: 0 } }), /methods that cost nothing/);
});

test("targets that are not recorded separately must cost the same", () => {
  const targets = Array.from({ length: 65 }, (_, place) => target(call(place === 0 ? "eth_call" : "eth_chainId")));
  assert.match(
    problems({ rps: 5, targets }, { computeUnits: { eth_call: 26, default: 1 } }),
    /65 targets of different/,
  );
  assert.equal(problems({ rps: 5, targets }, { computeUnits: { default: 20 } }), "");
  const differing = targets.slice(0, 64);
  assert.equal(problems({ rps: 5, targets: differing }, { computeUnits: { eth_call: 26, default: 1 } }), "");
});

test("a limit on the cost of units needs a counter with a price", () => {
  const changes = { computeUnits: { default: 20 }, slo: { usdPerMillionComputeUnits: 0.45 } };
  const targets = [target(call("eth_call"))];
  assert.match(
    problems({ rps: 5, targets }, changes),
    /\$\.slo\.usdPerMillionComputeUnits: found a limit on the cost; expected a counter with a price/,
  );
  const observe = { costs: [{ name: "queries", metric: "queries_total", usd: 0.00001 }] };
  assert.equal(problems({ rps: 5, targets }, { ...changes, observe }), "");
});

test("a search takes subscribers alone, and beside calls", () => {
  const subscriptions = [{ url: "ws://127.0.0.1:8546", to: "newHeads", subscribers: 10 }];
  assert.equal(problems({ subscriptions }, { profile: { type: "search" } }), "");
  const targets = [target(call("eth_call"))];
  assert.equal(problems({ rps: 5, targets, subscriptions }, { profile: { type: "search" } }), "");
});
