import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePrometheus } from "../../lib/observe/prometheus.ts";
import { renderMarkdown } from "../../lib/render/exports/markdown.ts";
import { renderPrometheus } from "../../lib/render/exports/prometheus.ts";
import { renderText } from "../../lib/render/text.ts";
import { totalUnits, withCost } from "../../lib/report/computeUnits.ts";
import { judge } from "../../lib/report/verdict.ts";
import { createHistogram } from "../../lib/results/histogram.ts";
import { collectedPoints } from "../support/collector.ts";
import { checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";

const ORIGIN = "http://127.0.0.1:8545";

const target = (method: string, weight: number) => ({
  url: ORIGIN,
  weight,
  body: { jsonrpc: "2.0", id: 1, method, params: [] },
});

/** In each second one eth_blockNumber, two eth_getLogs and two eth_call. */
function madeUnits(slo: object = {}, counts = COUNTS) {
  const targets = [target("eth_blockNumber", 1), target("eth_getLogs", 2), target("eth_call", 2)];
  const plan = checkedPlan(ORIGIN, {
    chains: [{ name: "ethereum", rps: 5, targets }],
    computeUnits: { eth_blockNumber: 10, eth_getLogs: 75, eth_call: 26 },
    observe: { costs: [{ name: "queries", metric: "queries_total", usd: 0.00001 }] },
    duration: "10s",
    slo: { success: 0.5, ...slo },
  });
  const report = madeReport({
    plan,
    change(sum) {
      for (const [place, [sent, valid]] of counts.entries()) {
        const own = { sent, valid, invalid: sent - valid, errors: 0 };
        sum.targets.set(place, { ...own, responseTime: createHistogram() });
      }
    },
  });
  return { plan, report };
}

/** What was sent and valid of 50 requests to each target: ten calls of eth_getLogs fail. */
const COUNTS: readonly [sent: number, valid: number][] = [
  [10, 10],
  [20, 10],
  [20, 20],
];

test("compute units per second are what a provider's own example adds up to", () => {
  // Alchemy's documentation: one eth_blockNumber (10), two eth_getLogs (75) and two eth_call (26) a second are 212 CUPS.
  const [chain] = madeUnits().report.chains;
  assert.deepEqual(chain?.computeUnits, {
    perRequest: 42.4,
    offeredPerSecond: 212,
    achievedPerSecond: 212,
    // Ten failed calls of 75 units in 10 s.
    relayedPerSecond: 137,
    sent: 2_120,
    relayed: 1_370,
    usdPerMillion: null,
  });
});

test("the cost of a million units follows from that of a million relays", () => {
  const units = madeUnits().report.chains[0]?.computeUnits;
  // 40 relays at $3 a million cost $0.00012; so do their 1,370 units.
  const { usdPerMillion } = withCost(units, 40, 3) ?? {};
  assert.ok(Math.abs((usdPerMillion ?? 0) - (0.00012 / 1_370) * 1e6) < 1e-9);
  assert.equal(withCost(units, 40, null)?.usdPerMillion, null);
  assert.ok(units);
  assert.equal(withCost({ ...units, relayed: 0 }, 0, 3)?.usdPerMillion, null, "nothing was relayed");
});

test("the units that were sent are those of the requests sent, not of the plan's mix", () => {
  const { report } = madeUnits({}, [
    [50, 50],
    [0, 0],
    [0, 0],
  ]);
  const { offeredPerSecond, achievedPerSecond, sent } = report.chains[0]?.computeUnits ?? {};
  assert.deepEqual([offeredPerSecond, achievedPerSecond, sent], [212, 50, 500]);
});

test("a chain's own units are those of its report too, also with a single target, and the total adds chains up", () => {
  const targets = [target("eth_call", 1)];
  const plan = checkedPlan(ORIGIN, {
    chains: [
      { name: "ethereum", rps: 5, targets },
      { name: "gnosis", rps: 5, targets, computeUnits: { default: 30, eth_call: 40 } },
    ],
    computeUnits: { default: 20 },
    duration: "10s",
  });
  const { chains, total } = madeReport({ plan });
  assert.deepEqual(
    [...chains, total].map(({ computeUnits }) => [computeUnits?.perRequest, computeUnits?.relayed]),
    [
      [20, 1_000],
      [40, 2_000],
      [30, 3_000],
    ],
  );
});

test("a limit on the cost of units is met or missed by the chain's own cost, however small it is", () => {
  const judged = (limit: number, usdPerMillionRelays: number | null) => {
    const { plan, report } = madeUnits({ usdPerMillionComputeUnits: limit });
    return judge(report, plan, { costs: new Map([["ethereum", usdPerMillionRelays]]) });
  };
  // The ledger has 50 valid relays of 1,370 units in all: a million units are 36,496 relays.
  const met = judged(0.004, 0.1);
  assert.equal(met.verdict.pass, true);
  assert.ok(Math.abs((met.chains[0]?.computeUnits?.usdPerMillion ?? 0) - 5 / 1_370) < 1e-9);
  const missed = judged(0.003, 0.1);
  assert.deepEqual(missed.verdict.reasons, ["ethereum: the cost of a million compute units is $0.0036, above $0.003."]);
  assert.match(renderText(missed, false, 120), /\$ per million CU +≤ 0\.003 +0\.0036 +✗/);
  assert.match(renderText(missed, false, 120), /1,370 +\$0\.0036/);
  const unknown = judged(0.003, null);
  assert.deepEqual(unknown.verdict.reasons, ["ethereum: the cost of a million compute units was not measured."]);
  assert.match(renderText(unknown, false, 120), /\$ per million CU +≤ 0\.003 +not measured +✗/);
});

test("the SLO's lines on units are met or missed by the same figures, and say so in units", () => {
  const { report: met } = madeUnits({ relayCups: 137 });
  assert.equal(met.verdict.pass, true);
  const { report: missed } = madeUnits({ relayCups: 138 });
  assert.deepEqual(missed.verdict.causes, [{ kind: "cu-rate", chain: "ethereum", perSecond: 137, limit: 138 }]);
  assert.match(renderText(missed, false, 120), /CU\/s of valid relays +≥ 138 +137 +✗/);
});

test("text, Markdown, Prometheus and OTLP show rates in units, and their cost", async (t) => {
  const { plan, report } = madeUnits();
  assert.match(renderText(report, false, 120), /ethereum +42\.4 +212 +212 +137 +1,370 +–/);
  assert.match(renderMarkdown(report), /\*\*ethereum\*\*: 137 of 212 compute units\/s/);
  const samples = parsePrometheus(await renderPrometheus(report));
  const rates = samples.filter(({ name }) => name === "volley_compute_units_per_second");
  assert.deepEqual(
    rates.map(({ labels, value }) => [labels.of, value]),
    [
      ["offered", 212],
      ["achieved", 212],
      ["relayed", 137],
    ],
  );
  const priced = judge(report, plan, { costs: new Map([["ethereum", 2.74]]) });
  const cost = parsePrometheus(await renderPrometheus(priced)).find(({ name }) => name.includes("units_usd"));
  assert.deepEqual([cost?.name, cost?.labels.chain], ["volley_compute_units_usd_per_million", "ethereum"]);
  assert.ok(Math.abs((cost?.value ?? 0) - 0.1) < 1e-9);
  const points = await collectedPoints(t, priced);
  const rate = (of: string) => points.get(`volley.compute_units.rate ${of}`);
  assert.deepEqual(["offered", "achieved", "relayed"].map(rate), [212, 212, 137]);
  assert.ok(Math.abs((points.get("volley.compute_units.cost ethereum") ?? 0) - 0.1) < 1e-9);
});

test("chains add up only if each has units; a run without units has none in its report", () => {
  const [chain] = madeUnits().report.chains;
  assert.ok(chain?.computeUnits);
  const both = totalUnits([chain, { ...chain, offeredRps: 15 }]);
  assert.deepEqual([both?.offeredPerSecond, both?.perRequest, both?.relayed], [424, 21.2, 2_740]);
  assert.equal(totalUnits([chain, { offeredRps: 5 }]), undefined);
  const plain = madeReport({ plan: checkedPlan(ORIGIN) });
  assert.ok(!("computeUnits" in plain.total) && !("computeUnits" in (plain.chains[0] ?? {})));
});
