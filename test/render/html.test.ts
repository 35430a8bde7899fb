import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { renderHtml } from "../../lib/render/html.ts";
import type { Report } from "../../lib/report/schema.ts";
import type { SeriesSum } from "../../lib/results/seriesSum.ts";
import { startChromium } from "../support/chromium.ts";
import { temporaryFolder } from "../support/folder.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";

const ORIGIN = "http://127.0.0.1:8545";
const CHAINS = ["ethereum", "boba", "mantle", "kava"];
const plan = checkedPlan(ORIGIN, { chains: CHAINS.map((name) => chainInput(name, 50, ORIGIN)), duration: "5s" });

/** Text that would run a script wherever it became markup. */
const HOSTILE = `</script><script>document.title='owned'</script><img src=x onerror="document.title='owned'">\u2028'"&`;

function write(folder: string, report: Report): string {
  writeFileSync(`${folder}/report.html`, renderHtml(report));
  return `file://${folder}/report.html`;
}

test("the page opens without a network and without an error, verdict first, in light, dark and on a phone", async (t) => {
  const browser = await startChromium(t);
  if (!browser) return;
  const change = (sum: SeriesSum): void => {
    sum.valid -= 10;
    sum.invalid["rpc-server-error"] = 10;
  };
  const url = write(temporaryFolder(t), madeReport({ plan, change }));
  for (const [width, colorScheme] of [
    [1_280, "light"],
    [1_280, "dark"],
    [390, "light"],
  ] as const) {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const wrong: string[] = [];
    page.on("pageerror", (error) => wrong.push(error.message));
    page.on("console", (message) => wrong.push(message.text()));
    page.on("request", (request) => request.url() !== url && wrong.push(request.url()));
    await page.goto(url);
    await page.locator(".u-wrap canvas").nth(2).waitFor();
    assert.deepEqual(wrong, []);
    const text = await page.innerText("main");
    assert.ok(text.indexOf("Valid run, SLO missed") < text.indexOf("Chains"));
    assert.match(text, /ethereum: success 96 % is below 99 %/);
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), width, "nothing is cut off sideways");
    await page.close();
  }
});

test("on paper the page is light whatever the theme, and no plot is cut off", async (t) => {
  const browser = await startChromium(t);
  if (!browser) return;
  const page = await browser.newPage({ viewport: { width: 1_280, height: 900 }, colorScheme: "dark" });
  await page.goto(write(temporaryFolder(t), madeReport({ plan })));
  await page.locator(".u-wrap canvas").first().waitFor();
  const ink = "getComputedStyle(document.documentElement).getPropertyValue('--ink')";
  assert.equal(await page.evaluate(ink), "#e7eaec");
  await page.emulateMedia({ media: "print" });
  await page.setViewportSize({ width: 700, height: 1_000 });
  assert.equal(await page.evaluate(ink), "#1c2024");
  assert.equal(await page.evaluate("getComputedStyle(document.documentElement).colorScheme"), "light");
  const cut =
    "[...document.querySelectorAll('canvas')].filter((c) => c.getBoundingClientRect().right > innerWidth).length";
  assert.equal(await page.evaluate(cut), 0);
});

test("a page that is printed has its plots drawn when the printer takes it", async (t) => {
  const browser = await startChromium(t);
  if (!browser) return;
  const page = await browser.newPage({ viewport: { width: 1_280, height: 900 } });
  await page.goto(write(temporaryFolder(t), madeReport({ plan })));
  await page.locator(".u-wrap canvas").first().waitFor();
  const canvases = "document.querySelectorAll('.u-wrap canvas').length";
  const before = await page.evaluate(canvases);
  assert.ok(Number(before) > 0);
  // After the page's own listener: what is on the paper.
  await page.evaluate(`onPaper = []; paper = matchMedia("print");
    paper.addEventListener("change", () => onPaper.push(${canvases}))`);
  await page.pdf();
  assert.equal(await page.evaluate("onPaper[0]"), before);
});

test("tables sort by any column, also from the keyboard", async (t) => {
  const browser = await startChromium(t);
  if (!browser) return;
  const change = (sum: SeriesSum, chain: string): void => {
    const failed = CHAINS.indexOf(chain);
    sum.valid -= failed;
    sum.errors.ECONNRESET = failed;
  };
  const page = await browser.newPage();
  await page.goto(write(temporaryFolder(t), madeReport({ plan, change })));
  const first = page.locator("table").first();
  const names = async (): Promise<string[]> => first.locator("tbody th").allInnerTexts();
  assert.deepEqual(await names(), [...CHAINS, "all chains"]);
  const success = first.getByRole("button", { name: "Success" });
  await success.focus();
  await page.keyboard.press("Enter");
  assert.deepEqual(await names(), ["kava", "mantle", "all chains", "boba", "ethereum"]);
  assert.equal(await first.locator("th[aria-sort]").getAttribute("aria-sort"), "ascending");
  await page.keyboard.press("Enter");
  assert.deepEqual((await names())[0], "ethereum");
});

