import assert from "node:assert/strict";
import { test } from "node:test";
import { type Preflight, preflightProblems } from "../../lib/attack/preflight.ts";

test("a target that a busy machine was too late to ask is no dead target; one that refused is", () => {
  const asked: Preflight = { chain: 0, target: 0, url: "http://127.0.0.1:1/", isAnswered: false, isSent: true };
  assert.deepEqual(preflightProblems([{ ...asked, isSent: false }]), []);
  assert.match(preflightProblems([{ ...asked, failure: "ECONNREFUSED" }])[0]?.found ?? "", /no response: ECONNREFUSED/);
});
