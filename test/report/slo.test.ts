import assert from "node:assert/strict";
import { test } from "node:test";
import { renderCsv } from "../../lib/render/exports/csv.ts";
import { renderJunit } from "../../lib/render/exports/junit.ts";
import { renderMarkdown } from "../../lib/render/exports/markdown.ts";
import { renderPrometheus } from "../../lib/render/exports/prometheus.ts";
import { renderVegetaJson } from "../../lib/render/exports/vegeta.ts";
import { renderText } from "../../lib/render/text.ts";
import { compareReports } from "../../lib/report/compare.ts";
import { createHistogram, recordMs } from "../../lib/results/histogram.ts";
import type { SeriesSum } from "../../lib/results/seriesSum.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";

const ORIGIN = "http://127.0.0.1:8545";
const TIMEOUT_MS = 2_000;

function planWith(changes: object, chain: object = {}) {
  const chains = [{ ...chainInput("kava", 200, ORIGIN), ...chain }];
  return checkedPlan(ORIGIN, { chains, duration: "5s", timeout: "2s", ...changes });
}

/** Of 1,000 requests so many end without a response, in a moment. */
function failing(count: number, name = "ECONNREFUSED") {
  return (sum: SeriesSum): void => {
    const responses = createHistogram();
    for (let n = 0; n < sum.sent - count; n++) recordMs(responses, 5);
    sum.intervals.clear();
    sum.intervals.set(0, responses);
    sum.valid -= count;
    sum.errors[name] = count;
    const second = sum.seconds.get(0);
    assert.ok(second);
    Object.assign(second, { valid: second.valid - count, errors: count, classes: { [name]: count } });
  };
}

test("requests without a response, however quickly they failed, count against a percentile", () => {
  const plan = planWith({ slo: { success: 0.9, p99Ms: 100 } });
  const within = madeReport({ plan, change: failing(10) });
  assert.equal(within.verdict.pass, true, "1 % without a response leaves the 99th percentile answered");
  const { verdict, chains } = madeReport({ plan, change: failing(11) });
  assert.equal(verdict.pass, false);
  assert.deepEqual(verdict.causes, [
    { kind: "response-time", chain: "kava", percentile: "p99", foundMs: null, limitMs: 100 },
  ]);
  assert.match(
    verdict.reasons.join(),
    /^kava: response time p99 of all requests sent is above 100 ms: that many got no/,
  );
  assert.equal(chains[0]?.responseTimeAllMs?.p99, TIMEOUT_MS);
  assert.ok((chains[0]?.responseTimeMs?.p99 ?? 99) < 6, "the responses' own figures stay theirs");
});

test("a limit above the timeout is missed too where the percentile got no response", () => {
  const plan = planWith({ slo: { success: 0, p99Ms: 60_000 } });
  assert.equal(madeReport({ plan, change: failing(11) }).verdict.pass, false);
});

test("text and exports show both, and a lower bound as such", async () => {
  const plan = planWith({ slo: { success: 0.9, p99Ms: 100 } });
  const report = madeReport({ plan, change: failing(50) });
  const text = renderText(report, false);
  assert.match(text, /kava, all sent +5(\.\d+)? +5(\.\d+)? +5(\.\d+)? +≥ 2,000 +≥ 2,000 +≥ 2,000/);
  assert.match(text, /kava +p99 of all sent +≤ 100 ms +no response +✗/);
  assert.match(text, /kava +success +≥ 90 % +95 % +✓/);
  assert.match(text, /Volley \d+\.\d+\.\d+/);
  assert.match(await renderPrometheus(report), /volley_response_time_all_seconds\{[^}]*quantile="0.99"[^}]*\} 2\n/);
  assert.equal(JSON.parse(renderVegetaJson(report)).latencies["99th"], TIMEOUT_MS * 1e6);
  assert.match(renderMarkdown(report), /\| ✗ kava .*\| ≥ 2,000 \|/);
  const [head = "", first = ""] = renderCsv(report).split("\r\n");
  assert.equal(first.split(",")[head.split(",").indexOf("all_p99_ms")], "2000");
  assert.ok(!renderText(madeReport({ plan }), false).includes("kava, all sent"), "where none failed they are the same");
});

test("a run that got worse by failing is worse, though its responses got no slower", () => {
  const plan = planWith({});
  const changes = compareReports(madeReport({ plan }), madeReport({ plan, change: failing(100) }));
  assert.equal(changes.find(({ metric }) => metric === "p99")?.after, TIMEOUT_MS);
});

