import assert from "node:assert/strict";
import { test } from "node:test";
import { estimate } from "../../lib/plan/estimate.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";

const ORIGIN = "http://127.0.0.1:8545";

/** The guide's run: 5,000 requests/s for 33 minutes from ten workers. */
const plan = checkedPlan(ORIGIN, {
  limits: { breaker: false },
  chains: [
    chainInput("ethereum", 2_000, ORIGIN),
    ...["boba", "mantle", "kava"].map((name) => chainInput(name, 1_000, ORIGIN)),
  ],
  duration: "33m",
});

test("each item of the estimate is quantity × list price, within 5 %", () => {
  const seconds = 33 * 60;
  const requests = 5_000 * seconds;
  const body = JSON.stringify({ jsonrpc: "2.0", method: "eth_blockNumber", params: [], id: 1 }).length;
  // https://aws.amazon.com/lambda/pricing, s3, step-functions and ec2 (data transfer), us-east-1, November 2025.
  const expected: Record<string, number> = {
    // Ten workers, three invocations each with some 12 s before and after, and Watch: 256 MB on arm64.
    "Lambda time": (10 * (seconds + 3 * 12) + seconds) * 0.25 * 0.0000133334,
    "Lambda requests": 33 * 0.0000002,
    // A chunk every 5 s and worker, and two objects for each invocation; the abort flag and the lease every 1.2 s.
    "S3 writes": (10 * (seconds / 5) + 60) * 0.000005,
    "S3 reads": 10 * 2 * (seconds / 1.2) * 0.0000004,
    "Step Functions": (30 * 3 + 10 + 8) * 0.000025,
    Egress: ((requests * (body + 250)) / 1e9) * 0.09,
  };
  const { items, usd } = estimate(plan);
  for (const [name, formula] of Object.entries(expected)) {
    const item = items.find((each) => each.name === name)?.usd ?? 0;
    assert.ok(Math.abs(item / formula - 1) <= 0.05, `${name}: $${item}, by the formula $${formula}`);
  }
  const sum = Object.values(expected).reduce((all, each) => all + each, 0);
  assert.ok(Math.abs(usd / sum - 1) <= 0.05, `$${usd}, by the formula $${sum}`);
});

test("the estimate's quantities are the plan's", () => {
  const { requests, invocations } = estimate(plan);
  assert.deepEqual([requests, invocations], [9_900_000, 30]);
});