test("the chain whose response time is plotted can be chosen", async (t) => {
  const browser = await startChromium(t);
  if (!browser) return;
  const page = await browser.newPage();
  await page.goto(write(temporaryFolder(t), madeReport({ plan })));
  await page.getByLabel("Response time of").selectOption("mantle");
  await page.getByText("Response time, mantle").waitFor();
});

test("hostile text from plans and servers stays text", async (t) => {
  const browser = await startChromium(t);
  if (!browser) return;
  const report = madeReport({ plan, findings: [{ kind: "unreadable", key: HOSTILE, why: HOSTILE }] });
  report.run.id = HOSTILE;
  report.run.name = HOSTILE;
  report.run.target = HOSTILE;
  report.events = [{ fromMs: 0, toMs: 1_000, chain: HOSTILE, kind: "errors", text: HOSTILE }];
  report.hints = [{ what: HOSTILE, evidence: HOSTILE, remedy: HOSTILE }];
  report.logs = [
    { source: HOSTILE, read: 1, matched: 1, skipped: 0, failed: [HOSTILE], lines: [{ atMs: 0, text: HOSTILE }] },
  ];
  report.verdict.reasons.push(HOSTILE);
  report.total.errors[HOSTILE] = 1;
  for (const chain of report.chains) {
    chain.name = HOSTILE;
    chain.errors[HOSTILE] = 1;
  }
  for (const worker of report.workers) worker.chains = [HOSTILE];
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(write(temporaryFolder(t), report));
  await page.locator("canvas").nth(3).waitFor();
  assert.deepEqual(errors, []);
  assert.notEqual(await page.title(), "owned");
  assert.equal(await page.locator("img").count(), 0);
  assert.ok((await page.innerText("h1")).includes("<script>"));
});

test("what stood in the way comes before the tables; plots zoom together by buttons, and back", async (t) => {
  const browser = await startChromium(t);
  if (!browser) return;
  const change = (sum: SeriesSum): void => {
    sum.errors.EADDRNOTAVAIL = 10;
    sum.valid -= 10;
    Object.assign(sum.seconds.get(2) ?? {}, { valid: 40, errors: 10, classes: { EADDRNOTAVAIL: 10 } });
  };
  const page = await browser.newPage();
  await page.goto(write(temporaryFolder(t), madeReport({ plan, change })));
  const text = await page.innerText("main");
  const places = [
    "Ephemeral ports were exhausted",
    "Reduce the rate per host",
    "of 50 requests (20 %) failed",
    "Rate and response time in ms",
  ];
  const found = places.map((each) => text.indexOf(each));
  assert.ok(
    found.every((place, index) => place > (found[index - 1] ?? -1)),
    found.join(),
  );
  for (const title of ["Failures by class", "Response time over the run, all chains"]) {
    await page.locator("figcaption", { hasText: title }).waitFor();
  }
  const ticks = async (): Promise<string> => {
    // The plots draw their axes on canvases: what they show is told by their pixels.
    return page
      .locator(".u-wrap canvas")
      .first()
      .evaluate((canvas) => (canvas as unknown as { toDataURL(): string }).toDataURL());
  };
  await page.locator(".u-wrap canvas").nth(2).waitFor();
  await page.waitForTimeout(300);
  const whole = await ticks();
  await page.getByRole("button", { name: "Closer" }).focus();
  await page.keyboard.press("Enter");
  await page.waitForTimeout(200);
  assert.notEqual(await ticks(), whole, "it shows a part of the run");
  await page.getByRole("button", { name: "Whole run" }).click();
  await page.waitForTimeout(200);
  assert.equal(await ticks(), whole);
});

test("of a thousand workers a hundred are shown at first, sorted among all, and the others when asked for", async (t) => {
  const browser = await startChromium(t);
  if (!browser) return;
  const report = madeReport({ plan });
  const [worker] = report.workers;
  assert.ok(worker);
  report.workers = Array.from({ length: 1_000 }, (_, index) => ({
    ...worker,
    id: `w${String(index).padStart(3, "0")}`,
  }));
  const page = await browser.newPage();
  await page.goto(write(temporaryFolder(t), report));
  const table = page.getByRole("region", { name: "Each worker's own figures" });
  const rows = table.locator("tbody tr");
  assert.equal(await rows.count(), 100);
  const name = table.getByRole("button", { name: "Worker" });
  await name.click();
  await name.click();
  assert.equal(await rows.first().locator("th").innerText(), "w999");
  await page.getByRole("button", { name: "Show all 1,000" }).click();
  assert.equal(await rows.count(), 1_000);
  assert.equal(await rows.last().locator("th").innerText(), "w000");
});
