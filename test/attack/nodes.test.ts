import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { expectedOf } from "../../lib/answers/expected.ts";
import { classifyResponse } from "../../lib/answers/jsonrpc.ts";
import { ROOT } from "../support/volley.ts";

/** What a node answered to a request; `by` is its web3_clientVersion. */
interface Recorded {
  by: string;
  answers: { what: string; request: string; status: number; response: string }[];
}

const recordedOf = (node: string): Recorded =>
  JSON.parse(readFileSync(`${ROOT}test/golden/nodes/${node}.json`, "utf8")) as Recorded;

/** The right class of each answer of geth and of anvil, where they differ; `valid` where it is in neither list. */
const CLASSES: Record<string, string | { geth: string; anvil: string }> = {
  "a revert without data": "answer-revert",
  "a revert with a reason": "answer-revert",
  "a revert with a custom error": "answer-revert",
  "an estimate that reverts": "answer-revert",
  "a receipt that is not there": "answer-null",
  "a transaction that is not there": "answer-null",
  "a block hash that is not there": "answer-null",
  "a batch with a revert and a null": "answer-revert",
  // Asked by its number, a block that is not there is one that this node does not have yet.
  "a block that is not there": "null-result",
  "an invalid opcode": { geth: "rpc-server-error", anvil: "rpc-internal-error" },
  "out of gas": "rpc-transaction-refused",
  "insufficient funds": "rpc-transaction-refused",
  "a call at a block that is not there": { geth: "rpc-server-error", anvil: "rpc-invalid-params" },
  "a filter that is not there": "rpc-server-error",
  "a range the wrong way round": "rpc-invalid-params",
  "a raw transaction that is none": { geth: "rpc-server-error", anvil: "rpc-invalid-params" },
  "an unknown method": "rpc-method-not-found",
  "an address too short": "rpc-invalid-params",
  "an odd number of digits": "rpc-invalid-params",
  "too many parameters": "rpc-invalid-params",
  "parameters missing": "rpc-invalid-params",
  "no version": "rpc-invalid-request",
  "no method": "rpc-invalid-request",
  // anvil takes no fractions, and answers what it cannot read with an id of null.
  "a fractional id": { geth: "valid", anvil: "rpc-invalid-request" },
  "JSON cut short": { geth: "rpc-parse-error", anvil: "rpc-invalid-request" },
  "a batch with an unknown method": "rpc-method-not-found",
  "an empty batch": "rpc-invalid-request",
  "a content type that is not JSON": { geth: "http-415", anvil: "rpc-invalid-request" },
};

for (const node of ["geth", "anvil"] as const) {
  const { by, answers } = recordedOf(node);
  test(`what ${by} answered is what it counts as`, () => {
    assert.ok(answers.length > 35, `${answers.length} answers`);
    for (const { what, request, status, response } of answers) {
      const own = CLASSES[what] ?? "valid";
      const expected = typeof own === "string" ? own : own[node];
      assert.equal(classifyResponse(status, Buffer.from(response), expectedOf(request)), expected, what);
    }
  });

  test(`what ${by} answered, cut short at any byte, is never a relay`, () => {
    for (const { what, request, status, response } of answers) {
      const whole = Buffer.from(response.trimEnd());
      for (let length = 1; length < whole.length; length++) {
        const found = classifyResponse(status, whole.subarray(0, length), expectedOf(request));
        assert.notEqual(found, "valid", `${what}: ${whole.subarray(0, length)}`);
        assert.ok(!found.startsWith("answer-"), `${what}: ${whole.subarray(0, length)}`);
      }
    }
  });
}
