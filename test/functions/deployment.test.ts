import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { storedSecret } from "../../functions/ports/storedSecret.ts";
import { callInProcess } from "../../lib/local/functionProcess.ts";
import { allowanceOf } from "../../lib/plan/allowance.ts";
import { type Assignment, assign } from "../../lib/plan/assign.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import type { Json } from "../../lib/stepfunctions/paths.ts";
import { FolderStore } from "../../lib/store/folderStore.ts";
import { assignmentsKey, planKey, scheduleKey, scrapeKey } from "../../lib/store/keys.ts";
import { temporaryFolder } from "../support/folder.ts";
import { checkedPlan, planInput } from "../support/plans.ts";
import { answeringServer, DEAD_ORIGIN, jsonResponse, RELAY } from "../support/servers.ts";
import { startService } from "../support/service.ts";

const GUARDS = { allowedHosts: ["gateway.example"], maxRps: 1e5, maxDurationMs: 1e9, maxWorkers: 100, maxUsd: 100 };

/** A function of the deployment, called in a process as Lambda would, with credentials in its environment. */
function called(name: string, folder: string, payload: object, env: Record<string, string> = {}): Promise<Json> {
  const module = fileURLToPath(new URL(`../../functions/${name}.ts`, import.meta.url));
  return callInProcess(module, payload as Json, AbortSignal.timeout(60_000), {
    env: {
      VOLLEY_STORE: `file:${folder}`,
      VOLLEY_LEAD_MS: "500",
      VOLLEY_GUARDS: JSON.stringify(GUARDS),
      AWS_SECRET_ACCESS_KEY: "rolesecret",
      ...env,
    },
  });
}

/** A store with a run whose plan was changed after it was checked. */
async function storeWith(t: TestContext, plan: Plan): Promise<{ folder: string; store: FolderStore }> {
  const folder = temporaryFolder(t);
  const store = new FolderStore(folder);
  await store.put(planKey("r"), JSON.stringify(plan));
  const startAtMs = Date.now() - 60_000;
  const schedule = {
    runId: "r",
    startAtMs,
    endAtMs: startAtMs + 1_000,
    workers: 1,
    segments: 1,
    assignments: 1,
    parts: 1,
  };
  await store.put(scheduleKey("r"), JSON.stringify(schedule));
  return { folder, store };
}

test("a deployment's worker holds the plan that lies in the store against the deployment's list", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const plan = checkedPlan(server.origin, { workers: 1, duration: "1s" });
  const { folder } = await storeWith(t, plan);
  const [assignment] = assign(plan, { runId: "r", startAtMs: Date.now() + 2_000, leadMs: 2_000 });
  await assert.rejects(called("attack", folder, { assignment }), /not the worker's own machine/);
  assert.equal(server.connections, 0);
});

/** What a deployment's worker says of a run whose objects were changed in the store after Plan wrote them. */
async function refusalOf(
  t: TestContext,
  change: (written: { plan: Plan; assignment: Assignment }) => unknown,
): Promise<string> {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const host = new URL(server.origin).host;
  const plan = checkedPlan(server.origin, { workers: 2, duration: "1s" });
  const [assignment] = assign(plan, { runId: "r", startAtMs: Date.now() + 1_500, leadMs: 1_500 });
  assert.ok(assignment);
  const written = structuredClone({ plan, assignment });
  change(written);
  const { folder, store } = await storeWith(t, written.plan);
  await store.put(planKey(written.assignment.runId), JSON.stringify(written.plan));
  const guards = { ...GUARDS, allowedHosts: [host], maxRps: 200, maxDurationMs: 5_000 };
  const payload = { assignment: written.assignment, runId: "r" };
  const call = called("attack", folder, payload, { VOLLEY_GUARDS: JSON.stringify(guards) });
  const said = await call.then((result) => JSON.stringify(result), String);
  if (!said.includes("completed")) assert.equal(server.connections, 0, "it had sent before it refused");
  return said;
}

