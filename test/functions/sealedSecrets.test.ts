import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { runSecrets, sealForRun } from "../../functions/ports/environment.ts";
import { callInProcess } from "../../lib/local/functionProcess.ts";
import type { Assignment } from "../../lib/plan/assign.ts";
import type { Json } from "../../lib/stepfunctions/paths.ts";
import { FolderStore } from "../../lib/store/folderStore.ts";
import { assignmentsKey, sealedSecretsKey, trialId } from "../../lib/store/keys.ts";
import { requireJson } from "../../lib/store/store.ts";
import { temporaryFolder } from "../support/folder.ts";
import { planInput } from "../support/plans.ts";
import { answeringServer, jsonResponse, RELAY } from "../support/servers.ts";
import { startService, textOf } from "../support/service.ts";

const SECRET = "the-value-of-the-secret";
const KEY = "arn:aws:kms:us-east-1:123456789012:key/1";

/** Reads of the Parameter Store per second that AWS allows by default. */
const READS_PER_S = 40;

/** Calls that the stand-ins received. */
interface Calls {
  ssm: number;
  refused: number;
  decrypt: number;
}

/** A Parameter Store that serves 40 reads a second, and a KMS, for this process; both end with the test. */
async function startServices(t: TestContext): Promise<Calls> {
  const calls: Calls = { ssm: 0, refused: 0, decrypt: 0 };
  let tokens = READS_PER_S;
  let lastMs = performance.now();
  await startService(t, "AWS_ENDPOINT_URL_SSM", async (incoming, response) => {
    const { Name } = JSON.parse(await textOf(incoming)) as { Name: string };
    const nowMs = performance.now();
    tokens = Math.min(READS_PER_S, tokens + ((nowMs - lastMs) / 1_000) * READS_PER_S);
    lastMs = nowMs;
    calls.ssm++;
    if (tokens < 1) {
      calls.refused++;
      response.writeHead(400).end('{"__type":"ThrottlingException","message":"Rate exceeded"}');
      return;
    }
    tokens--;
    if (Name !== "/token") return void response.writeHead(400).end('{"__type":"ParameterNotFound"}');
    response.end(JSON.stringify({ Parameter: { Name, Value: SECRET } }));
  });
  const dataKey = randomBytes(32).toString("base64");
  await startService(t, "AWS_ENDPOINT_URL_KMS", async (incoming, response) => {
    const { EncryptionContext, CiphertextBlob } = JSON.parse(await textOf(incoming)) as Record<string, unknown>;
    const context = Buffer.from(JSON.stringify(EncryptionContext)).toString("base64");
    if (CiphertextBlob === undefined) {
      return void response.end(JSON.stringify({ CiphertextBlob: context, Plaintext: dataKey, KeyId: KEY }));
    }
    calls.decrypt++;
    // KMS decrypts only with the context that was given when it encrypted.
    if (CiphertextBlob !== context) return void response.writeHead(400).end('{"__type":"InvalidCiphertextException"}');
    response.end(JSON.stringify({ Plaintext: dataKey, KeyId: KEY }));
  });
  return calls;
}

/** Calls a function of a deployment in a process, with the endpoints of this one. */
function called(name: string, folder: string, payload: object, env: Record<string, string> = {}): Promise<Json> {
  const module = fileURLToPath(new URL(`../../functions/${name}.ts`, import.meta.url));
  const endpoints = Object.entries(process.env).filter(([each]) => each.startsWith("AWS_"));
  return callInProcess(module, payload as Json, AbortSignal.timeout(120_000), {
    env: {
      ...(Object.fromEntries(endpoints) as Record<string, string>),
      VOLLEY_STORE: `file:${folder}`,
      VOLLEY_LEAD_MS: "2000",
      ...env,
    },
  });
}

/** Plans a run whose requests carry a secret, as a deployment does. */
async function planned(t: TestContext, reference: string) {
  const calls = await startServices(t);
  const received: unknown[] = [];
  const server = await answeringServer(t, (_, request) => {
    received.push(/^x-token: (.*)\r$/im.exec(request)?.[1]);
    return jsonResponse(RELAY);
  });
  const lambda = await answeringServer(t, () =>
    jsonResponse('{"AccountLimit":{"UnreservedConcurrentExecutions":1000}}'),
  );
  const folder = temporaryFolder(t);
  const guards = {
    allowedHosts: [new URL(server.origin).host],
    maxRps: 1e5,
    maxDurationMs: 1e9,
    maxWorkers: 1_000,
    maxUsd: 100,
  };
  const env = {
    AWS_ENDPOINT_URL_LAMBDA: lambda.origin,
    VOLLEY_SEALING_KEY: KEY,
    VOLLEY_GUARDS: JSON.stringify(guards),
  };
  const plan = planInput(server.origin, { workers: 1, duration: "1s", preflight: true });
  const [chain] = plan.chains as { targets: { headers?: Record<string, string> }[] }[];
  for (const target of chain?.targets ?? []) target.headers = { "X-Token": reference };
  const planning = called("plan", folder, { runId: "r", input: plan }, env);
  return { calls, received, folder, env, planning, store: new FolderStore(folder) };
}

