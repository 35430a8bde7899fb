import assert from "node:assert/strict";
import { test } from "node:test";
import { subscriptionLines } from "../../lib/results/slo.ts";

const GOOD = { name: "newHeads", subscribers: 100, reached: 100, expected: 1_000, missed: 0 };

test("the SLO's success holds for who was subscribed and for what came", () => {
  const lines = (changes: Partial<typeof GOOD>) =>
    subscriptionLines([{ ...GOOD, ...changes }], { success: 0.99 }).map(({ line, found, pass }) => [line, found, pass]);
  assert.deepEqual(lines({}), [
    ["subscribed", 1, true],
    ["notifications", 1, true],
  ]);
  assert.deepEqual(lines({ missed: 11 })[1], ["notifications", 0.989, false]);
  assert.deepEqual(lines({ reached: 98 })[0], ["subscribed", 0.98, false]);
  // Nothing was announced: that is nobody's failure.
  assert.deepEqual(lines({ expected: 0 }), [["subscribed", 1, true]]);
});
