import assert from "node:assert/strict";
import { test } from "node:test";
import { type ExecutionStatus, type FollowPorts, followExecution, LeftError, patiently } from "../../bin/following.ts";

/** An error as the SDK throws it: told by its name. */
function awsError(name: string, message = "a fault of the test"): Error {
  return Object.assign(new Error(message), { name });
}

/** Follows an execution whose answers depend on the time, which passes as fast as it is waited for. */
async function followed(
  status: (sinceMs: number) => ExecutionStatus | undefined,
  isReported: (sinceMs: number) => boolean = () => false,
) {
  let nowMs = 0;
  const notes: string[] = [];
  const ports: FollowPorts = {
    status: async () => status(nowMs),
    isReported: async () => isReported(nowMs),
    nowMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
    },
    note: (text) => notes.push(text),
  };
  const ended = await followExecution(ports);
  return { ended, nowMs, notes };
}

const RUNNING = { status: "RUNNING", error: "" };
const SUCCEEDED = { status: "SUCCEEDED", error: "" };

test("an execution that was just started and is not there yet is running", async () => {
  const late = (sinceMs: number) => (sinceMs < 10_000 ? undefined : sinceMs < 60_000 ? RUNNING : SUCCEEDED);
  const { ended, nowMs, notes } = await followed(late);
  assert.deepEqual([ended, notes], [SUCCEEDED, []]);
  assert.ok(nowMs >= 60_000);
  const never = await followed(() => undefined);
  assert.equal(never.ended, undefined);
  assert.ok(never.nowMs > 60_000 && never.nowMs < 70_000, "one that never comes is given up after a minute");
});

test("an execution that has ended and is still listed as running is over when its report has been there for a while", async () => {
  const { ended, nowMs } = await followed(
    () => RUNNING,
    (sinceMs) => sinceMs >= 20_000,
  );
  assert.equal(ended, undefined);
  assert.ok(nowMs > 50_000 && nowMs < 60_000);
  const soon = await followed(
    (sinceMs) => (sinceMs < 24_000 ? RUNNING : SUCCEEDED),
    (sinceMs) => sinceMs >= 20_000,
  );
  assert.deepEqual([soon.ended, soon.nowMs], [SUCCEEDED, 24_000], "its status is waited for");
  const old = await followed(
    () => undefined,
    () => true,
  );
  assert.deepEqual([old.ended, old.nowMs], [undefined, 0], "the report of a run that Step Functions has forgotten");
});

test("what may pass is tried again for minutes, and told once; then the run is left to itself", async () => {
  for (const name of ["ThrottlingException", "TimeoutError", "ECONNRESET", "ServiceUnavailable", "SlowDown"]) {
    const blip = await followed((sinceMs) => {
      if (sinceMs > 6_000 && sinceMs < 5 * 60_000) throw awsError(name);
      return sinceMs < 6 * 60_000 ? RUNNING : SUCCEEDED;
    });
    assert.deepEqual([blip.ended, blip.notes.length], [SUCCEEDED, 2], name);
    assert.match(blip.notes.join("; "), new RegExp(`does not answer \\(${name}.*; AWS answers again`));
  }
  await assert.rejects(
    followed(() => {
      throw awsError("TimeoutError");
    }),
    (error) => error instanceof LeftError && error.why === "unreachable",
  );
});

test("credentials that have expired end it at once, and what stays is not tried again", async () => {
  for (const error of [
    awsError("ExpiredTokenException"),
    awsError("ExpiredToken"),
    awsError("CredentialsProviderError"),
    awsError("Error", "Token is expired. To refresh this SSO session run 'aws sso login'"),
    awsError("UnrecognizedClientException"),
  ]) {
    let calls = 0;
    const left = followed(() => {
      calls++;
      throw error;
    });
    await assert.rejects(left, (thrown) => thrown instanceof LeftError && thrown.why === "credentials", error.name);
    assert.equal(calls, 1);
  }
  let calls = 0;
  const refused = followed(() => {
    calls++;
    throw awsError("AccessDeniedException");
  });
  await assert.rejects(refused, /^AccessDeniedException/);
  assert.equal(calls, 1);
});

test("pauses grow to 15 s", async () => {
  const pauses: number[] = [];
  let failures = 7;
  const ports = { nowMs: () => 0, note: () => {}, sleep: async (ms: number) => pauses.push(ms) };
  const answer = await patiently(async () => {
    if (failures-- > 0) throw awsError("SlowDown");
    return "answer";
  }, ports);
  assert.equal(answer, "answer");
  assert.deepEqual(pauses, [1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
});
