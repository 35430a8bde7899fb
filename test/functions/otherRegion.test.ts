import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type TestContext, test } from "node:test";
import { handler } from "../../functions/otherRegion.ts";
import { availableConcurrency } from "../../functions/ports/concurrency.ts";
import { deployedPlace, deployedStore, runSecrets, sealForRun } from "../../functions/ports/environment.ts";
import type { AttackCall } from "../../lib/stages/attack.ts";
import { MemoryStore } from "../support/memoryStore.ts";
import { startService, textOf } from "../support/service.ts";

const INPUT = { assignment: { id: "w001-s00", region: "eu-west-1" }, runId: "r" } as unknown as AttackCall;

/** What a call to Lambda had: its path, the region that it was signed for, and its body. */
interface Call {
  path: string;
  region: string;
  body: string;
}

/** The region that a request was signed for. */
function regionOf({ headers }: IncomingMessage): string {
  return /Credential=[^/]+\/\d+\/([\w-]+)\//.exec(headers.authorization ?? "")?.[1] ?? "";
}

/** Lambda, in whatever region; `answer` is for calls of a function. */
async function startLambda(t: TestContext, answer: (response: ServerResponse) => void): Promise<Call[]> {
  const calls: Call[] = [];
  await startService(t, "AWS_ENDPOINT_URL_LAMBDA", async (request, response) => {
    calls.push({ path: request.url ?? "", region: regionOf(request), body: await textOf(request) });
    response.setHeader("Content-Type", "application/json");
    answer(response);
  });
  process.env.VOLLEY_REGION_WORKER = "volley-worker";
  return calls;
}

test("a worker of another region is called there, with its assignment, and its answer is passed on", async (t) => {
  const calls = await startLambda(t, (response) => response.end('{"outcome":"completed"}'));
  assert.deepEqual(await handler(INPUT), { outcome: "completed" });
  assert.deepEqual(calls, [
    { path: "/2015-03-31/functions/volley-worker/invocations", region: "eu-west-1", body: JSON.stringify(INPUT) },
  ]);
  const assignment = { id: "w000-s00" };
  await assert.rejects(handler({ assignment } as unknown as AttackCall), /assignment w000-s00 has no region/);
});

test("a worker that failed fails the call under the same name, for the state machine's retries", async (t) => {
  await startLambda(t, (response) => {
    response.setHeader("X-Amz-Function-Error", "Unhandled");
    response.end('{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 1 Error: Runtime exited"}');
  });
  await assert.rejects(handler(INPUT), { name: "Runtime.ExitError", message: /Runtime exited/ });
});

test("a throttled call is not repeated here: the state machine decides about that", async (t) => {
  const calls = await startLambda(t, (response) => {
    response.writeHead(429, { "x-amzn-ErrorType": "TooManyRequestsException" }).end('{"message":"Rate Exceeded"}');
  });
  await assert.rejects(handler(INPUT), { name: "TooManyRequestsException" });
  assert.equal(calls.length, 1);
});

test("Plan asks each region for its concurrency, and a worker elsewhere writes its last words to the home's bucket", async (t) => {
  const calls = await startLambda(t, (response) => {
    response.end('{"AccountLimit":{"UnreservedConcurrentExecutions":70}}');
  });
  assert.deepEqual([await availableConcurrency("eu-west-1"), await availableConcurrency()], [70, 70]);
  assert.deepEqual(
    calls.map(({ region }) => region),
    ["eu-west-1", "us-east-1"],
  );
  Object.assign(process.env, { VOLLEY_STORE: "s3:runs", AWS_REGION: "eu-west-1" });
  const urlOf = async (): Promise<string> => JSON.stringify(await deployedPlace("runs/r/failures/w/1.txt"));
  assert.match(await urlOf(), /%2Feu-west-1%2Fs3%2F/);
  process.env.VOLLEY_HOME_REGION = "us-east-1";
  assert.match(await urlOf(), /%2Fus-east-1%2Fs3%2F/);
});

test("a worker elsewhere decrypts its run's secrets in the home, where their key is", async (t) => {
  const regions: string[] = [];
  const Plaintext = randomBytes(32).toString("base64");
  await startService(t, "AWS_ENDPOINT_URL_KMS", async (request, response) => {
    regions.push(regionOf(request));
    response.end(JSON.stringify({ Plaintext, CiphertextBlob: Plaintext }));
  });
  const store = new MemoryStore();
  process.env.VOLLEY_SEALING_KEY = "arn:aws:kms:us-east-1:123456789012:key/1";
  await sealForRun(store, "r", new Map([["ssm://token", "value"]]));
  Object.assign(process.env, { AWS_REGION: "eu-west-1", VOLLEY_HOME_REGION: "us-east-1" });
  assert.equal(await runSecrets(store, "r")("ssm://token"), "value");
  assert.deepEqual(regions, ["us-east-1", "us-east-1"]);
});

test("a worker elsewhere reads its run from the home's bucket", async (t) => {
  const regions: string[] = [];
  await startService(t, "AWS_ENDPOINT_URL_S3", (request, response) => {
    regions.push(regionOf(request));
    response.end("{}");
  });
  Object.assign(process.env, { VOLLEY_STORE: "s3:runs", AWS_REGION: "eu-west-1", VOLLEY_HOME_REGION: "us-east-1" });
  const store = await deployedStore();
  assert.equal(await store.get("runs/r/plan.json"), "{}");
  assert.deepEqual(regions, ["us-east-1"]);
});
