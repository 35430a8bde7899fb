import assert from "node:assert/strict";
import { test } from "node:test";
import { type Assignment, assign, foreignFields } from "../../lib/plan/assign.ts";
import { estimate } from "../../lib/plan/estimate.ts";
import { guardProblems } from "../../lib/plan/guards.ts";
import { deployedRegionProblems, inHome, regionConcurrencyProblems } from "../../lib/plan/regionGuards.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { planTask } from "../../lib/stages/plan.ts";
import { assignmentsKey, planKey } from "../../lib/store/keys.ts";
import { requireJson } from "../../lib/store/store.ts";
import { MemoryStore } from "../support/memoryStore.ts";
import { PLAN_PORTS } from "../support/planPorts.ts";
import { checkedPlan } from "../support/plans.ts";

const ORIGIN = "https://gateway.example";
const ALLOWED = { allowedHosts: ["gateway.example"] };
const REGIONS = { "us-east-1": 0.5, "eu-west-1": 0.5 };
const DEPLOYED = { home: "us-east-1", others: ["eu-west-1"] };
const plan = checkedPlan(ORIGIN, { ...ALLOWED, regions: REGIONS, perWorkerRps: 25 });

test("a plan's regions must be those of its deployment", () => {
  assert.deepEqual(deployedRegionProblems(plan, DEPLOYED), []);
  assert.deepEqual(deployedRegionProblems(checkedPlan(ORIGIN, ALLOWED), undefined), []);
  const [none] = deployedRegionProblems(plan, undefined);
  assert.match(none?.expected ?? "", /^none: this deployment's workers run in one region/);
  assert.deepEqual(deployedRegionProblems(plan, { home: "eu-west-1", others: [] }), [
    { where: '$.regions["us-east-1"]', found: "us-east-1", expected: "one of eu-west-1" },
  ]);
});

test("each other region needs concurrency for its own workers, twice at a border of segments", () => {
  const limits = (limit: number) => new Map([["eu-west-1", limit]]);
  assert.deepEqual(regionConcurrencyProblems(plan, limits(2)), []);
  assert.deepEqual(
    regionConcurrencyProblems(plan, limits(1)).map(({ where, found }) => [where, found]),
    [['$.regions["eu-west-1"]', "2 Lambda invocations at once"]],
  );
  const long = { ...plan, segmentMs: 1_000 };
  assert.equal(regionConcurrencyProblems(long, limits(3)).length, 1);
  assert.deepEqual(regionConcurrencyProblems(long, limits(4)), []);
});

test("workers outside of the home are called across regions; a plan says nothing about that by itself", () => {
  const modes = (of: typeof plan): string[] =>
    assign(of, { runId: "r", startAtMs: 0, leadMs: 0 }).map(({ region, mode }) => `${region} ${mode}`);
  const deployed = inHome(plan, DEPLOYED);
  assert.deepEqual(modes(deployed), ["us-east-1 lambda", "us-east-1 lambda", "eu-west-1 region", "eu-west-1 region"]);
  assert.deepEqual(new Set(modes(plan)), new Set(["us-east-1 lambda", "eu-west-1 lambda"]));
  assert.equal(inHome({ ...plan, home: "ap-south-1" }, undefined).home, undefined);
  const [, , other] = assign(deployed, { runId: "r", startAtMs: 0, leadMs: 0 });
  assert.ok(other);
  assert.deepEqual(foreignFields(deployed, other), []);
  assert.deepEqual(
    foreignFields(deployed, { ...other, mode: "lambda", region: "us-east-1" }).map(({ where }) => where),
    ["assignment w002-s00: region", "assignment w002-s00: mode"],
  );
});

test("Plan writes the workers of other regions as such, and asks what each region allows", async () => {
  const store = new MemoryStore();
  await store.put(planKey("r"), JSON.stringify(plan));
  const asked: (string | undefined)[] = [];
  const guards = { ...ALLOWED, maxRps: 1_000, maxDurationMs: 1e6, maxWorkers: 10, maxUsd: 10, regions: DEPLOYED };
  const concurrency = async (region?: string): Promise<number> => {
    asked.push(region);
    return region === undefined ? 1_000 : (limits.shift() ?? 0);
  };
  const limits = [2, 1];
  await planTask(store, "r", { planKey: planKey("r") }, { ...PLAN_PORTS, guards, concurrency });
  assert.deepEqual(asked, [undefined, "eu-west-1"]);
  const assignments = await requireJson<Assignment[]>(store, assignmentsKey("r"));
  assert.deepEqual(
    assignments.map(({ mode }) => mode),
    ["lambda", "lambda", "region", "region"],
  );
  const stored = await requireJson<Plan>(store, planKey("r"));
  assert.equal(stored.home, "us-east-1");
  assert.deepEqual(guardProblems(stored, guards, 1_000), []);
  await assert.rejects(
    planTask(store, "r", { planKey: planKey("r") }, { ...PLAN_PORTS, guards, concurrency }),
    /eu-west-1"\]: found 2 Lambda invocations at once/,
  );
});

test("calls to other regions and the transfer between regions are part of the estimate", () => {
  const itemsOf = (of: Plan) => new Map(estimate(of).items.map(({ name, usd }) => [name, usd]));
  assert.equal(itemsOf(plan).has("Calls to other regions"), false);
  const items = itemsOf({ ...plan, ...inHome({ ...plan, durationMs: 3_600_000, segmentMs: 3_600_000 }, DEPLOYED) });
  // Two of four workers: an hour each, and their lead, at an eighth of the price of the workers of 1 GB.
  const calls = items.get("Calls to other regions") ?? 0;
  assert.ok(Math.abs(calls / (2 * 3_600 * 0.125 * 0.0000133334) - 1) < 0.02, `${calls}`);
  const transfer = items.get("Transfer between regions") ?? 0;
  assert.ok(transfer > 0 && transfer < 0.01, `${transfer}`);
});
