import assert from "node:assert/strict";
import { test } from "node:test";
import type { Report } from "../../lib/report/schema.ts";
import { subscriptionHints } from "../../lib/report/subscriptionHints.ts";

const FINE = { name: "newHeads", subscribers: 10, subscribed: 10, notifications: 50, expected: 50 };
const NOTHING = { missed: 0, missedByNumber: 0, doubled: 0, silent: 0, failures: {} };

function hintsOf(changes: Record<string, unknown>): string[] {
  const chain = { name: "ethereum", subscriptions: [{ ...FINE, ...NOTHING, ...changes }] };
  const run = { mode: "lambda" };
  return subscriptionHints({ chains: [chain], run, generator: { all: [] } } as unknown as Report).map(
    ({ what }) => what,
  );
}

test("subscribers that miss, double or fall silent are hinted at, and those that do not are not", () => {
  assert.deepEqual(hintsOf({}), []);
  assert.deepEqual(hintsOf({ silent: 1, missed: 4 }), [
    "ethereum, newHeads: subscriptions fell silent",
    "ethereum, newHeads: notifications were missed",
  ]);
  assert.deepEqual(hintsOf({ doubled: 1 }), ["ethereum, newHeads: notifications were doubled"]);
});

test("subscribers without a file for their socket are hinted at", () => {
  assert.deepEqual(hintsOf({ failures: { "file-limit": 3 } }), [
    "ethereum, newHeads: the generator ran out of file descriptors",
  ]);
});

test("subscriptions that are confirmed and never get a block are hinted at", () => {
  assert.deepEqual(hintsOf({ notifications: 0, expected: 0 }), ["ethereum, newHeads: nothing was announced"]);
  assert.deepEqual(hintsOf({ notifications: 0, expected: 0, subscribed: 0 }), []);
  // No log need ever fit a filter.
  assert.deepEqual(hintsOf({ name: "logs", notifications: 0, expected: 0 }), []);
});