test("requests in flight at an abort are apart: neither success nor failure, and the ledger balances", () => {
  const plan = planWith({ slo: { success: 1, p99Ms: 100 } });
  const report = madeReport({
    plan,
    change: failing(30, "aborted"),
    aborted: { cause: { kind: "command" }, atMs: 4_000 },
  });
  const [chain] = report.chains;
  assert.deepEqual([chain?.ledger.unfinished, chain?.ledger.errors, chain?.success], [30, 0, 1]);
  assert.deepEqual([chain?.errors, chain?.faults], [{}, {}]);
  assert.equal(report.verdict.pass, true);
  assert.deepEqual(
    report.verdict.causes.map(({ kind }) => kind),
    ["aborted"],
  );
  assert.deepEqual([chain?.seconds[0]?.errors, chain?.seconds[0]?.unfinished], [0, 30]);
  assert.match(renderText(report, false), /in flight at the abort/);
});

test("a chain's own SLO stands in place of the plan's, field by field", () => {
  const plan = planWith({ slo: { success: 0.99, p99Ms: 1 } }, { slo: { p99Ms: 500, p50Ms: 300 } });
  const { chains, verdict } = madeReport({ plan });
  assert.deepEqual(
    chains[0]?.slo.map(({ line, limit, pass }) => [line, limit, pass]),
    [
      ["success", 0.99, true],
      ["p50", 300, true],
      ["p99", 500, true],
    ],
  );
  assert.equal(verdict.pass, true);
});

