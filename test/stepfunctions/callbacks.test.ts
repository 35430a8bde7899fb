import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  InvalidOutput,
  InvalidToken,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  SFNClient,
  TaskTimedOut,
} from "@aws-sdk/client-sfn";
import { Callbacks } from "../../lib/stepfunctions/callbacks.ts";
import { loadDefinition } from "../../lib/stepfunctions/definition.ts";
import { type ExecutionResult, execute, type HistoryEvent } from "../../lib/stepfunctions/interpreter.ts";

const never = new AbortController().signal;

async function startCallbacks(t: TestContext): Promise<{ callbacks: Callbacks; client: SFNClient }> {
  const callbacks = new Callbacks();
  const endpoint = await callbacks.listen();
  const client = new SFNClient({ endpoint, region: "local", credentials: { accessKeyId: "x", secretAccessKey: "x" } });
  t.after(async () => {
    client.destroy();
    await callbacks.close();
  });
  return { callbacks, client };
}

test("a task's token is returned by the AWS SDK once; afterwards, and if nobody made it, the errors are Step Functions'", async (t) => {
  const { callbacks, client } = await startCallbacks(t);
  await assert.rejects(client.send(new SendTaskHeartbeatCommand({ taskToken: "nobody's" })), InvalidToken);

  const first = callbacks.open();
  const done = first.result(5, never);
  const taskToken = first.token;
  await assert.rejects(client.send(new SendTaskSuccessCommand({ taskToken, output: "{" })), InvalidOutput);
  await client.send(new SendTaskHeartbeatCommand({ taskToken }));
  await client.send(new SendTaskSuccessCommand({ taskToken, output: '{"b":2}' }));
  assert.deepEqual(await done, { b: 2 });
  await assert.rejects(client.send(new SendTaskSuccessCommand({ taskToken, output: "{}" })), TaskTimedOut);
  await assert.rejects(client.send(new SendTaskHeartbeatCommand({ taskToken })), TaskTimedOut);

  const second = callbacks.open();
  const failed = assert.rejects(second.result(undefined, never), { name: "Mine", message: "because" });
  await client.send(new SendTaskFailureCommand({ taskToken: second.token, error: "Mine", cause: "because" }));
  await failed;
});

test("a task whose execution has ended is not waited for, whether it ended before or meanwhile", {
  timeout: 10_000,
}, async () => {
  const over = new Error("the execution is over");
  await assert.rejects(new Callbacks().open().result(undefined, AbortSignal.abort(over)), over);
  const execution = new AbortController();
  const ended = assert.rejects(new Callbacks().open().result(undefined, execution.signal), over);
  execution.abort(over);
  await ended;
});

/** A definition of one task that waits for its token. */
function waiting(times: object, more: object = {}): string {
  const host = {
    Type: "Task",
    Resource: "arn:aws:states:::aws-sdk:s3:putObject.waitForTaskToken",
    Parameters: {
      Bucket: "bucket",
      "Key.$": "States.Format('tasks/{}/{}.json', $.name, States.UUID())",
      Body: { "taskToken.$": "$$.Task.Token", "input.$": "$" },
    },
    ...times,
    ...more,
    End: true,
  };
  return JSON.stringify({ StartAt: "Host", States: { Host: host } });
}

interface Run {
  definition: string;
  callbacks: Callbacks;
  /** What happens to each object that is written. */
  onTask(task: { taskToken: string; input: unknown }, key: string): void;
}

async function runTask({ definition, callbacks, onTask }: Run): Promise<{ result: ExecutionResult; events: string[] }> {
  const events: HistoryEvent[] = [];
  const result = await execute(loadDefinition(definition, {}, "test"), { name: "a" }, "execution-1", {
    invoke: async () => assert.fail("no function is called"),
    readObject: async () => undefined,
    putObject: async (_bucket, key, body) => onTask(JSON.parse(body), key),
    callback: () => callbacks.open(),
    onEvent: (event) => events.push(event),
  });
  return { result, events: events.map(({ type }) => type).filter((type) => /^Task[^S]|^TaskS[^t]/.test(type)) };
}

test("a task is written with its token and its input, and its result is what was returned", async (t) => {
  const { callbacks, client } = await startCallbacks(t);
  let written = "";
  let returned: Promise<unknown> | undefined;
  const { result, events } = await runTask({
    definition: waiting({ TimeoutSeconds: 5, HeartbeatSeconds: 2 }),
    callbacks,
    onTask({ taskToken, input }, key) {
      written = key;
      assert.deepEqual(input, { name: "a" });
      returned = client.send(new SendTaskSuccessCommand({ taskToken, output: '{"n":1}' }));
    },
  });
  await returned;
  assert.deepEqual(result, { status: "SUCCEEDED", output: { n: 1 } });
  assert.match(written, /^tasks\/a\/[0-9a-f-]{36}\.json$/);
  assert.deepEqual(events, ["TaskScheduled", "TaskSubmitted", "TaskSucceeded"]);
});

test("a task that nobody takes is States.Timeout after its heartbeat's time, and tried again with another token", async (t) => {
  const { callbacks } = await startCallbacks(t);
  const keys = new Set<string>();
  const tokens = new Set<string>();
  const Retry = [{ ErrorEquals: ["States.Timeout"], IntervalSeconds: 1, MaxAttempts: 1, BackoffRate: 1 }];
  const beganMs = performance.now();
  const { result, events } = await runTask({
    definition: waiting({ TimeoutSeconds: 60, HeartbeatSeconds: 1 }, { Retry }),
    callbacks,
    onTask({ taskToken }, key) {
      keys.add(key);
      tokens.add(taskToken);
    },
  });
  assert.equal((result as { error: string }).error, "States.Timeout");
  assert.deepEqual([keys.size, tokens.size], [2, 2]);
  assert.ok(performance.now() - beganMs < 30_000, "it does not wait until the task's own time is over");
  assert.equal(events.filter((type) => type === "TaskTimedOut").length, 2);
});

test("heartbeats keep a task alive, but not beyond its own time, which counts from its start", async (t) => {
  const { callbacks, client } = await startCallbacks(t);
  let beats = 0;
  let beating: NodeJS.Timeout | undefined;
  t.after(() => clearInterval(beating));
  const { result } = await runTask({
    definition: waiting({ TimeoutSeconds: 3, HeartbeatSeconds: 1 }),
    callbacks,
    onTask({ taskToken }) {
      beating = setInterval(() => {
        client.send(new SendTaskHeartbeatCommand({ taskToken })).then(
          () => beats++,
          () => {},
        );
      }, 100);
    },
  });
  assert.equal((result as { error: string }).error, "States.Timeout");
  clearInterval(beating);
  assert.ok(beats >= 5, `${beats} heartbeats`);
});

test("a heartbeat's time that is not less than the task's own is refused, as is one of a task that nobody returns", () => {
  assert.throws(
    () => loadDefinition(waiting({ TimeoutSeconds: 5, HeartbeatSeconds: 5 }), {}, "test"),
    /less than TimeoutSeconds/,
  );
  const plain = waiting({ HeartbeatSeconds: 5 }).replace(".waitForTaskToken", "");
  assert.throws(() => loadDefinition(plain, {}, "test"), /nobody sends heartbeats/);
});