test("a deployment's worker sends what Plan wrote, and nothing that was changed in the store since", async (t) => {
  assert.match(await refusalOf(t, () => {}), /completed/, "unchanged, it sends");
  const chainOf = ({ plan }: { plan: Plan }): Plan["chains"][number] => plan.chains[0] as Plan["chains"][number];
  const cases: [what: string, change: Parameters<typeof refusalOf>[1], says: RegExp][] = [
    ["1000 times the rate", (it) => Object.assign(chainOf(it), { rps: 100_000 }), /100000 requests per second in all/],
    ["a rate that is no number", (it) => Object.assign(chainOf(it), { rps: {} }), /NaN requests per second in all/],
    [
      "a rate below 0 that makes room for another",
      ({ plan }) => plan.chains.push({ ...chainOf({ plan }), name: "b", rps: -99_900 }),
      /NaN requests per second in all/,
    ],
    [
      "a replay of all at once",
      (it) => Object.assign(chainOf(it), { replay: new Array(100_000).fill(0) }),
      /100000 requests per second in all/,
    ],
    [
      "a profile above its rate",
      ({ plan }) => Object.assign(plan, { profile: { type: "steps", steps: [{ share: 1_000, for: 1_000 }] } }),
      /100000 requests per second in all/,
    ],
    ["a longer run", ({ plan }) => Object.assign(plan, { durationMs: 3_600_000 }), /1h.*at most 5s/s],
    ["a longer segment", ({ assignment }) => Object.assign(assignment, { toMs: 3_600_000 }), /time.*3600000/s],
    [
      "all workers' requests",
      ({ assignment }) => Object.assign(assignment, { shares: [{ chain: "ethereum", shard: 0, of: 1, rps: 100 }] }),
      /shares.*ethereum 0\/1 at 100.*ethereum 0\/2 at 50/s,
    ],
    [
      "another's run",
      ({ assignment }) => Object.assign(assignment, { runId: "r2" }),
      /the assignment's run.*r2.*expected r\b/s,
    ],
  ];
  for (const [what, change, says] of cases) assert.match(await refusalOf(t, change), says, what);
});

test("a worker that is called again when its time is over, as by a redrive, sends nothing", async (t) => {
  let answered = 0;
  const server = await answeringServer(t, () => {
    answered++;
    return jsonResponse(RELAY);
  });
  const plan = checkedPlan(server.origin, { workers: 1, duration: "1s", timeout: "1s" });
  const [assignment] = assign(plan, { runId: "r", startAtMs: Date.now() - 60_000, leadMs: 1_500 });
  const { folder } = await storeWith(t, plan);
  const guards = { ...GUARDS, allowedHosts: [new URL(server.origin).host] };
  const result = await called("attack", folder, { assignment, runId: "r" }, { VOLLEY_GUARDS: JSON.stringify(guards) });
  assert.match(JSON.stringify(result), /completed/);
  assert.equal(answered, 0);
});

test("without a deployment, a worker and Watch hold the plan in the store against what the run was started with", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const short = { workers: 1, duration: "1s" };
  const plan = checkedPlan(server.origin, short);
  const [assignment] = assign(plan, { runId: "r", startAtMs: Date.now() + 500, leadMs: 500 });
  const callFunction = (name: string, folder: string, payload: object): Promise<Json> => {
    const module = fileURLToPath(new URL(`../../functions/${name}.ts`, import.meta.url));
    const input = { ...payload, allowance: allowanceOf(plan) } as unknown as Json;
    return callInProcess(module, input, AbortSignal.timeout(60_000), { env: { VOLLEY_STORE: `file:${folder}` } });
  };
  const faster = plan.chains.map((chain) => ({ ...chain, rps: 10_000 }));
  const { folder: fasterFolder } = await storeWith(t, { ...plan, chains: faster });
  await assert.rejects(
    callFunction("attack", fasterFolder, { assignment }),
    /10000 requests per second; expected at most 100, as when the run started/,
  );

  const url = "http://192.0.2.9/metrics";
  const elsewhere: Plan = checkedPlan(url, {
    ...short,
    allowedHosts: ["192.0.2.9"],
    observe: { endpoints: [{ url }] },
  });
  const { folder, store } = await storeWith(t, elsewhere);
  await assert.rejects(callFunction("attack", folder, { assignment }), /the host 192\.0\.2\.9/);
  await callFunction("watch", folder, { runId: "r" });
  assert.match((await store.get(scrapeKey("r", 0))) ?? "", /is refused/);
  assert.equal(server.connections, 0);
});

test("a function of Lambda that was given no guards allows no host", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const plan = checkedPlan(server.origin, { workers: 1, duration: "1s" });
  const { folder } = await storeWith(t, plan);
  const [assignment] = assign(plan, { runId: "r", startAtMs: Date.now() + 2_000, leadMs: 2_000 });
  const module = fileURLToPath(new URL("../../functions/attack.ts", import.meta.url));
  const env = { VOLLEY_STORE: `file:${folder}`, AWS_LAMBDA_FUNCTION_NAME: "attack" };
  const call = callInProcess(module, { assignment } as unknown as Json, AbortSignal.timeout(60_000), { env });
  await assert.rejects(call, /not the worker's own machine/);
  assert.equal(server.connections, 0);
});

