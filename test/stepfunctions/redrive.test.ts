import assert from "node:assert/strict";
import { test } from "node:test";
import { type ExecutionResult, execute } from "../../lib/stepfunctions/interpreter.ts";
import type { Json } from "../../lib/stepfunctions/paths.ts";
import { StateError } from "../../lib/stepfunctions/stateError.ts";
import type { Definition } from "../../lib/stepfunctions/stateSchema.ts";
import { deployedDefinition } from "../support/deployedDefinition.ts";

/*
 * A redrive, as AWS describes it: the execution continues at the state that did not succeed, with that state's input, and
 * no state that did succeed runs again.
 */

const PLANNED = { runId: "r", assignmentsKey: "a", maxConcurrency: 1, partsKey: "p", parts: 1 };
const ITEM = { mode: "lambda", invokeAt: "2025-11-25T12:00:00Z", timeoutSeconds: 60 };

/** Executes a definition with functions that answer at once; `reduce` is Reduce's answer or error. */
async function executed(definition: Definition, input: Json, reduce: () => Json) {
  const calls: string[] = [];
  const result: ExecutionResult = await execute(definition, input, "r", {
    invoke: async (name) => {
      calls.push(name);
      if (name === "plan") return PLANNED;
      if (name === "watch") return { done: true };
      return name === "reduce" ? reduce() : { assignment: "w000-s00", outcome: "completed" };
    },
    readObject: async () => JSON.stringify([ITEM]),
  });
  return { result, calls: calls.sort() };
}

test("a run whose Reduce failed is redriven by Reduce alone: no worker is called again", async () => {
  const definition = deployedDefinition();
  const failed = await executed(definition, {}, () => {
    throw new StateError("Error", "out of memory");
  });
  assert.equal(failed.result.status, "FAILED");
  assert.deepEqual(failed.calls, ["attack", "plan", "reduce", "watch"]);
  const redriven = await executed({ ...definition, StartAt: "Reduce" }, PLANNED, () => {
    return { isTrial: false, verdict: { valid: true, pass: true, summary: "passed" } };
  });
  assert.equal(redriven.result.status, "SUCCEEDED");
  assert.deepEqual(redriven.calls, ["reduce"]);
});
