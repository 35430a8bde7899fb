import assert from "node:assert/strict";
import { test } from "node:test";
import { loadDefinition } from "../../lib/stepfunctions/definition.ts";
import { type ExecutionResult, execute, type HistoryEvent } from "../../lib/stepfunctions/interpreter.ts";
import type { Json } from "../../lib/stepfunctions/paths.ts";
import { StateError } from "../../lib/stepfunctions/stateError.ts";
import { deployedDefinition } from "../support/deployedDefinition.ts";

type Call = (payload: Json) => Promise<Json> | Json;

/** Executes states that begin at the first one, with functions by name. */
async function run(
  states: Record<string, object>,
  input: Json,
  functions: Record<string, Call> = {},
  objects: Record<string, string> = {},
): Promise<{ result: ExecutionResult; events: HistoryEvent[] }> {
  const names = Object.fromEntries([...Object.keys(functions), "bucket"].map((name) => [name, name]));
  const text = JSON.stringify({ StartAt: Object.keys(states)[0], States: states });
  const events: HistoryEvent[] = [];
  const result = await execute(loadDefinition(text, names, "test"), input, "execution-1", {
    invoke: async (name, payload, signal) => {
      const aborted = new Promise<never>((_, failed) => {
        signal.addEventListener("abort", () => failed(signal.reason), { once: true });
      });
      aborted.catch(() => {});
      return Promise.race([(functions[name] ?? assert.fail(`no function ${name}`))(payload), aborted]);
    },
    readObject: async (_bucket, key) => objects[key],
    onEvent: (event) => events.push(event),
    random: () => 0,
  });
  return { result, events };
}

async function output(...args: Parameters<typeof run>): Promise<Json> {
  const { result } = await run(...args);
  assert.equal(result.status, "SUCCEEDED", JSON.stringify(result));
  return (result as { output: Json }).output;
}

function task(name: string, more: object): object {
  return {
    Type: "Task",
    Resource: "arn:aws:states:::lambda:invoke",
    Parameters: { FunctionName: `\${${name}}`, "Payload.$": "$" },
    ...more,
  };
}

const FAST = { IntervalSeconds: 1, JitterStrategy: "FULL" };

test("a task's result is placed by ResultSelector, ResultPath and OutputPath", async () => {
  const states = {
    A: task("a", { ResultSelector: { "n.$": "$.Payload.n" }, ResultPath: "$.found", End: true }),
  };
  assert.deepEqual(await output(states, { x: 1 }, { a: () => ({ n: 2, y: 3 }) }), { x: 1, found: { n: 2 } });
  const whole = { A: task("a", { OutputPath: "$.Payload", End: true }) };
  assert.deepEqual(await output(whole, { x: 1 }, { a: () => ({ n: 2 }) }), { n: 2 });
});

test("the context object tells the execution's name and input", async () => {
  const states = {
    A: { Type: "Pass", Parameters: { "id.$": "$$.Execution.Name", "input.$": "$$.Execution.Input" }, End: true },
  };
  assert.deepEqual(await output(states, { x: 1 }), { id: "execution-1", input: { x: 1 } });
});

test("Retry tries again as often as it says, for the errors that it names, and then Catch decides", async () => {
  let calls = 0;
  const failing = {
    a: () => {
      calls++;
      throw new StateError("Lambda.TooManyRequestsException", "slow down");
    },
  };
  const Retry = [{ ErrorEquals: ["Lambda.TooManyRequestsException"], MaxAttempts: 2, ...FAST }];
  const Catch = [{ ErrorEquals: ["States.ALL"], ResultPath: "$.error", Next: "Caught" }];
  const caught = { Caught: { Type: "Succeed" } };
  const states = { A: task("a", { Retry, Catch, End: true }), ...caught };
  const error = { Error: "Lambda.TooManyRequestsException", Cause: "slow down" };
  assert.deepEqual(await output(states, { x: 1 }, failing), { x: 1, error });
  assert.equal(calls, 3);

  calls = 0;
  const other = { A: task("a", { Retry: [{ ...Retry[0], ErrorEquals: ["Other"] }], Catch, End: true }), ...caught };
  await output(other, {}, failing);
  assert.equal(calls, 1);

  const { result } = await run({ A: task("a", { End: true }) }, {}, failing);
  assert.deepEqual(result, { status: "FAILED", error: error.Error, cause: error.Cause });
});

