import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePrometheus } from "../../lib/observe/prometheus.ts";
import { renderMarkdown } from "../../lib/render/exports/markdown.ts";
import { renderPrometheus } from "../../lib/render/exports/prometheus.ts";
import { renderText } from "../../lib/render/text.ts";
import { totalUnits, withCost } from "../../lib/report/computeUnits.ts";
import { createHistogram } from "../../lib/results/histogram.ts";
import { checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";

const ORIGIN = "http://127.0.0.1:8545";

const target = (method: string, weight: number) => ({
  url: ORIGIN,
  weight,
  body: { jsonrpc: "2.0", id: 1, method, params: [] },
});

/** In each second one eth_blockNumber, two eth_getLogs and two eth_call. */
function madeUnits(slo: object = {}) {
  const targets = [target("eth_blockNumber", 1), target("eth_getLogs", 2), target("eth_call", 2)];
  const plan = checkedPlan(ORIGIN, {
    chains: [{ name: "ethereum", rps: 5, targets }],
    computeUnits: { eth_blockNumber: 10, eth_getLogs: 75, eth_call: 26 },
    duration: "10s",
    slo: { success: 0.5, ...slo },
  });
  return madeReport({
    plan,
    // 50 requests, of which ten calls of eth_getLogs fail.
    change(sum) {
      for (const [place, [sent, valid]] of [
        [10, 10],
        [20, 10],
        [20, 20],
      ].entries()) {
        const counts = { sent: sent ?? 0, valid: valid ?? 0, invalid: (sent ?? 0) - (valid ?? 0), errors: 0 };
        sum.targets.set(place, { ...counts, responseTime: createHistogram() });
      }
    },
  });
}

test("compute units per second are what a provider's own example adds up to", () => {
  // Alchemy's documentation: one eth_blockNumber (10), two eth_getLogs (75) and two eth_call (26) a second are 212 CUPS.
  const [chain] = madeUnits().chains;
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
  const units = madeUnits().chains[0]?.computeUnits;
  // 40 relays at $3 a million cost $0.00012; so do their 1,370 units.
  const { usdPerMillion } = withCost(units, 40, 3) ?? {};
  assert.ok(Math.abs((usdPerMillion ?? 0) - (0.00012 / 1_370) * 1e6) < 1e-9);
  assert.equal(withCost(units, 40, null)?.usdPerMillion, null);
});

test("the SLO's lines on units are met or missed by the same figures, and say so in units", () => {
  const met = madeUnits({ relayCups: 137 });
  assert.equal(met.verdict.pass, true);
  const missed = madeUnits({ relayCups: 138 });
  assert.deepEqual(missed.verdict.causes, [{ kind: "cu-rate", chain: "ethereum", perSecond: 137, limit: 138 }]);
  assert.match(renderText(missed, false, 120), /CU\/s of valid relays +≥ 138 +137 +✗/);
});

test("text, Markdown and Prometheus show rates in units", async () => {
  const report = madeUnits();
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
});

test("chains add up only if each has units; a run without units has none in its report", () => {
  const [chain] = madeUnits().chains;
  assert.ok(chain?.computeUnits);
  const both = totalUnits([chain, { ...chain, offeredRps: 15 }]);
  assert.deepEqual([both?.offeredPerSecond, both?.perRequest, both?.relayed], [424, 21.2, 2_740]);
  assert.equal(totalUnits([chain, { offeredRps: 5 }]), undefined);
  const plain = madeReport({ plan: checkedPlan(ORIGIN) });
  assert.ok(!("computeUnits" in plain.total) && !("computeUnits" in (plain.chains[0] ?? {})));
});
