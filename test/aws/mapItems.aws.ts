import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { DEFINITION_PATH, SUBSTITUTIONS } from "../../lib/local/functions.ts";
import { assign } from "../../lib/plan/assign.ts";
import { guardProblems } from "../../lib/plan/guards.ts";
import { loadDefinition } from "../../lib/stepfunctions/definition.ts";
import { type ExecutionResult, execute } from "../../lib/stepfunctions/interpreter.ts";
import type { Json } from "../../lib/stepfunctions/paths.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";

/* What a Map's results may be as large as: Step Functions ends an execution above 262,144 bytes, and no Catch sees it. */

/** Workers, the rate of each, the run's length and its segments': up to 7,200 items. */
const ROWS: [workers: number, perWorkerRps: number, duration: string, segment: string][] = [
  [200, 100, "6h", "12m"],
  [300, 100, "3h", "10m"],
  [1_000, 50, "33m", "12m"],
  [1_000, 50, "1h", "10m"],
  [10, 500, "6h", "30s"],
  [100, 500, "6h", "6m"],
];

const GUARDS = { allowedHosts: ["gateway.example"], maxRps: 5e4, maxDurationMs: 3e7, maxWorkers: 1e3, maxUsd: 1e3 };

/** Executes the definition over as many items, with workers that do nothing. */
async function executed(items: readonly unknown[], definition: string): Promise<ExecutionResult> {
  const answers: Record<string, Json> = {
    plan: { runId: "r", assignmentsKey: "a", maxConcurrency: items.length, partsKey: "p", parts: 1 },
    watch: { done: true },
    reduce: { isTrial: false, verdict: { valid: true, pass: true, summary: "passed" } },
  };
  return execute(loadDefinition(definition, SUBSTITUTIONS, "the definition"), {}, "r", {
    invoke: async (name) => answers[name] ?? { assignment: "w000-s00", outcome: "completed" },
    readObject: async () => JSON.stringify(items),
  });
}

test("1,000 workers in 6 segments, and every other run that Plan accepts, fit into the Map's output", async () => {
  const definition = readFileSync(DEFINITION_PATH, "utf8");
  for (const [workers, perWorkerRps, duration, segment] of ROWS) {
    const plan = checkedPlan("https://gateway.example", {
      chains: [chainInput("ethereum", workers * perWorkerRps, "https://gateway.example")],
      ...{ duration, segment, perWorkerRps, allowedHosts: ["gateway.example"] },
    });
    assert.deepEqual(guardProblems(plan, GUARDS, 10_000), []);
    const items = assign(plan, { runId: "evening-20251125-120000-abcd", startAtMs: Date.now() - 9e7, leadMs: 0 });
    const result = await executed(items, definition);
    assert.equal(result.status, "SUCCEEDED", `${items.length} items: ${JSON.stringify(result).slice(0, 300)}`);
  }
  // Items that say how they ended are 48 bytes each: 6,000 of them are too many.
  const items = Array.from({ length: 6_000 }, () => ({
    mode: "lambda",
    invokeAt: "2025-11-25T12:00:00Z",
    timeoutSeconds: 60,
  }));
  const talkative = definition.replaceAll(/"OutputPath": null,/g, "");
  const failed = await executed(items, talkative);
  assert.deepEqual([failed.status, "error" in failed && failed.error], ["FAILED", "States.DataLimitExceeded"]);
});
