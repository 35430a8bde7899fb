import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePrometheus } from "../../lib/observe/prometheus.ts";
import { renderCsv } from "../../lib/render/exports/csv.ts";
import { renderJunit } from "../../lib/render/exports/junit.ts";
import { renderPrometheus } from "../../lib/render/exports/prometheus.ts";
import { renderText } from "../../lib/render/text.ts";
import { recordMs } from "../../lib/results/histogram.ts";
import { type ItemRow, SubscriptionSum } from "../../lib/results/subscriptions.ts";
import { collectedPoints } from "../support/collector.ts";
import { checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";

/**
 * Two subscribers for 10 s, a block each second from 0.5 s on. The second one does not get block 3, gets block 4 twice,
 * and each other one 20 ms late; it loses its socket at the end.
 */
function subscribedReport(failures: Record<string, number> = {}) {
  const subscriptions = [{ url: "ws://127.0.0.1:8546", to: "newHeads", subscribers: 2 }];
  const chains = [{ name: "ethereum", subscriptions }];
  const slo = { success: 0.9, subscribers: { missed: 0.01, lagP99Ms: 50 } };
  return madeReport({
    plan: checkedPlan("", { chains, duration: "10s", slo }),
    change(sum) {
      const own = new SubscriptionSum();
      for (let number = 0; number < 10; number++) {
        const received = number === 3 ? 1 : 2;
        const lags = received === 1 ? { 0: 1 } : { 0: 1, 20000: 1 };
        const doubled = number === 4 ? 1 : 0;
        own.items.push([`h${number}`, number, number * 1_000 + 500, received, doubled, 0, lags] satisfies ItemRow);
      }
      own.periods.push([0, 10, 10_000, 0, 9, "planned"], [1, 30, 9_900, 0, 9, "dropped"]);
      Object.assign(own, { connects: 2, subscribed: 2, notifications: 20 });
      own.drops["ws-closed-1006"] = 1;
      Object.assign(own.failures, failures);
      for (const ms of [10, 30]) recordMs(own.subscribeTime, ms);
      sum.subscriptions.set("newHeads", own);
    },
  });
}

test("CSV has a row for each interval of a subscription, in further columns", () => {
  const [head = "", ...rows] = renderCsv(subscribedReport()).trim().split("\r\n");
  const names = head.split(",");
  assert.ok(rows.every((row) => row.split(",").length === names.length));
  const of = rows.map((row) => Object.fromEntries(row.split(",").map((cell, place) => [names[place], cell])));
  const third = of.find(({ second, subscription }) => second === "3" && subscription === "newHeads");
  assert.deepEqual(
    [third?.chain, third?.received, third?.due, third?.missed_notifications, third?.doubled, third?.lag_p99_ms],
    ["ethereum", "1", "2", "1", "0", "0"],
  );
  const sum = (column: string) => of.reduce((all, row) => all + Number(row[column]), 0);
  assert.deepEqual(["received", "due", "missed_notifications", "doubled", "dropped"].map(sum), [19, 20, 1, 1, 1]);
  assert.ok(
    of.filter(({ subscription }) => subscription).every((row) => Math.round(Number(row.subscribe_p99_ms)) === 30),
  );
});

test("Prometheus has the subscribers' counts and times, in seconds", async () => {
  const samples = parsePrometheus(await renderPrometheus(subscribedReport()));
  const value = (name: string, wanted: Record<string, string>) =>
    samples.find(
      (each) => each.name === name && Object.entries(wanted).every(([key, text]) => each.labels[key] === text),
    )?.value;
  const outcomes = (name: string, of: string[]) => of.map((outcome) => value(name, { chain: "ethereum", outcome }));
  assert.deepEqual(outcomes("volley_notifications", ["received", "due", "missed", "doubled"]), [20, 20, 1, 1]);
  assert.deepEqual(
    outcomes("volley_subscriptions", ["asked", "reached", "subscribed", "failed", "dropped"]),
    [2, 2, 2, 0, 1],
  );
  const near = (found: number | undefined, wanted: number) => Math.abs((found ?? 0) - wanted) < wanted / 100;
  assert.ok(near(value("volley_notification_lag_seconds", { quantile: "0.99" }), 0.02));
  assert.ok(near(value("volley_subscribe_seconds", { quantile: "1" }), 0.03));
});

test("OTLP has the subscribers' counts and times, in ms", async (t) => {
  const points = await collectedPoints(t, subscribedReport());
  assert.deepEqual(
    ["received", "due", "missed", "doubled"].map((outcome) => points.get(`volley.notifications ${outcome}`)),
    [20, 20, 1, 1],
  );
  assert.equal(points.get("volley.subscriptions dropped"), 1);
  assert.equal(Math.round(points.get("volley.notification_lag p99") ?? 0), 20);
  assert.equal(Math.round(points.get("volley.subscribe_time max") ?? 0), 30);
});

test("JUnit has a test for each subscription, which fails with its own reasons", () => {
  const xml = renderJunit(subscribedReport());
  const [, own = ""] = /name="ethereum, newHeads meets the SLO"[^>]*>(.*)<\/testcase>/.exec(xml) ?? [];
  assert.match(own, /failure message="ethereum, newHeads: 5 % of the due notifications were missed, above 1 %\."/);
});

test("the terminal shows the SLO's lines on subscribers, each with its unit", () => {
  const text = renderText(subscribedReport(), false, 120);
  assert.match(text, /newHeads: missed +≤ 1 % +5 % +✗/);
  assert.match(text, /newHeads: lag p99 +≤ 50 ms +20 ms +✓/);
});

test("subscribers that found no file make the run invalid, as requests do", () => {
  const { verdict } = subscribedReport({ "file-limit": 3 });
  assert.equal(verdict.valid, false);
  assert.match(verdict.reasons.join("\n"), /ethereum, newHeads: subscribers could not connect 3 times.*no more files/);
  assert.equal(subscribedReport({ "http-503": 3 }).verdict.valid, true);
});
