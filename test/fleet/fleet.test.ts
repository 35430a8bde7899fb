import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ActivityDoesNotExist,
  GetActivityTaskCommand,
  InvalidOutput,
  InvalidToken,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  SFNClient,
  TaskTimedOut,
} from "@aws-sdk/client-sfn";
import { LOCAL_ACTIVITY } from "../../lib/local/fleet.ts";
import { LocalRun } from "../../lib/local/run.ts";
import { balances } from "../../lib/results/ledger.ts";
import { Activities } from "../../lib/stepfunctions/activities.ts";
import { StateError } from "../../lib/stepfunctions/stateError.ts";
import { temporaryFolder } from "../support/folder.ts";
import { checkedPlan } from "../support/plans.ts";
import { answeringServer, jsonResponse, RELAY } from "../support/servers.ts";

const never = new AbortController().signal;

test("the activity endpoint speaks Step Functions' API to the AWS SDK, errors as documented", async (t) => {
  const activities = new Activities(LOCAL_ACTIVITY);
  const endpoint = await activities.listen();
  t.after(() => activities.close());
  const client = new SFNClient({ endpoint, region: "local", credentials: { accessKeyId: "x", secretAccessKey: "x" } });
  const take = async (): Promise<string> => {
    const { taskToken = "", input = "" } = await client.send(
      new GetActivityTaskCommand({ activityArn: LOCAL_ACTIVITY, workerName: "h" }),
    );
    assert.deepEqual(JSON.parse(input), { a: 1 });
    return taskToken;
  };
  await assert.rejects(
    client.send(new GetActivityTaskCommand({ activityArn: `${LOCAL_ACTIVITY}-other` })),
    ActivityDoesNotExist,
  );
  await assert.rejects(client.send(new SendTaskHeartbeatCommand({ taskToken: "nobody's" })), InvalidToken);

  const done = activities.run(LOCAL_ACTIVITY, { a: 1 }, 5, never);
  const token = await take();
  await assert.rejects(client.send(new SendTaskSuccessCommand({ taskToken: token, output: "{" })), InvalidOutput);
  await client.send(new SendTaskHeartbeatCommand({ taskToken: token }));
  await client.send(new SendTaskSuccessCommand({ taskToken: token, output: '{"b":2}' }));
  assert.deepEqual(await done, { b: 2 });
  await assert.rejects(client.send(new SendTaskSuccessCommand({ taskToken: token, output: "{}" })), InvalidToken);

  const failed = assert.rejects(
    activities.run(LOCAL_ACTIVITY, { a: 1 }, undefined, never),
    (error: StateError) => error.name === "Mine" && error.message === "because",
  );
  await client.send(new SendTaskFailureCommand({ taskToken: await take(), error: "Mine", cause: "because" }));
  await failed;

  const silent = activities.run(LOCAL_ACTIVITY, { a: 1 }, 1, never);
  const late = await take();
  await assert.rejects(
    silent,
    (error: StateError) => error instanceof StateError && error.name === "States.HeartbeatTimeout",
  );
  await assert.rejects(client.send(new SendTaskHeartbeatCommand({ taskToken: late })), TaskTimedOut);
});

/** Runs a plan of two workers in fleet mode; `onHost` is told of each host's process. */
async function runFleet(t: Parameters<typeof temporaryFolder>[0], duration: string, onHost: (pid: number) => void) {
  const server = await answeringServer(t as never, () => jsonResponse(RELAY));
  const plan = checkedPlan(server.origin, { duration, mode: "fleet", workers: 2, timeout: "2s" });
  const run = new LocalRun({
    plan,
    runId: "fleet",
    folder: temporaryFolder(t),
    onProcess: (name, pid, running) => {
      if (name === "host" && running) onHost(pid);
    },
  });
  return run.run();
}

test("a fleet of hosts runs a plan: each worker is a host, and the report is as ever", async (t) => {
  const pids: number[] = [];
  const { execution, report } = await runFleet(t, "2s", (pid) => pids.push(pid));
  assert.equal(execution.status, "SUCCEEDED", JSON.stringify(execution));
  assert.equal(pids.length, 2);
  assert.equal(report?.total.ledger.valid, 200);
  assert.deepEqual(report?.verdict.reasons, []);
});

test("a host that dies is noticed, another goes on with its assignment, and the ledger balances", {
  timeout: 120_000,
}, async (t) => {
  const pids: number[] = [];
  const killer = setTimeout(() => process.kill(-(pids[0] ?? 0), "SIGKILL"), 9_000);
  t.after(() => clearTimeout(killer));
  const { report } = await runFleet(t, "14s", (pid) => pids.push(pid));
  assert.ok(report);
  for (const { ledger } of report.chains) assert.ok(balances(ledger));
  const hit = report.workers.find(({ outcomes }) => outcomes.includes("orphaned"));
  assert.ok(hit, "one attempt was lost");
  assert.match(report.findings.join(" "), /attempt 1 stopped at [\d.]+ s: host-\d had gone/);
  assert.equal(report.verdict.valid, false);
});
