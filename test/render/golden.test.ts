import { test } from "node:test";
import { checkPlan } from "../../lib/plan/load.ts";
import { loadPlan } from "../../lib/planfile/loadPlan.ts";
import { renderCsv } from "../../lib/render/exports/csv.ts";
import { renderMarkdown } from "../../lib/render/exports/markdown.ts";
import { renderPlan } from "../../lib/render/planText.ts";
import { compareRuns, compareText } from "../../lib/report/compare.ts";
import type { Report } from "../../lib/report/schema.ts";
import { recordMs } from "../../lib/results/histogram.ts";
import { matchesGolden } from "../support/golden.ts";
import { madeReport } from "../support/reports.ts";
import { ROOT } from "../support/volley.ts";

/** A run of two chains for 6 s, of which one failed at times and was slower by some ms. */
function made(name: string, slowerMs: number, failed: number): Report {
  const chain = (chainName: string, rps: number) => ({
    name: chainName,
    rps,
    targets: [
      { url: `http://127.0.0.1:8545/${chainName}`, body: { jsonrpc: "2.0", id: 1, method: "eth_blockNumber" } },
    ],
  });
  const plan = checkPlan(
    {
      name,
      chains: [chain("ethereum", 100), chain("kava", 50)],
      duration: "6s",
      slo: { success: 0.99, p99Ms: 60 },
    },
    ".",
    "plan.json",
  );
  const report = madeReport({
    plan,
    change: (sum, chainName) => {
      if (chainName !== "kava") return;
      for (let n = 0; n < 50; n++) recordMs(sum.serviceTime, 20 + slowerMs + (n % 10));
      sum.valid -= failed;
      if (failed > 0) sum.errors.ECONNREFUSED = failed;
    },
  });
  report.run.volley = "0.0.0";
  report.run.id = `${name}-20260101-000000-abcd`;
  return report;
}

test("volley plan prints what it printed", () => {
  matchesGolden(renderPlan(loadPlan(`${ROOT}plans/option-b.json`), 120), "plan/option-b.txt");
});

test("volley compare prints what it printed", () => {
  matchesGolden(compareText(compareRuns(made("before", 0, 0), made("after", 60, 2)), 120), "compare/slower.txt");
});

test("a report as CSV and as Markdown is what it was", () => {
  const report = made("after", 60, 2);
  matchesGolden(renderCsv(report), "exports/report.csv");
  matchesGolden(renderMarkdown(report), "exports/report.md");
});
