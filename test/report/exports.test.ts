import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import * as hdr from "hdr-histogram-js";
import { decodeFromCompressedBase64, type HistogramLogReader } from "hdr-histogram-js";
import { parsePrometheus } from "../../lib/observe/prometheus.ts";
import { compareHtml } from "../../lib/render/compareHtml.ts";
import { renderCsv } from "../../lib/render/exports/csv.ts";
import { type RunHistograms, renderHgrm, renderHistogramLog } from "../../lib/render/exports/hdr.ts";
import { renderJunit } from "../../lib/render/exports/junit.ts";
import { renderMarkdown } from "../../lib/render/exports/markdown.ts";
import { sendOtlp } from "../../lib/render/exports/otlp.ts";
import { renderPrometheus } from "../../lib/render/exports/prometheus.ts";
import { renderSlack } from "../../lib/render/exports/slack.ts";
import { renderVegetaJson, renderVegetaText } from "../../lib/render/exports/vegeta.ts";
import { compareReports, compareRuns, compareText, rankTest } from "../../lib/report/compare.ts";
import { createHistogram, encodeHistogram } from "../../lib/results/histogram.ts";
import { checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";

function sampleReport() {
  return madeReport({ plan: checkedPlan("http://127.0.0.1:1", { duration: "10s" }) });
}

function histogramsOf(values: readonly number[]): RunHistograms {
  const histogram = createHistogram();
  for (const us of values) histogram.record(us);
  const encoded = encodeHistogram(histogram);
  const chain = {
    responseTime: encoded,
    serviceTime: encoded,
    sendLag: encoded,
    intervals: { 0: encoded, 3: encoded },
  };
  return { intervalMs: 1_000, chains: { ethereum: chain } };
}

test("CSV has a line for each second and chain, and no formula", () => {
  const report = sampleReport();
  report.chains[0] = { ...(report.chains[0] as (typeof report.chains)[number]), name: '=cmd|"x"' };
  const lines = renderCsv(report).split("\r\n").filter(Boolean);
  assert.equal(
    lines[0],
    "second,chain,scheduled,sent,missed,valid,invalid,errors,p50_ms,p90_ms,p99_ms,all_p50_ms,all_p90_ms,all_p99_ms",
  );
  assert.equal(
    lines.length - 1,
    report.chains.reduce((sum, { seconds }) => sum + seconds.length, 0),
  );
  assert.match(lines[1] ?? "", /^0,"'=cmd\|""x""",/);
});

test("JUnit has a test for the run and for each chain, escaped", () => {
  const report = sampleReport();
  report.verdict = { valid: false, pass: true, generator: false, reasons: ['<b>late</b> & "so"\u0000'], causes: [] };
  const xml = renderJunit(report);
  assert.match(xml, /tests="\d+" failures="1"/);
  assert.match(xml, /<failure message="&#60;b&#62;late&#60;\/b&#62; &#38; &#34;so&#34;\?"\/>/);
  assert.ok(!xml.includes("\u0000"));
});

test("the Prometheus page is one that our own reader reads, with each chain's figures", async () => {
  const report = sampleReport();
  const samples = parsePrometheus(await renderPrometheus(report));
  const [chain] = report.chains;
  const p99 = samples.find(
    ({ name, labels }) =>
      name === "volley_response_time_seconds" && labels.chain === chain?.name && labels.quantile === "0.99",
  );
  assert.equal(p99?.value, (chain?.responseTimeMs?.p99 ?? 0) / 1_000);
});

test("Markdown escapes what a name could mean", () => {
  const report = sampleReport();
  report.run.name = "a|b*c";
  assert.match(renderMarkdown(report), /### a\\\|b\\\*c: ✅/);
});

test("vegeta's layouts carry the same figures", () => {
  const report = sampleReport();
  const metrics = JSON.parse(renderVegetaJson(report));
  assert.equal(metrics.requests, report.total.ledger.sent);
  assert.equal(metrics.latencies["99th"], Math.round((report.total.responseTimeMs?.p99 ?? 0) * 1e6));
  assert.match(renderVegetaText(report), /^Requests {6}\[total, rate, throughput\] {9}\d+/);
});

test("an hgrm file and a histogram log are what HdrHistogram's own tools read", () => {
  const values = Array.from({ length: 2_000 }, (_, index) => 1_000 + index * 10);
  const histograms = histogramsOf(values);
  const hgrm = renderHgrm(histograms, "ethereum");
  assert.match(hgrm, /^ +Value +Percentile/);
  assert.match(hgrm, /Total count +=? +2000|Total count *= *2000/);
  const log = renderHistogramLog(sampleReport(), histograms);
  const Reader = (hdr as unknown as { HistogramLogReader: new (text: string) => HistogramLogReader })
    .HistogramLogReader;
  const reader = new Reader(log);
  const first = reader.nextIntervalHistogram();
  const second = reader.nextIntervalHistogram();
  assert.equal(first?.totalCount, 2_000);
  assert.equal(second?.totalCount, 2_000);
  assert.equal(first?.tag, "ethereum");
  assert.equal(decodeFromCompressedBase64(histograms.chains.ethereum?.responseTime ?? "", 32, false).totalCount, 2_000);
});

test("the rank test tells slices apart that differ, and not those that do not", () => {
  const slices = (shift: number): number[] => Array.from({ length: 30 }, (_, index) => ((index * 7) % 13) + shift);
  assert.ok(rankTest(slices(0), slices(0)) > 0.9);
  assert.ok(rankTest(slices(0), slices(8)) < 0.001);
  assert.equal(rankTest([1, 1, 1], [1, 1, 1]), 1);
  // By hand: ranks 1, 2, 4, 6, 8 of ten, so U = 6; z = (6.5 − 0.5) ÷ √(25 ÷ 12 × 11) = 1.2534.
  assert.ok(Math.abs(rankTest([1.1, 2.2, 3.3, 4.4, 5.5], [3.1, 4.2, 5.3, 6.4, 7.5]) - 0.2101) < 0.0002);
});

test("a run compared with itself differs in nothing; one that is slower is worse beyond its tolerance", () => {
  const before = sampleReport();
  assert.ok(compareReports(before, before).every(({ isReal, isWorse }) => !isReal && !isWorse));
  const interval = (index: number, p99: number) => ({
    fromMs: index * 1_000,
    toMs: (index + 1) * 1_000,
    count: 9,
    p50: 1,
    p90: 2,
    p99: p99 + (index % 3) / 10,
    max: 99,
  });
  const withP99 = (p99: number) => {
    const report = sampleReport();
    const [chain] = report.chains;
    assert.ok(chain?.responseTimeMs);
    chain.intervals = Array.from({ length: 20 }, (_, index) => interval(index, p99));
    chain.responseTimeMs = { ...chain.responseTimeMs, p99 };
    chain.responseTimeAllMs = chain.responseTimeMs;
    return report;
  };
  const found = compareReports(withP99(20), withP99(30)).find(({ metric }) => metric === "p99");
  assert.deepEqual([found?.isReal, found?.isWorse], [true, true]);
  const better = compareReports(withP99(30), withP99(20)).find(({ metric }) => metric === "p99");
  assert.deepEqual([better?.isReal, better?.isWorse], [true, false]);
});

test("a difference between runs that are too short to tell is unknown, and no noise", () => {
  const before = madeReport({ plan: checkedPlan("http://127.0.0.1:1", { duration: "3s" }) });
  const [chain, ...others] = before.chains;
  assert.ok(chain?.responseTimeAllMs);
  const slower = { ...chain, responseTimeAllMs: { ...chain.responseTimeAllMs, p99: 900 } };
  const compared = compareRuns(before, { ...before, chains: [slower, ...others] });
  assert.match(compareText(compared, 120), /p99 ms .* too few slices +unknown$/m);
  assert.match(compareHtml([compared]), /too few slices<\/td><td class="text">unknown</);
});

test("a comparison's page names what is worse, and runs nothing that a run was named", () => {
  const before = madeReport({ plan: checkedPlan("http://127.0.0.1:1", { duration: "10s" }) });
  const hostile = "<img src=x onerror=alert(1)>";
  const after = { ...before, run: { ...before.run, id: hostile } };
  const [difference, ...others] = compareRuns(before, after).differences;
  assert.ok(difference);
  const worse = { ...difference, isReal: true, isWorse: true, change: 0.25, pValue: 0.0001 };
  const comparison = { before: before.run.id, after: hostile, differences: [worse, ...others], notes: [hostile] };
  const page = compareHtml([comparison]);
  assert.ok(!page.includes("<img"));
  assert.match(page, /1 figure is worse/);
  assert.match(page, /<td>\+25\.00 %<\/td><td>&#60; 0\.001<\/td><td class="text bad">worse<\/td>/);
  assert.match(compareHtml([{ ...comparison, differences: others }]), /Nothing is worse/);
});

test("OpenTelemetry metrics reach a receiver over OTLP, and one that refuses is told", async (t) => {
  const received: string[] = [];
  const receiver = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      received.push(`${request.method} ${request.url} ${request.headers["content-type"]} ${body}`);
      response.writeHead(request.url === "/v1/metrics" ? 200 : 400, { "Content-Type": "application/json" }).end("{}");
    });
  }).listen(0, "127.0.0.1");
  await once(receiver, "listening");
  t.after(() => receiver.close());
  const origin = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const report = sampleReport();
  await sendOtlp(report, `${origin}/v1/metrics`);
  const [message = ""] = received;
  assert.match(message, /^POST \/v1\/metrics application\/json \{"resourceMetrics"/);
  const { resourceMetrics } = JSON.parse(message.slice(message.indexOf("{"))) as OtlpMessage;
  const metrics = new Map(
    resourceMetrics
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
      .map((each) => [each.name, each]),
  );
  const quantiles = metrics.get("volley.response_time")?.gauge.dataPoints ?? [];
  const p99 = quantiles.find(({ attributes }) => attributes.some(({ value }) => value.stringValue === "p99"));
  assert.equal(p99?.asDouble, report.chains[0]?.responseTimeMs?.p99);
  assert.equal(metrics.get("volley.rate.achieved")?.gauge.dataPoints[0]?.asDouble, 100);
  assert.match(message, /"service.name","value":\{"stringValue":"volley"\}/);
  const sent = metrics.get("volley.timeline.requests")?.gauge.dataPoints ?? [];
  assert.equal(
    sent.filter(({ attributes }) => attributes.some(({ value }) => value.stringValue === "sent")).length,
    10,
  );
  await assert.rejects(sendOtlp(report, `${origin}/elsewhere`), /elsewhere: found no collector that took the metrics/);
  await assert.rejects(sendOtlp(report, "http://127.0.0.1:1/v1/metrics"), { name: "InputError" });
});

interface OtlpMessage {
  resourceMetrics: { scopeMetrics: { metrics: OtlpMetric[] }[] }[];
}

interface OtlpMetric {
  name: string;
  gauge: { dataPoints: { asDouble: number; attributes: { value: { stringValue?: string } }[] }[] };
}

test("a message for Slack has a text, and blocks with the verdict, its reasons and each chain", () => {
  const plan = checkedPlan("http://127.0.0.1:1", { duration: "10s", slo: { p50Ms: 1 } });
  const report = madeReport({ plan });
  report.run.target = "http://<!channel>&";
  const { text, blocks } = JSON.parse(renderSlack(report)) as {
    text: string;
    blocks: { type: string; text: { type: string; text: string } }[];
  };
  assert.match(text, /: SLO missed$/);
  assert.ok(blocks.every((block) => block.type === "section" && block.text.type === "mrkdwn"));
  const all = blocks.map((block) => block.text.text).join("\n");
  assert.match(all, /• ethereum: response time p50 .* is above 1 ms/);
  assert.match(all, /✗ \*ethereum\*: 100 requests\/s, success 100 %, p99 20 ms/);
  assert.ok(all.includes("&lt;!channel&gt;&amp;"), "nobody is called by what a target is named");
});
