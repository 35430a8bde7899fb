import assert from "node:assert/strict";
import { test } from "node:test";
import type { Report } from "../../lib/report/schema.ts";
import { setBaseline } from "../../lib/stages/baseline.ts";
import { compareTask, type Scheduled } from "../../lib/stages/compare.ts";
import { comparisonKey, reportKey, scheduledKey } from "../../lib/store/keys.ts";
import { MemoryStore } from "../support/memoryStore.ts";
import { checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";

const report = madeReport({ plan: checkedPlan("http://127.0.0.1:1", { duration: "10s" }) });

/** The same run with every second's relays changed. */
function withSuccess(share: number): Report {
  return {
    ...report,
    chains: report.chains.map((chain) => ({
      ...chain,
      success: share,
      seconds: chain.seconds.map((second, at) => ({ ...second, valid: second.sent * share - (at % 2) })),
    })),
  };
}

/** Lets a scheduled run end that has a report, or none; gives what was told, and the store. */
async function after(scheduled: Scheduled | undefined, own: Report | undefined, baseline?: Report) {
  const store = new MemoryStore();
  if (scheduled) store.set(scheduledKey("new"), JSON.stringify(scheduled));
  if (own) store.set(reportKey("new", "json"), JSON.stringify(own));
  if (baseline) {
    store.set(reportKey("old", "json"), JSON.stringify(baseline));
    assert.equal(await setBaseline(store, "nightly", "old", 0), true);
  }
  const told: string[] = [];
  const outcome = await compareTask(store, "new", async (subject, text) => void told.push(`${subject}\n${text}`));
  assert.equal(outcome.told, told.length > 0);
  return { told: told.join(), store };
}

const NIGHTLY = { schedule: "nightly", baseline: "nightly" };

test("a scheduled run that is worse than its baseline is told with the comparison; one that is alike is not", async () => {
  const alike = await after(NIGHTLY, withSuccess(1), withSuccess(1));
  assert.equal(alike.told, "");
  assert.ok(await alike.store.get(comparisonKey("new")), "the comparison is kept all the same");
  const worse = await after(NIGHTLY, withSuccess(0.9), withSuccess(1));
  assert.match(
    worse.told,
    /^Volley nightly: new\nnew, of nightly: [\s\S]*worse than the baseline nightly:[\s\S]*WORSE/,
  );
  const better = await after(NIGHTLY, withSuccess(1), withSuccess(0.9));
  assert.equal(better.told, "");
});

test("a run without a report, without a baseline, or with a verdict that is bad is told; one that nobody scheduled is not", async () => {
  assert.match((await after(NIGHTLY, undefined)).told, /ended without a report/);
  assert.match((await after(NIGHTLY, report)).told, /no baseline nightly: volley baseline nightly new --stack NAME/);
  const missed = { ...report, verdict: { ...report.verdict, pass: false, reasons: ["p99 is 40 ms."] } };
  assert.match((await after({ schedule: "hourly" }, missed)).told, /the SLO was missed: p99 is 40 ms\./);
  const invalid = { ...report, verdict: { ...report.verdict, valid: false, pass: true, reasons: ["Send lag."] } };
  assert.match((await after({ schedule: "hourly" }, invalid)).told, /an invalid run: Send lag\./);
  assert.equal((await after({ schedule: "hourly" }, report)).told, "");
  assert.equal((await after(undefined, missed)).told, "");
});

test("a notification's subject has at most the 100 characters that SNS allows", async () => {
  const schedule = "n".repeat(40);
  const store = new MemoryStore();
  const runId = `${schedule}-d8a3dbd4-6f5c-4e0b-9c57-1f0a2b3c4d5e`;
  store.set(scheduledKey(runId), JSON.stringify({ schedule }));
  let longest = 0;
  await compareTask(store, runId, async (subject) => {
    longest = subject.length;
  });
  assert.equal(longest, 100);
});

test("only a run with a report becomes a baseline", async () => {
  assert.equal(await setBaseline(new MemoryStore(), "nightly", "nobody", 0), false);
});
