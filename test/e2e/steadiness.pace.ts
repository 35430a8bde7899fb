import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import type { Report } from "../../lib/report/schema.ts";
import { temporaryFolder } from "../support/folder.ts";
import { CALL } from "../support/plans.ts";
import { reportOf, volley } from "../support/volley.ts";

/** A gateway whose every response takes the same time, so that what differs is the generator's. */
const EVEN = { name: "ethereum", endpoint: "ETH", latencyMs: { p50: 20, p99: 20 } };

/** Timed, beside other tests on few cores: what holds in one of these tries holds. */
const TRIES = 3;

async function run(t: TestContext, changes: Record<string, unknown>): Promise<Report> {
  const folder = temporaryFolder(t);
  const targets = [{ url: "http://gateway.example/api/gateway?endpoint=ETH", body: CALL }];
  const plan = {
    name: "steady",
    chains: [{ name: "ethereum", rps: 400, targets }],
    gateway: { chains: [EVEN] },
    ...changes,
  };
  writeFileSync(`${folder}/plan.json`, JSON.stringify(plan));
  const ended = await volley(["run", `${folder}/plan.json`, "--out", folder, "--json"]);
  return reportOf(folder, ended);
}

test("the first second looks like the tenth", { timeout: 120_000 }, async (t) => {
  const seen: string[] = [];
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const { chains } = await run(t, { duration: "11s" });
    const [first, tenth] = [chains[0]?.intervals[0]?.p99 ?? 0, chains[0]?.intervals[9]?.p99 ?? 0];
    seen.push(`${first.toFixed(1)} and ${tenth.toFixed(1)} ms`);
    if (first <= 1.5 * tenth) return;
  }
  assert.fail(`p99 of the first and tenth second: ${seen.join(", ")}`);
});

test("over five borders of segments no request is missed or doubled, and the response time has no bump", {
  timeout: 150_000,
}, async (t) => {
  const seen: string[] = [];
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const report = await run(t, { duration: "12s", segment: "2s", workers: 2 });
    assert.equal(report.run.segments, 6);
    const { ledger } = report.total;
    assert.equal(ledger.scheduled, 4_800);
    assert.equal(report.chains[0]?.truth?.requests, ledger.sent, "the gateway counted what was sent");
    const intervals = report.chains[0]?.intervals ?? [];
    const sorted = intervals.map(({ p99 }) => p99).sort((a, b) => a - b);
    const middle = sorted[sorted.length >> 1] ?? 0;
    const borders = [2, 4, 6, 8, 10].map((second) => intervals[second]?.p99 ?? 0);
    seen.push(
      `missed ${ledger.missed}, p99 at borders ${borders.map((ms) => ms.toFixed(0)).join(" ")}, median ${middle.toFixed(0)} ms`,
    );
    if (ledger.missed === 0 && borders.every((ms) => ms <= 2 * middle)) return;
  }
  assert.fail(seen.join("; "));
});
