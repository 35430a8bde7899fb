import assert from "node:assert/strict";
import { test } from "node:test";
import stringWidth from "string-width";
import { renderLive, renderLiveLine } from "../../lib/live/live.ts";
import { renderPlan } from "../../lib/render/planText.ts";
import { renderText } from "../../lib/render/text.ts";
import { compareRuns, compareText } from "../../lib/report/compare.ts";
import type { Report } from "../../lib/report/schema.ts";
import { renderTable, wrapText } from "../../lib/report/table.ts";
import { matchesGolden } from "../support/golden.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";

const ORIGIN = "http://127.0.0.1:8545";
const WIDTHS = [80, 100, 120, 200];

function plan() {
  const chains = [chainInput("ethereum", 2_000, ORIGIN), chainInput("kava", 500, ORIGIN)];
  return checkedPlan(ORIGIN, { name: "evening", chains, duration: "10s", slo: { success: 0.99, p99Ms: 100 } });
}

/** A run with failures, so that every table has rows. */
function badReport(): Report {
  const report = madeReport({
    plan: plan(),
    scheduled: { kava: 5_200 },
    change(sum, chain) {
      if (chain !== "kava") return;
      sum.errors["headers-timeout"] = 120;
      sum.invalid["json-rpc-error"] = 300;
      sum.missed.late = 200;
      sum.valid -= 420;
    },
  });
  const begins = `{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"${"limit exceeded, ".repeat(9)}"}}`;
  for (const chain of report.chains.slice(1)) {
    chain.samples = [{ class: "json-rpc-error", chain: "kava", status: 200, code: -32005, begins } as never];
  }
  report.run.volley = "0.0.0";
  report.workers[0]?.outlier.push("p99 of 912 ms, where the others of its chain have 20 ms: look at its machine first");
  return report;
}

test("a report fits 80, 100, 120 and 200 columns, and the golden sessions are what it looks like there", () => {
  for (const width of WIDTHS) {
    const text = renderText(badReport(), false, width);
    for (const line of text.split("\n")) assert.ok(stringWidth(line) <= width, `${width}: ${line}`);
    matchesGolden(text, `terminal/report-${width}.txt`);
  }
});

test("what a plan would do, a comparison and the live view fit 80 columns", () => {
  const report = badReport();
  const other: Report = { ...report, run: { ...report.run, id: `${"other-".repeat(14)}run` } };
  const chains = ["ethereum", "a-chain-of-a-name-that-goes-on-for-as-long-as-names-of-chains-may"].map((name) => ({
    name,
    offeredRps: 2_000,
    achievedRps: 1_999.5,
    sent: 123_456_789,
    missed: 1_234,
    valid: 1,
    invalid: 1_234,
    errors: 5_678,
    success: 0.998,
    p50Ms: 12.34,
    p99Ms: 1_234.5,
  }));
  const time = { nowMs: 61_000, durationMs: 1_980_000 };
  const texts = [
    renderPlan(plan(), 80),
    compareText(compareRuns(report, other), 80),
    renderLive(chains, time, 80, `warning: ${"a long one ".repeat(12)}`),
    wrapText(renderLiveLine(chains, time), 80),
  ];
  for (const text of texts) {
    for (const line of text.split("\n")) assert.ok(stringWidth(line) <= 80, line);
  }
});

test("a plan's text says how many requests are sent, to the request, and shows the smallest rate", () => {
  const text = (changes: Record<string, unknown>): string => renderPlan(checkedPlan(ORIGIN, changes), 120);
  const chains = Array.from({ length: 20 }, (_, index) => chainInput(`c${index}`, 0.03, ORIGIN));
  assert.match(text({ chains, duration: "1s" }), /: 0\.6 requests\/s for 1s, 20 requests in all\./);
  assert.match(text({ chains, duration: "1s" }), /\nc7 +0\.03 /);
  const slow = text({ chains: [chainInput("c", 0.002, ORIGIN)], duration: "10m" });
  assert.match(slow, /: 0\.002 requests\/s [\s\S]*\nc +0\.002 [\s\S]*up to 0\.002 requests\/s/);
  assert.match(text({ duration: "10s", warmup: "5s" }), / 1,500 requests in all\./);
  assert.match(text({ duration: "10s", arrivals: "poisson" }), / about 1,000 requests in all\./);
});

test("volley plan warns of a send lag that no run of the plan may have with the default memory, and says what to set", () => {
  const text = (changes: Record<string, unknown>): string =>
    renderPlan(checkedPlan("https://a.example", { allowedHosts: ["a.example"], ...changes }), 500);
  assert.match(
    text({ slo: { p99Ms: 20 } }),
    /\nA worker sends up to 100 requests\/s over TLS\. .* 5 ms: 512 MB is enough\.\n/,
  );
  const lag = { limits: { sendLagP99Ms: 0.22 } };
  assert.match(
    text(lag),
    /Warning: .* at most 0\.22 ms, .* 1,024 MB is not enough\. Deploy with -c workerMemoryMb=1769,/,
  );
  assert.match(text({ limits: { sendLagP99Ms: 0.1 } }), /Warning: .* no memory is enough\. Lower perWorkerRps\.\n/);
  const chains = [chainInput("a", 2_000, "https://a.example")];
  assert.match(
    text({ chains, perWorkerRps: 2_000 }),
    /2,000 requests\/s .* Warning: no memory was measured at this rate\./,
  );
  assert.match(text({ keepalive: false }), /\n256 +not all sent +\$0\.\d/);
  assert.doesNotMatch(text({ mode: "fleet" }), /memory/);
});

test("a table that is too wide leaves out the columns of least importance, and never those without a number", () => {
  const head = ["chain", { title: "sent", drop: 1 }, { title: "scheduled", drop: 2 }, "errors"];
  const rows = [["ethereum", "123,456", "123,456", "1,000"]];
  const titles = (width: number): string => renderTable(head, rows, width).split("\n")[0]?.replace(/ +/g, " ") ?? "";
  assert.equal(titles(80), "chain sent scheduled errors");
  assert.equal(titles(30), "chain sent errors");
  assert.equal(titles(20), "chain errors");
});

test("words longer than the line break, wide letters count as two, and nothing of a text is lost", () => {
  const word = "x".repeat(50);
  assert.deepEqual(wrapText(`see ${word}`, 30).split("\n"), [`see ${"x".repeat(24)}`, `  ${"x".repeat(26)}`]);
  const table = renderTable(["chain", "text"], [["a", "測試".repeat(30)]], 40);
  assert.ok(
    table.split("\n").every((line) => stringWidth(line) <= 40),
    table,
  );
  assert.equal([...table].filter((each) => each === "測").length, 30);
});