test("a distributed Map reads its items from an object and runs no more of them at once than it may", async () => {
  let running = 0;
  let most = 0;
  const states = {
    M: {
      Type: "Map",
      ItemReader: {
        Resource: "arn:aws:states:::s3:getObject",
        ReaderConfig: { InputType: "JSON" },
        Parameters: { Bucket: "${bucket}", "Key.$": "$.key" },
      },
      ItemSelector: { "item.$": "$$.Map.Item.Value", "index.$": "$$.Map.Item.Index" },
      MaxConcurrency: 3,
      ItemProcessor: {
        ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
        StartAt: "A",
        States: { A: task("a", { OutputPath: "$.Payload", End: true }) },
      },
      End: true,
    },
  };
  const items = JSON.stringify([10, 11, 12, 13, 14, 15, 16]);
  const a: Call = async (payload) => {
    running++;
    most = Math.max(most, running);
    await new Promise((done) => setTimeout(done, 10));
    running--;
    return payload;
  };
  const found = (await output(states, { key: "items.json" }, { a }, { "items.json": items })) as Json[];
  assert.deepEqual(found[2], { item: 12, index: 2 });
  assert.equal(found.length, 7);
  assert.equal(most, 3);
  const { result } = await run(states, { key: "none.json" }, { a });
  assert.equal(result.status, "FAILED");
});

test("Parallel runs its branches side by side, and one that fails ends the others", async () => {
  const branch = (name: string): object => ({
    StartAt: "A",
    States: { A: task(name, { OutputPath: "$.Payload", End: true }) },
  });
  const states = { P: { Type: "Parallel", Branches: [branch("a"), branch("b")], End: true } };
  const both: string[] = [];
  const meet =
    (name: string): Call =>
    async () => {
      both.push(name);
      while (both.length < 2) await new Promise((done) => setTimeout(done, 1));
      return name;
    };
  assert.deepEqual(await output(states, {}, { a: meet("a"), b: meet("b") }), ["a", "b"]);

  const waiting = {
    P: {
      Type: "Parallel",
      Branches: [branch("a"), { StartAt: "W", States: { W: { Type: "Wait", Seconds: 600, End: true } } }],
      End: true,
    },
  };
  const fail: Call = () => {
    throw new StateError("Broken", "no");
  };
  const { result } = await run(waiting, {}, { a: fail });
  assert.deepEqual(result, { status: "FAILED", error: "Broken", cause: "no" });
});

test("Choice takes the first branch that fits, and Fail ends with its error", async () => {
  const states = {
    C: {
      Type: "Choice",
      Choices: [
        { Variable: "$.pass", BooleanEquals: true, Next: "Good" },
        { Variable: "$.n", NumericGreaterThan: 5, Next: "Bad" },
      ],
      Default: "Good",
    },
    Good: { Type: "Succeed" },
    Bad: { Type: "Fail", Error: "TooMuch", CausePath: "$.why" },
  };
  assert.deepEqual(await output(states, { pass: true, n: 9 }), { pass: true, n: 9 });
  assert.deepEqual(await output(states, { pass: false, n: 1 }), { pass: false, n: 1 });
  const { result } = await run(states, { pass: false, n: 9, why: "n is 9" });
  assert.deepEqual(result, { status: "FAILED", error: "TooMuch", cause: "n is 9" });
});

test("Wait waits until an instant, and not at all for one that is past", async () => {
  const states = { W: { Type: "Wait", TimestampPath: "$.at", End: true } };
  const beganMs = Date.now();
  await output(states, { at: new Date(beganMs - 60_000).toISOString() });
  assert.ok(Date.now() - beganMs < 500);
  await output(states, { at: new Date(beganMs + 700).toISOString() });
  assert.ok(Date.now() - beganMs >= 690);
});