test("a secret of the Parameter Store, which serves 40 reads a second, is read once for 200 workers, and none is lost", async (t) => {
  const { calls, store, planning } = await planned(t, "ssm://token");
  await planning;
  const asked = await Promise.allSettled(Array.from({ length: 200 }, () => runSecrets(store, "r")("ssm://token")));
  assert.deepEqual([...new Set(asked.map((each) => each.status === "fulfilled" && each.value))], [SECRET]);
  assert.deepEqual(calls, { ssm: 1, refused: 0, decrypt: 200 });
});

test("a deployment's worker sends the secret that Plan read, which is nowhere in the store", async (t) => {
  const { calls, received, folder, env, store, planning } = await planned(t, "ssm://token");
  const output = await planning;
  const [assignment] = await requireJson<Assignment[]>(store, assignmentsKey("r"));
  await called("attack", folder, { assignment, runId: "r" } as unknown as object, env);
  assert.deepEqual([...new Set(received)], [SECRET]);
  assert.equal(calls.ssm, 1, "the preflight and the worker use what Plan has read");
  const files = readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
  const texts = files.filter((file) => statSync(file).isFile()).map((file) => readFileSync(file, "utf8"));
  assert.ok(texts.length > 3 && ![...texts, JSON.stringify(output)].some((text) => text.includes(SECRET)));
});

/** A store with a run whose secret is sealed, and the calls that the services receive. */
async function sealed(t: TestContext, runId: string): Promise<{ store: FolderStore; calls: Calls }> {
  const calls = await startServices(t);
  process.env.VOLLEY_SEALING_KEY = KEY;
  const store = new FolderStore(temporaryFolder(t));
  await sealForRun(store, runId, new Map([["ssm://token", SECRET]]));
  return { store, calls };
}

test("a worker gets no secret that Plan did not read for its run, and none of another run", async (t) => {
  const { store } = await sealed(t, "r");
  await assert.rejects(
    runSecrets(store, "r")("ssm://other"),
    /^SecretError: ssm:\/\/other is not among the secrets that Plan read for this run$/,
  );
  await store.put(sealedSecretsKey("s"), (await store.get(sealedSecretsKey("r"))) ?? "");
  await assert.rejects(runSecrets(store, "s")("ssm://token"), /^SecretError: the run's secrets cannot be decrypted/);
});

test("the trials of a search use the secrets that Plan read for the search, and decrypt them once", async (t) => {
  const { store, calls } = await sealed(t, "r");
  const secret = runSecrets(store, trialId("r", 3));
  assert.deepEqual(await Promise.all([secret("ssm://token"), secret("ssm://token")]), [SECRET, SECRET]);
  assert.deepEqual(calls, { ssm: 0, refused: 0, decrypt: 1 });
});

test("where a deployment has no key, nothing is sealed, and a worker reads the secret itself", async (t) => {
  const calls = await startServices(t);
  delete process.env.VOLLEY_SEALING_KEY;
  const store = new FolderStore(temporaryFolder(t));
  await sealForRun(store, "r", new Map([["ssm://token", SECRET]]));
  assert.equal(await store.get(sealedSecretsKey("r")), undefined);
  assert.equal(await runSecrets(store, "r")("ssm://token"), SECRET);
  assert.deepEqual(calls, { ssm: 1, refused: 0, decrypt: 0 });
});

test("Plan refuses a reference with a typing error before anything is sent or sealed", async (t) => {
  const { store, received, planning } = await planned(t, "ssm://tokne");
  await assert.rejects(planning, /the secret ssm:\/\/tokne; expected one that can be read: .*ParameterNotFound/s);
  assert.deepEqual(received, []);
  assert.equal(await store.get(sealedSecretsKey("r")), undefined);
  assert.equal(await store.get(assignmentsKey("r")), undefined);
});
