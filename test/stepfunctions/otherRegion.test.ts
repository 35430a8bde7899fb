import assert from "node:assert/strict";
import { test } from "node:test";
import { execute } from "../../lib/stepfunctions/interpreter.ts";
import { StateError } from "../../lib/stepfunctions/stateError.ts";
import { deployedDefinition } from "../support/deployedDefinition.ts";

const PLANNED = { runId: "r", assignmentsKey: "a", maxConcurrency: 2, partsKey: "p", parts: 1 };
const ITEM = { invokeAt: "2025-11-25T12:00:00Z", timeoutSeconds: 60 };
const ITEMS = [
  { ...ITEM, id: "w000-s00", mode: "lambda" },
  { ...ITEM, id: "w001-s00", mode: "region", region: "eu-west-1" },
];

/** Executes the definition with a worker in each of two regions; calls of the other one fail with these errors first. */
async function callsWith(errors: string[]) {
  const calls: string[] = [];
  const result = await execute(deployedDefinition(), {}, "r", {
    invoke: async (name, payload) => {
      if (name === "plan") return PLANNED;
      if (name === "watch") return { done: true };
      if (name === "reduce") return { isTrial: false, verdict: { valid: true, pass: true, summary: "passed" } };
      const { assignment } = payload as { assignment: { id: string } };
      calls.push(`${name} ${assignment.id}`);
      const error = name === "otherRegion" ? errors.shift() : undefined;
      if (error !== undefined) throw new StateError(error, "it failed");
      return {};
    },
    readObject: async () => JSON.stringify(ITEMS),
  });
  return { status: result.status, others: calls.filter((call) => call === "otherRegion w001-s00").length, calls };
}

test("a worker of another region is called by the function for that, and one of the home by itself", async () => {
  const { status, calls } = await callsWith([]);
  assert.equal(status, "SUCCEEDED");
  assert.deepEqual(calls.sort(), ["attack w000-s00", "otherRegion w001-s00"]);
});

test("a call of another region is repeated as one of the home; a region that is lost does not end the run", async () => {
  for (const [errors, calls] of [
    [["TooManyRequestsException", "TooManyRequestsException"], 3],
    [["Runtime.ExitError"], 2],
    [["Runtime.ExitError", "Runtime.ExitError"], 2],
    [["ServiceException"], 2],
    [["ResourceNotReadyException"], 2],
    [["TimeoutError"], 2],
    [["Lambda.TooManyRequestsException", "Lambda.TooManyRequestsException"], 3],
    [["Lambda.Unknown", "Lambda.Unknown"], 2],
    [["AccessDeniedException"], 1],
  ] as const) {
    const { status, others } = await callsWith([...errors]);
    assert.equal(status, "SUCCEEDED");
    assert.equal(others, calls, errors.join());
  }
});