test("a task that takes too long is States.Timeout", async () => {
  const states = { A: task("a", { TimeoutSeconds: 1, End: true }) };
  const never: Call = () => new Promise(() => {});
  const { result } = await run(states, {}, { a: never });
  assert.equal((result as { error: string }).error, "States.Timeout");
});

const LIMIT = 262_144;

/** A JSON string of so many bytes, its quotes included. */
function bytes(count: number): string {
  return "x".repeat(count - 2);
}

test("a state's input and output are limited as in Step Functions, and States.ALL does not catch that", async () => {
  const pass = { A: task("a", { OutputPath: "$.Payload.text", End: true }) };
  const enveloped =
    LIMIT - JSON.stringify({ ExecutedVersion: "$LATEST", Payload: { text: "" }, StatusCode: 200 }).length;
  assert.equal(((await output(pass, {}, { a: () => ({ text: bytes(enveloped + 2) }) })) as string).length, enveloped);
  const error = "States.DataLimitExceeded";
  const tooMuch = { a: () => ({ text: bytes(enveloped + 3) }) };
  assert.equal(((await run(pass, {}, tooMuch)).result as { error: string }).error, error);
  // Its size in UTF-8 counts.
  const wide = { a: () => ({ text: "é".repeat(LIMIT / 2) }) };
  assert.equal(((await run(pass, {}, wide)).result as { error: string }).error, error);

  const caught = (names: string[]) => ({
    A: task("a", { Catch: [{ ErrorEquals: names, ResultPath: null, Next: "B" }], End: true }),
    B: { Type: "Succeed" },
  });
  for (const names of [["States.ALL"], ["States.TaskFailed"]]) {
    assert.equal(((await run(caught(names), {}, tooMuch)).result as { error: string }).error, error, names[0]);
  }
  assert.deepEqual(await output(caught([error]), { x: 1 }, tooMuch), { x: 1 });

  const { result } = await run({ A: { Type: "Succeed" } }, bytes(LIMIT + 1));
  assert.equal((result as { error: string }).error, error, "the execution's input is limited too");
  const grown = { A: { Type: "Pass", ResultPath: "$.b", Result: bytes(LIMIT / 2), End: true } };
  assert.equal(((await run(grown, { a: bytes(LIMIT / 2) })).result as { error: string }).error, error);
});

test("a Map's results together are limited, also where its output is its input", async () => {
  const map = (more: object): Record<string, object> => ({
    M: {
      Type: "Map",
      ItemReader: {
        Resource: "arn:aws:states:::s3:getObject",
        ReaderConfig: { InputType: "JSON" },
        Parameters: { Bucket: "${bucket}", Key: "items.json" },
      },
      ItemProcessor: {
        ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
        StartAt: "A",
        States: { A: { Type: "Pass", End: true, ...more } },
      },
      ResultPath: null,
      End: true,
    },
  });
  const objects = { "items.json": JSON.stringify(Array.from({ length: 100 }, () => bytes(LIMIT / 100))) };
  const { result } = await run(map({}), {}, {}, objects);
  assert.equal((result as { error: string }).error, "States.DataLimitExceeded");
  assert.deepEqual(await output(map({ OutputPath: null }), { x: 1 }, {}, objects), { x: 1 });
});

test("an execution ends at 25,000 events, whatever it would catch, and an item of a Map has as many of its own", async () => {
  let calls = 0;
  const a: Call = () => {
    calls++;
    throw new StateError("Again", "");
  };
  const states = {
    A: task("a", { Catch: [{ ErrorEquals: ["Again", "States.Runtime"], ResultPath: null, Next: "A" }], End: true }),
  };
  const { result, events } = await run(states, {}, { a });
  const cause = "The execution reached the maximum number of history events (25000).";
  assert.deepEqual(result, { status: "FAILED", error: "States.Runtime", cause });
  assert.equal(events.length, 25_000);
  assert.ok(calls > 4_900);
});

