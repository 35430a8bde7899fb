import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as tempo from "../../lib/schedule/tempo.ts";

const DEFINITION = JSON.parse(readFileSync("statemachines/volley.asl.json", "utf8")) as object;

/** All values of a field in the definition. */
function valuesOf(field: string, from: unknown = DEFINITION): number[] {
  if (typeof from !== "object" || from === null) return [];
  return Object.entries(from).flatMap(([key, value]) =>
    key === field && typeof value === "number" ? [value] : valuesOf(field, value),
  );
}

test("the longest segment fits in a Lambda with its lead, a timeout of a minute and its summary", () => {
  const longestMs = tempo.LAMBDA_LEAD_MS + tempo.MAX_SEGMENT_MS + 60_000 + tempo.WORKER_GRACE_MS;
  assert.ok(longestMs <= tempo.LAMBDA_MS, `${longestMs}`);
});

test("a worker that is to stop has seen it and drained within the time that is promised", () => {
  assert.ok(tempo.POLL_MS + tempo.ABORT_DRAIN_MS < tempo.STOP_MS);
  assert.ok(tempo.TAKEOVER_MS >= tempo.STOP_MS, "a second attempt sends only when the first has stopped");
});

test("a worker flushes often enough for Watch: what is late is still listed", () => {
  assert.ok(tempo.MAX_FLUSH_MS + tempo.LOOK_MS < tempo.LATE_TICKS_MS);
  assert.equal(tempo.flushMs(10_000), tempo.MIN_FLUSH_MS);
  assert.equal(tempo.flushMs(3_600_000), tempo.MAX_FLUSH_MS);
});

test("after an abort Watch waits longer for summaries than workers take to stop", () => {
  assert.ok(tempo.WATCH_GRACE_MS > tempo.STOP_MS);
});

test("a call of Watch ends well before its Lambda does, and writes down that it looks more often than it ends", () => {
  assert.ok(valuesOf("TimeoutSeconds").includes(tempo.LAMBDA_MS / 1_000));
  assert.ok(tempo.WATCH_CALL_MS + tempo.LOOK_LIMIT_MS + 60_000 < tempo.LAMBDA_MS);
  assert.ok(tempo.LOOK_MS <= tempo.WATCHED_EVERY_MS && tempo.WATCHED_EVERY_MS < tempo.WATCH_CALL_MS / 10);
});

test("a host may miss two heartbeats, and no more than a few announcements", () => {
  const [seconds = 0] = valuesOf("HeartbeatSeconds");
  assert.ok(seconds * 1_000 > 3 * tempo.HEARTBEAT_MS);
  assert.ok(tempo.FRESH_MS > 2 * tempo.ANNOUNCE_MS);
});

test("Plan gives up on a fleet before its own Lambda ends", () => {
  assert.ok(tempo.FLEET_WAIT_MS + 2 * 60_000 < tempo.LAMBDA_MS);
});
