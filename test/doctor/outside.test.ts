import assert from "node:assert/strict";
import { test } from "node:test";
import { renderChecks } from "../../lib/doctor/check.ts";
import { fleetCheck, functionChecks, leftoverChecks, ownClockCheck, stackChecks } from "../../lib/doctor/outside.ts";

const HOUR_MS = 3_600_000;

test("a stack is in order when its last change is complete, and a command of another version is told", () => {
  const levels = (status: string, version?: string) => stackChecks(status, version, "1.2.0").map(({ level }) => level);
  assert.deepEqual(levels("UPDATE_COMPLETE", "1.2.0"), ["ok", "ok"]);
  assert.deepEqual(levels("UPDATE_IN_PROGRESS", "1.1.0"), ["warn", "warn"]);
  assert.deepEqual(levels("UPDATE_ROLLBACK_COMPLETE"), ["fail", "warn"]);
});

test("functions that idled for weeks, and those that could not be updated, are told apart", () => {
  const active = { name: "plan", state: "Active", reason: "", update: "Successful" };
  assert.deepEqual(functionChecks([active]), [{ subject: "functions", level: "ok", evidence: "plan: active" }]);
  const [ok, idle, broken] = functionChecks([
    active,
    { ...active, name: "attack", state: "Inactive", reason: "idle" },
    { ...active, name: "watch", update: "Failed", reason: "the role cannot be assumed" },
  ]);
  assert.deepEqual([ok?.level, idle?.level, broken?.level], ["ok", "warn", "fail"]);
  assert.equal(broken?.evidence, "watch is Active: its last update failed: the role cannot be assumed");
});

test("runs that go on and runs without a report are told, each with the command that goes on", () => {
  const run = { runId: "evening-1", status: "SUCCEEDED", startedAtMs: 0, isReported: true };
  assert.deepEqual(
    leftoverChecks([run], "volley", HOUR_MS).map(({ level }) => level),
    ["ok"],
  );
  const left = leftoverChecks(
    [
      { ...run, status: "RUNNING", isReported: false },
      { ...run, runId: "evening-2", status: "FAILED", isReported: false },
    ],
    "volley",
    7 * HOUR_MS,
  );
  assert.deepEqual(
    left.map(({ level, evidence }) => `${level} ${evidence}`),
    ["warn evening-1 is running, for more than 6 hours", "warn evening-2 ended (failed) without a report"],
  );
  assert.match(left[1]?.remedy ?? "", /^volley report evening-2 --stack volley /);
});

test("hosts that no run needs, and a clock that AWS would refuse, are told", () => {
  assert.deepEqual(
    [fleetCheck(0, false).level, fleetCheck(3, true).level, fleetCheck(3, false).level],
    ["ok", "ok", "warn"],
  );
  assert.equal(ownClockCheck(1_000_000, 1_000_400, 1_000_800).level, "ok");
  assert.equal(ownClockCheck(1_000_000, 1_400_000, 1_400_100).level, "fail");
});

test("checks are lines of a level, a subject, what was seen and what to do, in the width that there is", () => {
  const text = renderChecks(
    [
      { subject: "stack", level: "ok", evidence: "CREATE_COMPLETE" },
      { subject: "concurrency", level: "warn", evidence: "10 invocations ".repeat(6).trim(), remedy: "ask for more" },
    ],
    { columns: 70 },
  );
  assert.match(text, /^ok {4}stack {13}CREATE_COMPLETE$/m);
  assert.match(text, /^ {24}→ ask for more$/m);
  assert.ok(
    text.split("\n").every((line) => line.length <= 70),
    text,
  );
  assert.match(text, /1 ok, 1 to look at, 0 failed\n$/);
});