test("an execution's name has at most 80 characters, and none that Step Functions refuses", async () => {
  const definition = loadDefinition('{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}', {}, "test");
  const ports = { invoke: async () => null, readObject: async () => undefined };
  const ended = async (name: string) => (await execute(definition, {}, name, ports)).status;
  assert.equal(await ended("a".repeat(80)), "SUCCEEDED");
  for (const name of ["", "a".repeat(81), "a b", "a/b", "a:b", "a#b"]) assert.equal(await ended(name), "FAILED", name);
});

test("the deployed Map gives nothing back: 10,000 workers' items, lost ones among them, end within the limits", async () => {
  for (const [workers, segments] of [
    [1_000, 6],
    [10_000, 1],
  ] as const) {
    const items = Array.from({ length: workers * segments }, (_, index) => ({
      id: `w${index % workers}-s${Math.floor(index / workers)}`,
      invokeAt: new Date(0).toISOString(),
      mode: "lambda",
      timeoutSeconds: 60,
    }));
    const planned = { runId: "r", assignmentsKey: "a", maxConcurrency: items.length, partsKey: "p", parts: 11 };
    const parts = Array.from({ length: 11 }, (_, part) => ({ runId: "r", part }));
    let attacks = 0;
    const result = await execute(deployedDefinition(), {}, "r", {
      invoke: async (name) => {
        if (name === "plan") return planned;
        if (name === "watch") return { done: true };
        if (name === "attack" && attacks++ % 100 === 0) throw new StateError("Error", "lost");
        return { verdict: { valid: true, pass: true }, isTrial: false, text: bytes(40_000) };
      },
      readObject: async (_bucket, key) => JSON.stringify(key === "a" ? items : parts),
    });
    assert.equal(result.status, "SUCCEEDED", JSON.stringify(result));
    assert.equal(attacks, items.length);
  }
});

test("a worker whose call may not have reached it, or was lost, is called once more; one that failed is not", async () => {
  const item = { id: "w000-s00", invokeAt: new Date(0).toISOString(), mode: "lambda", timeoutSeconds: 60 };
  const planned = { runId: "r", assignmentsKey: "a", maxConcurrency: 1, partsKey: "p", parts: 1 };
  const unsure = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ResourceNotReadyException",
    "Lambda.Unknown",
    // What Lambda says today of a process that ended, ran out of memory, or out of time.
    "Runtime.ExitError",
    "Runtime.OutOfMemory",
    "Sandbox.Timedout",
  ];
  const expected = [...unsure.map((name) => [name, 2] as const), ["TypeError", 1] as const];
  const found = await Promise.all(
    expected.map(async ([error]) => {
      let attacks = 0;
      const { status } = await execute(deployedDefinition(), {}, "r", {
        invoke: async (name) => {
          if (name === "plan") return planned;
          if (name === "watch") return { done: true };
          if (name !== "attack") return { verdict: { valid: true, pass: true }, isTrial: false };
          attacks++;
          throw new StateError(error, "a fault of the test");
        },
        readObject: async () => JSON.stringify([item]),
      });
      assert.equal(status, "SUCCEEDED", "a lost worker does not end the run");
      return [error, attacks] as const;
    }),
  );
  assert.deepEqual(found, expected);
});

