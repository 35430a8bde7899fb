import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { createRequire } from "node:module";
import { type TestContext, test } from "node:test";
import { openLive } from "../../lib/live/liveRun.ts";
import { type RunsServer, serveRuns } from "../../lib/live/runsServer.ts";
import type { Report } from "../../lib/report/schema.ts";
import type { SeriesSum } from "../../lib/results/seriesSum.ts";
import { planKey, reportKey, scheduleKey, searchKey, trialId } from "../../lib/store/keys.ts";
import { startChromium } from "../support/chromium.ts";
import { MemoryStore } from "../support/memoryStore.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";

const ORIGIN = "http://127.0.0.1:8545";
const plan = checkedPlan(ORIGIN, {
  chains: ["ethereum", "kava"].map((name) => chainInput(name, 50, ORIGIN)),
  duration: "5s",
});

/** A run of the plan that began on a day, some of whose requests failed. */
function runOn(day: number, failed = 0): Report {
  const change = (sum: SeriesSum): void => {
    sum.valid -= failed;
    if (failed > 0) sum.invalid["http-500"] = failed;
  };
  const report = madeReport({ plan, change });
  report.run.id = `night-${day}`;
  report.run.startedAt = `2026-11-0${day}T01:00:00.000Z`;
  return report;
}

/** A page over three runs that have ended, and one that goes on. */
async function served(t: TestContext): Promise<RunsServer> {
  const store = new MemoryStore();
  for (const report of [runOn(1), runOn(2, 100), runOn(3)]) {
    store.set(reportKey(report.run.id, "json"), JSON.stringify(report));
  }
  const startAtMs = Date.now() - 2_000;
  const schedule = { runId: "goes-on", startAtMs, endAtMs: startAtMs + 5_000, workers: 2, segments: 1, assignments: 2 };
  store.set(planKey("goes-on"), JSON.stringify(plan));
  store.set(scheduleKey("goes-on"), JSON.stringify(schedule));
  store.set("secret.txt", "a secret");
  const ids = ["night-1", "night-2", "night-3"].map((id) => ({ id, isRunning: false }));
  const server = await serveRuns(0, { store, runs: async () => [...ids, { id: "goes-on", isRunning: true }] });
  t.after(() => server.close());
  return server;
}

async function ask(url: string, host?: string): Promise<{ status: number; body: string }> {
  // By node:http, which sends a path as it is written, and any Host.
  const { hostname, port } = new URL(url);
  const path = url.slice(url.indexOf("/", 8));
  const request = get({ hostname, port, path, ...(host !== undefined && { headers: { host } }) });
  const [response] = await once(request, "response");
  let body = "";
  for await (const piece of response) body += piece;
  return { status: response.statusCode, body };
}

test("all runs are listed with their verdicts, the live one first, then the newest", async (t) => {
  const { url } = await served(t);
  const { body } = await ask(url);
  const places = ["goes-on", "night-3", "night-2", "night-1"].map((id) => body.indexOf(`>${id}</a>`));
  assert.ok(
    places.every((place, index) => place > (places[index - 1] ?? 0)),
    places.join(),
  );
  assert.match(body, />running<.*>passed<.*>SLO missed<.*>passed</s);
  assert.match(body, /Response time p99 of all requests sent, ms/);
  assert.match(body, /<title>kava: 20, 2026-11-03 01:00, night-3<\/title>/);
});

test("a run's page, that of one which goes on, and any two compared are there", async (t) => {
  const { url } = await served(t);
  assert.match((await ask(`${url}runs/night-2/`)).body, /night-2 · Volley/);
  const live = await ask(`${url}runs/goes-on/`);
  assert.match(live.body, /"live":\{"atMs":\d+/);
  const compared = await ask(`${url}compare?before=night-1&after=night-2`);
  assert.match(compared.body, /night-1 → night-2/);
  assert.match(compared.body, /<th scope="row">kava<\/th>/);
  assert.equal((await ask(`${url}compare?before=night-1`)).status, 404);
});

test("the page of a search in progress is that of its current trial, and of the last one until the next is planned", async (t) => {
  const store = new MemoryStore();
  const search = { ...plan, profile: { type: "search" } };
  store.set(planKey("finds"), JSON.stringify(search));
  const planned = (number: number): void => {
    const runId = trialId("finds", number);
    const schedule = { runId, startAtMs: Date.now(), endAtMs: Date.now() + 5_000, workers: 2, segments: 1 };
    store.set(planKey(runId), JSON.stringify(plan));
    store.set(scheduleKey(runId), JSON.stringify({ ...schedule, assignments: 2 }));
  };
  const shown = async (): Promise<string | undefined> => (await run.latest())?.run.id;
  const run = openLive(store, "finds");
  assert.equal(await shown(), undefined);
  planned(1);
  assert.equal(await shown(), trialId("finds", 1));
  store.set(searchKey("finds"), JSON.stringify([{}]));
  assert.equal(await shown(), trialId("finds", 1));
  planned(2);
  assert.equal(await shown(), trialId("finds", 2));

  const server = await serveRuns(0, { store, runs: async () => [{ id: "finds", isRunning: true }] });
  t.after(() => server.close());
  assert.match((await ask(`${server.url}runs/finds/`)).body, /<title>finds\/trials\/002 · Volley<.*"live":\{"atMs"/s);
});

test("another name for this machine is refused, and no path leads to an object that is no run's", async (t) => {
  const { url } = await served(t);
  const { port } = new URL(url);
  assert.equal((await ask(url, `evil.example:${port}`)).status, 403);
  assert.equal((await ask(url, `localhost:${port}`)).status, 200);
  for (const path of [
    "runs/../secret.txt",
    "runs/..%2Fsecret.txt/",
    "runs/%2e%2e/secret.txt",
    "runs/night-1/plan.json",
    "runs/%E0%A4%A/",
    "compare?before=../secret.txt&after=night-1",
    "runs/night-1%2F..%2Fnight-2/",
  ]) {
    const { status, body } = await ask(url + path);
    assert.equal(status, 404, path);
    assert.ok(!body.includes("a secret"));
  }
});

test("axe-core finds nothing on the page over all runs, and its form compares two", async (t) => {
  const browser = await startChromium(t);
  if (!browser) return;
  const { url } = await served(t);
  for (const colorScheme of ["light", "dark"] as const) {
    const page = await browser.newPage({ colorScheme, viewport: { width: 390, height: 900 } });
    await page.goto(url);
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 390);
    const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    await page.evaluate(axe);
    const found = "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes[0].html))";
    assert.deepEqual(await page.evaluate(found), []);
    await page.getByLabel("before: night-1").check();
    await page.getByLabel("after: night-2").check();
    await page.getByRole("button", { name: "Compare" }).click();
    await page.getByRole("heading", { name: "night-1 → night-2" }).waitFor();
    await page.close();
  }
});
