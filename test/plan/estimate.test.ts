import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { DEFAULT_SETTING, type Estimate, estimate } from "../../lib/plan/estimate.ts";
import { loadPlan } from "../../lib/planfile/loadPlan.ts";
import { ROOT } from "../support/volley.ts";

/** The guide's run: 5,000 requests/s for 33 minutes from ten workers. */
const plan = loadPlan(`${ROOT}plans/option-b.json`, {});
const SECONDS = 33 * 60;
const REQUESTS = 5_000 * SECONDS;

function usdOf({ items }: Estimate, name: string): number {
  return items.find((each) => each.name === name)?.usd ?? Number.NaN;
}

/** Whether a figure is within 5 % of one made by hand; below a hundredth of a cent the table rounds. */
function assertNear(found: number, byHand: number, what: string): void {
  assert.ok(Math.abs(found - byHand) <= 0.05 * byHand + 0.0001, `${what}: $${found}, by hand $${byHand}`);
}

test("each item of the estimate is within 5 % of the calculation by hand in docs/aws.md", () => {
  const rows = readFileSync(`${ROOT}docs/aws.md`, "utf8").matchAll(/^\| ([A-Za-z0-9 ]+) \| [^|]*\| (0\.\d{4}) \|$/gm);
  const byHand = new Map(rows.map(([, name = "", usd]) => [name, Number(usd)]));
  const found = estimate(plan);
  assert.deepEqual([...byHand.keys()], [...found.items.map(({ name }) => name), "all"]);
  for (const { name, usd } of found.items) assertNear(usd, byHand.get(name) ?? 0, name);
  assertNear(found.usd, byHand.get("all") ?? 0, "all");
  const parts = [...byHand].filter(([name]) => name !== "all").reduce((sum, [, usd]) => sum + usd, 0);
  assertNear(parts, byHand.get("all") ?? 0, "the table's own sum");
});

test("the estimate's quantities are the plan's", () => {
  const { requests, invocations, workerGbSeconds } = estimate(plan);
  assert.deepEqual([requests, invocations], [REQUESTS, 30]);
  assertNear(workerGbSeconds, 10 * SECONDS + 30 * 21.6, "GB-s");
});

test("memory, NAT gateways and a fleet's hosts are in the estimate", () => {
  const [small, large] = [256, 1_769].map((workerMb) => estimate(plan, { ...DEFAULT_SETTING, workerMb }));
  assert.ok(small && large);
  const more = (10 * SECONDS + 30 * 21.6) * ((1_769 - 256) / 1_024) * 0.0000133334;
  assertNear(usdOf(large, "Lambda time") - usdOf(small, "Lambda time"), more, "memory");
  const behind = estimate(plan, { ...DEFAULT_SETTING, isBehindNat: true });
  assertNear(usdOf(behind, "NAT"), ((REQUESTS * 913) / 1e9) * 0.045, "NAT");
  assertNear(behind.usd - estimate(plan).usd, usdOf(behind, "NAT"), "nothing else changes");

  const fleet = estimate({ ...plan, mode: "fleet" });
  assert.equal(fleet.invocations, 0);
  assertNear(usdOf(fleet, "EC2"), 11 * ((SECONDS + 300) / 3_600) * (0.0725 + 0.005), "EC2");
  // Segments are not cut: ten children of four transitions, and Watch is called four times.
  const shared = estimate({ ...plan, mode: "fleet" }, { ...DEFAULT_SETTING, workersPerHost: 4 });
  assertNear(usdOf(shared, "EC2"), 4 * ((SECONDS + 300) / 3_600) * (0.0725 + 0.005), "EC2, four workers a host");
  // Ten hosts wait for 20.1 s, the spare all the time; each says every 15 s that it is there; ten tasks, claims and
  // reservations; Watch looks for lost ones every 10 s.
  const waiting = 10 * 20.1 + 20.1 + SECONDS;
  const writes = usdOf(fleet, "S3 writes") - usdOf(estimate(plan), "S3 writes");
  // The 20 children of the two other segments in Lambda have a lease and a summary each.
  assertNear(writes, (waiting + (11 * (SECONDS + 240)) / 15 + 30 + SECONDS / 10 - 40) * 0.000005, "S3 writes of hosts");
  assertNear(usdOf(fleet, "Step Functions"), (10 * 4 + 17) * 0.000025, "transitions");
});

test("without a breaker there are no ticks and no lists of them", () => {
  const { items } = estimate({ ...plan, limits: { ...plan.limits, breaker: false } });
  const writes = items.find(({ name }) => name === "S3 writes")?.usd ?? 0;
  assertNear(writes, (3_960 + 396 + 69) * 0.000005, "S3 writes");
});
