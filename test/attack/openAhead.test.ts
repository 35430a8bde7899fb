import assert from "node:assert/strict";
import { test } from "node:test";
import { openingMs } from "../../lib/attack/openAhead.ts";
import { assign } from "../../lib/plan/assign.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";

/** How long one worker needs for its connections. */
function needsMs(scheme: string, rps: number, overrides: object = {}): number {
  const origin = `${scheme}://127.0.0.1:1`;
  const plan = checkedPlan(origin, { chains: [chainInput("ethereum", rps, origin)], perWorkerRps: rps, ...overrides });
  const [assignment] = assign(plan, { runId: "run", startAtMs: 0, leadMs: 0 });
  assert.ok(assignment);
  return openingMs({ plan, assignment, attempt: 1 });
}

test("TLS handshakes take time before the start, by the number of connections", () => {
  assert.equal(needsMs("https", 500), 200, "a hundred connections, for a response time of 200 ms");
  assert.equal(needsMs("https", 500, { connections: 30 }), 60);
  assert.equal(needsMs("https", 5_000, { limits: { inFlightPerWorker: 150 } }), 300, "no more than may be in flight");
});

test("connections that are not opened ahead, or take no handshake, take no time", () => {
  assert.equal(needsMs("http", 500), 0);
  assert.equal(needsMs("https", 500, { keepalive: false }), 0);
  assert.equal(needsMs("https", 500, { http: "2" }), 0, "one connection carries a hundred requests");
});