test("a target's own SLO fails its chain, is told with its name, and is in JUnit under the chain", () => {
  const url = `${ORIGIN}/?endpoint=kava`;
  const call = (method: string) => ({ jsonrpc: "2.0", id: 1, method, params: [] });
  const targets = [
    { url, body: call("eth_call") },
    { url, body: call("eth_getLogs"), name: "logs", slo: { success: 1, p99Ms: 50 } },
  ];
  const plan = planWith({ slo: { success: 0.5 } }, { targets });
  const change = (sum: SeriesSum): void => {
    for (const [place, [valid, errors]] of [
      [500, 0],
      [490, 10],
    ].entries()) {
      const responseTime = createHistogram();
      for (let n = 0; n < (valid ?? 0); n++) recordMs(responseTime, 5);
      sum.targets.set(place, { sent: 500, valid: valid ?? 0, invalid: 0, errors: errors ?? 0, responseTime });
    }
  };
  const report = madeReport({ plan, change });
  assert.deepEqual(report.verdict.reasons, [
    "kava, logs: success 98 % is below 100 %.",
    "kava, logs: response time p99 of all requests sent is above 50 ms: that many got no response.",
  ]);
  assert.equal(report.chains[0]?.pass, false);
  assert.match(renderText(report, false), /kava, logs +success +≥ 100 % +98 % +✗/);
  assert.match(renderJunit(report), /name="kava meets the SLO"[^>]*><failure message="kava, logs: success/);
});

test("the SLO of a chain's only target is the chain's", () => {
  const targets = [{ url: `${ORIGIN}/`, body: { jsonrpc: "2.0", id: 1, method: "m" }, slo: { p50Ms: 1 } }];
  assert.equal(madeReport({ plan: planWith({}, { targets }) }).verdict.pass, false);
});

test("a chain of which no request is due fails nothing; a run without any does", () => {
  const chains = [chainInput("quiet", 1, ORIGIN), chainInput("kava", 100, ORIGIN)];
  const change = (sum: SeriesSum, chain: string): void => {
    if (chain !== "quiet") return;
    sum.sent = 0;
    sum.valid = 0;
    sum.intervals.clear();
    sum.seconds.clear();
  };
  const report = madeReport({ plan: checkedPlan(ORIGIN, { chains }), change, scheduled: { quiet: 0 } });
  const [quiet] = report.chains;
  assert.deepEqual([quiet?.success, quiet?.pass, quiet?.slo], [null, true, []]);
  assert.deepEqual(report.verdict, { valid: true, pass: true, generator: true, reasons: [], causes: [] });
  assert.match(report.hints.map(({ what }) => what).join(), /quiet: no request was due/);
  const none = madeReport({
    plan: checkedPlan(ORIGIN, { chains: chains.slice(0, 1) }),
    change,
    scheduled: { quiet: 0 },
  });
  assert.deepEqual([none.verdict.pass, none.verdict.causes], [false, [{ kind: "nothing-scheduled" }]]);
  const unsent = madeReport({
    plan: checkedPlan(ORIGIN, { chains: chains.slice(0, 1) }),
    change: (sum, chain) => {
      change(sum, chain);
      sum.missed.aborted = 2;
    },
  });
  assert.deepEqual(unsent.verdict.causes, [{ kind: "nothing-sent", chain: "quiet", scheduled: 2 }]);
});

test("a rate of relays, a class of failure and a cost can be asked for; each line that is missed says its figure", () => {
  const slo = {
    success: 0.5,
    relayRps: 199,
    classes: { ECONNREFUSED: 0.005, "ECONN*": 0.2, "http-500": 0 },
    usdPerMillionRelays: 3,
  };
  const observe = { costs: [{ name: "queries", metric: "queries_total", usd: 0.00001 }] };
  const report = madeReport({ plan: planWith({ slo, observe }), change: failing(10) });
  assert.deepEqual(
    report.chains[0]?.slo.map(({ line, class: failure, found, pass }) => [failure ?? line, found, pass]),
    [
      ["success", 0.99, true],
      ["relay-rate", 198, false],
      ["ECONNREFUSED", 0.01, false],
      ["ECONN*", 0.01, true],
      ["http-500", 0, true],
      ["cost", null, false],
    ],
  );
  assert.deepEqual(report.verdict.reasons, [
    "kava: 198 valid relays per second, below 199.",
    "kava: 1 % ended in ECONNREFUSED, above 0.5 %.",
    "kava: the cost of a million relays was not measured.",
  ]);
  const text = renderText(report, false);
  assert.match(text, /kava +valid relays\/s +≥ 199 +198 +✗/);
  assert.match(text, /kava +ECONNREFUSED +≤ 0.5 % +1 % +✗/);
  assert.match(text, /kava +\$ per million relays +≤ 3 +not measured +✗/);
  assert.match(renderJunit(report), /<failure message="kava: 198 valid relays per second, below 199\./);
});

test("a method's SLO is held against all targets of the chain that call it", () => {
  const call = (method: string) => ({ url: `${ORIGIN}/`, body: { jsonrpc: "2.0", id: 1, method, params: [] } });
  const targets = [call("eth_call"), call("eth_getLogs"), { ...call("eth_getLogs"), name: "more logs" }];
  const slo = { success: 0.5, methods: { eth_getLogs: { success: 0.995, relayRps: 1_000 }, eth_call: { success: 1 } } };
  const change = (sum: SeriesSum): void => {
    for (const [place, errors] of [0, 0, 10].entries()) {
      const responseTime = createHistogram();
      for (let n = 0; n < 300 - errors; n++) recordMs(responseTime, 5);
      sum.targets.set(place, { sent: 300, valid: 300 - errors, invalid: 0, errors, responseTime });
    }
  };
  const report = madeReport({ plan: planWith({ slo }, { targets }), change });
  assert.deepEqual(
    report.chains[0]?.methods?.map(({ method, sent, valid, slo: lines }) => [method, sent, valid, lines.length]),
    [
      ["eth_call", 300, 300, 1],
      ["eth_getLogs", 600, 590, 2],
    ],
  );
  assert.deepEqual(report.verdict.reasons, [
    "kava, eth_getLogs: success 98.333 % is below 99.5 %.",
    "kava, eth_getLogs: 118 valid relays per second, below 1000.",
  ]);
  assert.match(renderText(report, false), /kava, eth_call +success +≥ 100 % +100 % +✓/);
});

test("a chain with one target has that method's figures", () => {
  const report = madeReport({ plan: planWith({ slo: { methods: { eth_blockNumber: { p50Ms: 1 } } } }) });
  assert.deepEqual(
    report.chains[0]?.methods?.map(({ method, valid }) => [method, valid]),
    [["eth_blockNumber", 1_000]],
  );
  assert.match(report.verdict.reasons.join(), /^kava, eth_blockNumber: response time p50/);
});

test("a run that a threshold or the breaker stopped was measured until then, and does not pass", () => {
  for (const cause of [
    { kind: "threshold", chain: "kava", line: "p99", found: 812.34, limit: 400, windowMs: 30_000 },
    { kind: "breaker", failedShare: 0.6, windowMs: 10_000 },
  ] as const) {
    const { verdict, run } = madeReport({ plan: planWith({}), aborted: { cause, atMs: 4_000 } });
    assert.deepEqual([verdict.valid, verdict.pass, run.abortedBy], [true, false, cause.kind]);
  }
  const cause = { kind: "threshold", chain: "kava", line: "p99", found: 812.34, limit: 400, windowMs: 30_000 } as const;
  const stopped = madeReport({ plan: planWith({}), aborted: { cause, atMs: 4_000 } });
  const reason =
    "The run was aborted after 4s of 5s: kava missed a threshold over 30 s: p99 was 812.3 ms, the limit is 400 ms.";
  assert.deepEqual(stopped.verdict.reasons, [reason]);
  assert.match(renderJunit(stopped), /name="nothing stopped the run"[^>]*><failure message="The run was aborted/);
});
