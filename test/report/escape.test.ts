import assert from "node:assert/strict";
import { test } from "node:test";
import { checkPlan } from "../../lib/plan/load.ts";
import { InputError } from "../../lib/plan/problems.ts";
import { compareHtml } from "../../lib/render/compareHtml.ts";
import { renderCsv } from "../../lib/render/exports/csv.ts";
import { renderJunit } from "../../lib/render/exports/junit.ts";
import { renderMarkdown } from "../../lib/render/exports/markdown.ts";
import { renderText } from "../../lib/render/text.ts";
import { compareRuns, compareText } from "../../lib/report/compare.ts";
import type { Report } from "../../lib/report/schema.ts";
import { chainInput, checkedPlan, planInput } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";

const ORIGIN = "http://127.0.0.1:8545";
/**
 * What a terminal obeys: colours, a title, a link, a cleared screen, C1 codes, a turned direction and a separate line; and
 * what makes two names look alike: characters without a width, and half of a pair of surrogates.
 */
const OBEYED =
  "\u001b[31mred\u001b]0;title\u0007\u001b]8;;http://a/\u001b\\\u009d8;;x\u009c\u009b2J\u202egnp\u2066\u061c\u0000\u007f" +
  "\u200b\u2060\ufeff\u00ad\u3164\u{e0041}\ud800\u2028\r\nfinding: forged";
const DANGEROUS = /[^\n\P{C}]|[\u2028\u2029\u3164]/u;

/** A report in which every text that comes from outside is hostile. */
function hostileReport(text: string): Report {
  const plan = checkedPlan(ORIGIN, { chains: [chainInput("kava", 100, ORIGIN)] });
  const report = madeReport({ plan, findings: [{ kind: "unreadable", key: text, why: text }] });
  report.run = { ...report.run, id: text, name: text, target: text, volley: text, aborted: text };
  report.verdict.reasons = [text];
  report.hints = [{ what: text, evidence: text, remedy: text }];
  report.events = [{ fromMs: 0, toMs: 1, chain: text, kind: "errors", text }];
  report.logs = [{ source: text, read: 1, matched: 1, skipped: 0, failed: [text], lines: [{ atMs: 0, text }] }];
  for (const chain of report.chains) Object.assign(chain, { name: text, errors: { [text]: 1 } });
  for (const worker of report.workers) worker.outlier = [text];
  for (const chain of report.capacity?.chains ?? []) chain.name = text;
  if (report.capacity) report.capacity.unidentified = [text];
  return report;
}

test("nothing in a report, a comparison or a plan's problems is obeyed by a terminal, or forges a line", () => {
  const report = hostileReport(OBEYED);
  const printed = [
    ...[renderText(report, false), compareText(compareRuns(report, report))],
    ...[renderMarkdown(report), renderJunit(report), renderCsv(report).replaceAll("\r\n", "\n")],
  ];
  try {
    checkPlan({ ...planInput(ORIGIN), [OBEYED]: 1, name: OBEYED, profile: { [OBEYED]: OBEYED } }, ".", OBEYED);
    assert.fail("the plan was taken");
  } catch (error) {
    assert.ok(error instanceof InputError);
    printed.push(error.message);
  }
  for (const text of printed) {
    const at = text.search(DANGEROUS);
    assert.equal(at, -1, JSON.stringify(text.slice(Math.max(0, at - 200), at + 40)));
    const forged = text.split("\n").filter((line) => line.startsWith("finding: forged"));
    assert.deepEqual(forged, []);
  }
});

test("JUnit's file has no character that XML does not allow", () => {
  const xml = renderJunit(hostileReport("\u0001\u001f\ud800\ufffe\uffff"));
  assert.doesNotMatch(xml, /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u);
});

test("nothing in a comparison's page is markup, whatever a report file holds in the place of a number", () => {
  const hostile = "<img src=x onerror=alert(1)>";
  const report = hostileReport(hostile);
  for (const chain of report.chains) {
    Object.assign(chain, { achievedRps: hostile, responseTimeAllMs: { p50: hostile, p90: hostile, p99: hostile } });
  }
  const page = compareHtml([compareRuns(report, report)]);
  assert.ok(!page.includes("<img"), page.slice(page.indexOf("<img") - 200, page.indexOf("<img") + 50));
});

test("no field of CSV is a formula or ends early", () => {
  for (const name of [
    '=cmd|"x"!A1',
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    " =1",
    "\u{ff1d}1",
    "\uff0b1",
    "\u200b=1",
    'a"b',
    "a,b",
    "a\r\nb",
    "a\nb",
  ]) {
    const [, line = "", ...rest] = renderCsv(hostileReport(name)).split(/\r\n(?=\d+,)/);
    const field = /^0,("(?:[^"]|"")*"|[^",\r\n]*),/.exec(line)?.[1] ?? assert.fail(line);
    assert.doesNotMatch(field, /^"?\s*[=+\-@\uff1d\uff0b\u200b]/, field);
    assert.equal(rest.length, 1, `${name}: a line for each second`);
  }
});

test("Markdown has no markup, mention or further column from outside", () => {
  const text = renderMarkdown(hostileReport("a|b <img> [x](y) `c` @all &lt;\n# d"));
  assert.doesNotMatch(text, /[^\\]<img|[^\\]\[x\]|@all|\n# d/);
  for (const line of text.split("\n").filter((each) => each.startsWith("|"))) {
    assert.equal(line.replaceAll("\\|", "").split("|").length, 11, line);
  }
});