test("a deployment's Watch sends nothing to a host outside its lists", async (t) => {
  const received: unknown[] = [];
  const server = createServer((request, response) => {
    received.push(request.headers);
    response.end("up 1\n");
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await new Promise((done) => server.once("listening", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
  const headers = { "X-Secret": "env://VOLLEY_SECRET_TOKEN" };
  const plan = checkedPlan("http://127.0.0.1", {
    observe: { endpoints: [{ url, headers }], logs: [{ url, headers }] },
  });
  const { folder, store } = await storeWith(t, plan);
  await called("watch", folder, { runId: "r" }, { VOLLEY_SECRET_TOKEN: "token" });
  assert.deepEqual(received, []);
  assert.match((await store.get(scrapeKey("r", 0))) ?? "", /is refused/);
  // The same on one machine is read.
  await called(
    "watch",
    folder,
    { runId: "r" },
    { VOLLEY_GUARDS: JSON.stringify({ ...GUARDS, allowedHosts: [url.split("/")[2]] }), VOLLEY_SECRET_TOKEN: "token" },
  );
  assert.ok(received.length > 0);
});

/** An account with enough concurrency, as Lambda's own API says it. */
async function account(t: TestContext): Promise<Record<string, string>> {
  const lambda = await answeringServer(t, () =>
    jsonResponse('{"AccountLimit":{"UnreservedConcurrentExecutions":1000}}'),
  );
  return { AWS_ENDPOINT_URL_LAMBDA: lambda.origin, AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "x" };
}

test("a deployment's Plan refuses a plan whose target gives no response, and writes no assignments", async (t) => {
  const folder = temporaryFolder(t);
  const guards = { ...GUARDS, allowedHosts: [new URL(DEAD_ORIGIN).host] };
  const env = { ...(await account(t)), VOLLEY_GUARDS: JSON.stringify(guards) };
  const input = planInput(DEAD_ORIGIN, { preflight: true });
  await assert.rejects(called("plan", folder, { runId: "r", input }, env), /gives no response: ECONNREFUSED/);
  assert.equal(await new FolderStore(folder).get(assignmentsKey("r")), undefined);
  // Without it the same plan is planned.
  await called("plan", folder, { runId: "r", input: planInput(DEAD_ORIGIN) }, env);
  assert.ok(await new FolderStore(folder).get(assignmentsKey("r")));
});

test("a deployment's Plan refuses a plan above the deployment's guards, and writes no assignments", async (t) => {
  const folder = temporaryFolder(t);
  const guards = { ...GUARDS, maxRps: 99 };
  const env = { ...(await account(t)), VOLLEY_GUARDS: JSON.stringify(guards) };
  const call = called("plan", folder, { runId: "r", input: planInput("https://gateway.example") }, env);
  await assert.rejects(call, /100 requests per second in all; expected at most 99 \(maxRps\)/);
  assert.equal(await new FolderStore(folder).get(assignmentsKey("r")), undefined);
});

test("in a deployment env:// resolves variables that are meant for it, never the role's credentials", async (t) => {
  const observe = {
    endpoints: [{ url: "https://gateway.example/metrics", headers: { "X-Key": "env://AWS_SECRET_ACCESS_KEY" } }],
  };
  const plan = planInput("https://gateway.example", { observe });
  const env = await account(t);
  const said = String(await called("plan", temporaryFolder(t), { runId: "r", input: plan }, env).catch(String));
  assert.match(said, /AWS_SECRET_ACCESS_KEY is refused: in a deployment a variable's name begins with VOLLEY_SECRET_/);
  assert.ok(!said.includes("rolesecret"));
});

test("workers that ask the Parameter Store at one instant all get their secret, though it answers 40 a second", async (t) => {
  let tokens = 40;
  let lastMs = performance.now();
  let refusals = 0;
  await startService(t, "AWS_ENDPOINT_URL_SSM", (incoming, response) => {
    incoming.resume().on("end", () => {
      const nowMs = performance.now();
      tokens = Math.min(40, tokens + ((nowMs - lastMs) / 1_000) * 40);
      lastMs = nowMs;
      if (tokens >= 1) {
        tokens--;
        response.end('{"Parameter":{"Name":"/token","Value":"v"}}');
      } else {
        refusals++;
        response.writeHead(400).end('{"__type":"ThrottlingException","message":"Rate exceeded"}');
      }
    });
  });
  const asked = await Promise.allSettled(Array.from({ length: 120 }, () => storedSecret("ssm://token")));
  assert.deepEqual([...new Set(asked.map((each) => each.status === "fulfilled" && each.value))], ["v"]);
  assert.ok(refusals > 0, "nobody was refused: the test shows nothing");
});

test("a secret that is not there is told at once, by its name", async (t) => {
  let calls = 0;
  await startService(t, "AWS_ENDPOINT_URL_SSM", (incoming, response) => {
    calls++;
    incoming.resume();
    response.writeHead(400).end('{"__type":"ParameterNotFound","message":"no such parameter"}');
  });
  await assert.rejects(storedSecret("ssm://tokne"), /^SecretError: ssm:\/\/tokne cannot be read: ParameterNotFound/);
  assert.equal(calls, 1);
});
