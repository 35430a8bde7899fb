import assert from "node:assert/strict";
import { test } from "node:test";
import { compareHtml } from "../../lib/render/compareHtml.ts";
import { renderMarkdown } from "../../lib/render/exports/markdown.ts";
import { renderSlack } from "../../lib/render/exports/slack.ts";
import { runsHtml } from "../../lib/render/runsHtml.ts";
import { renderText } from "../../lib/render/text.ts";
import { compareRuns, compareText } from "../../lib/report/compare.ts";
import { summaryOf } from "../../lib/report/runSummary.ts";
import { checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";

const plan = checkedPlan("http://127.0.0.1:1", { duration: "10s", timeout: "10s" });

/** A run of 1,000 responses after at most 20 ms; `failed` more requests have timed out. */
function runWith(failed: number) {
  return madeReport({
    plan,
    scheduled: { ethereum: 1_000 + failed },
    change(sum) {
      sum.sent += failed;
      if (failed > 0) sum.errors["headers-timeout"] = failed;
    },
  });
}

test("a p99 that falls on a request without a response is a lower bound wherever it is shown", () => {
  const [before, after] = [runWith(10), runWith(11)];
  const comparison = compareRuns(before, after);
  const shown = {
    report: renderText(after, false),
    markdown: renderMarkdown(after),
    slack: renderSlack(after),
    compared: compareText(comparison),
    page: compareHtml([comparison]),
    runs: runsHtml([summaryOf(after)], undefined),
  };
  for (const [where, text] of Object.entries(shown)) assert.match(text, /≥ 10,000/, where);
  assert.match(shown.compared, /p99 ms +20\.\d+ +≥ 10,000 /, "10 of 1,010 leave the 99th percentile a response");
  assert.match(shown.compared, /p50 ms +11\.\d+ +11\.\d+ /);
  assert.doesNotMatch(renderSlack(before) + renderMarkdown(before) + runsHtml([summaryOf(before)], undefined), /≥/);
});

test("a run in which nothing was sent has no percentile that could be a bound", () => {
  const nothing = runWith(0);
  for (const traffic of [...nothing.chains, nothing.total]) {
    const ledger = { ...traffic.ledger, sent: 0, valid: 0, responses: 0 };
    Object.assign(traffic, { ledger, responseTimeMs: null, responseTimeAllMs: null });
  }
  assert.match(renderSlack(nothing), /p99 –/);
  assert.doesNotMatch(compareText(compareRuns(nothing, nothing)) + renderMarkdown(nothing), /≥/);
});