test("a host's task is written again if its host or its worker was lost or leaves; then, or if it failed, it is given up", async () => {
  const item = { id: "w000-s00", invokeAt: new Date(0).toISOString(), mode: "fleet", timeoutSeconds: 60 };
  const planned = { runId: "r", assignmentsKey: "a", maxConcurrency: 1, partsKey: "p", parts: 1 };
  const lost = [
    "States.Timeout",
    "States.HeartbeatTimeout",
    "Runtime.ExitError",
    "Volley.HostLeaves",
    // The task could not be written.
    "S3.S3Exception",
    "S3.SdkClientException",
  ];
  const expected = [...lost.map((name) => [name, 3] as const), ["TypeError", 1] as const];
  const found = await Promise.all(
    expected.map(async ([error]) => {
      const written: string[] = [];
      const { status } = await execute(deployedDefinition(), {}, "r", {
        invoke: async (name) => {
          if (name === "plan") return planned;
          if (name === "watch") return { done: true };
          assert.equal(name, "reduce", "no function sends");
          return { verdict: { valid: true, pass: true }, isTrial: false };
        },
        readObject: async () => JSON.stringify([item]),
        putObject: async (_bucket, key) => void written.push(key),
        callback: () => ({
          token: "token",
          result: async () => {
            throw new StateError(error, "a fault of the test");
          },
        }),
      });
      assert.equal(status, "SUCCEEDED", "a lost host does not end the run");
      assert.equal(written.pop(), "runs/r/lost/w000-s00.json");
      assert.equal(new Set(written).size, written.length, "each task has a key of its own");
      return [error, written.length] as const;
    }),
  );
  assert.deepEqual(found, expected);
});

test("a function of which nothing is known is called again, whatever Lambda calls that: no run ends for it", async () => {
  const planned = { runId: "r", assignmentsKey: "a", maxConcurrency: 1, partsKey: "p", parts: 1, isTrial: true };
  const errors = [
    "Lambda.ClientExecutionTimeoutException",
    "Runtime.ExitError",
    "Runtime.OutOfMemory",
    "Sandbox.Timedout",
  ];
  const cases = ["plan", "reduce", "next"].flatMap((name) => errors.map((error) => [name, error] as const));
  const found = await Promise.all(
    cases.map(async ([failing, error]) => {
      let failures = 0;
      const { status } = await execute(deployedDefinition(), {}, "r", {
        invoke: async (name) => {
          if (name === failing && failures++ === 0) throw new StateError(error, "a fault of the test");
          if (name === "watch") return { done: true };
          return name === "plan" ? planned : { ...planned, done: true, verdict: { valid: true, pass: true } };
        },
        readObject: async () => "[]",
      });
      return [failing, error, status, failures];
    }),
  );
  assert.deepEqual(
    found,
    cases.map(([name, error]) => [name, error, "SUCCEEDED", 2]),
  );
});

test("Watch is called again however it fails", async () => {
  const errors = ["Lambda.Unknown", "TypeError", "States.Timeout"];
  const found = await Promise.all(
    errors.map(async (error) => {
      let watches = 0;
      const { status } = await execute(deployedDefinition(), {}, "r", {
        invoke: async (name) => {
          if (name === "plan") return { runId: "r", assignmentsKey: "a", maxConcurrency: 1, partsKey: "p", parts: 1 };
          if (name !== "watch") return { verdict: { valid: true, pass: true }, isTrial: false };
          if (watches++ === 0) throw new StateError(error, "a fault of the test");
          return { done: true };
        },
        readObject: async () => "[]",
      });
      return [error, status, watches];
    }),
  );
  assert.deepEqual(
    found,
    errors.map((error) => [error, "SUCCEEDED", 2]),
  );
});

test("the history of the longest run stays far below what Step Functions keeps", async () => {
  const definition = deployedDefinition();
  // The definition ends after 25 hours; a call of Watch looks on for 10 minutes.
  let watches = (definition.TimeoutSeconds ?? 0) / 600;
  let events = 0;
  const planned = { runId: "r", assignmentsKey: "a", maxConcurrency: 1_000, partsKey: "p", parts: 10 };
  const result = await execute(definition, {}, "r", {
    invoke: async (name) => {
      if (name === "plan") return planned;
      if (name === "watch") return { done: --watches <= 0 };
      return { verdict: { valid: true, pass: true }, isTrial: false };
    },
    readObject: async () => "[]",
    // Items of a Map have histories of their own.
    onEvent({ path }) {
      if (!path.includes("Attack[")) events++;
    },
  });
  assert.equal(result.status, "SUCCEEDED", JSON.stringify(result));
  assert.ok(events > 150 * 7 && events < 25_000 / 10, `${events} events`);
});
