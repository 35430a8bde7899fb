import assert from "node:assert/strict";
import { test } from "node:test";
import type { Check } from "../../lib/doctor/check.ts";
import { type InsidePorts, lookInside } from "../../lib/doctor/inside.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { systemClock } from "../../lib/store/clock.ts";
import { PROBE_KEY } from "../../lib/store/keys.ts";
import type { StoreTime } from "../../lib/store/store.ts";
import { MemoryStore } from "../support/memoryStore.ts";
import { CALL, chainInput, checkedPlan } from "../support/plans.ts";
import { answeringServer, jsonResponse, RELAY } from "../support/servers.ts";

/** A deployment, and how it differs from one that is well. */
interface Deployment {
  /** How far the function's clock is ahead of the store's, in ms; null if the store tells no time. */
  aheadMs?: number | null;
  /** The name of the error of a write that the role does not allow; null if it is allowed. */
  denial?: string | null;
  /** Concurrent invocations that the account allows. */
  free?: number;
  /** The references that can be read. */
  secrets?: string[];
  /** Hosts that may be loaded. */
  allowedHosts?: string[];
  /** A worker's memory; the default one if it is missing. */
  workerMb?: number;
  /** Its regions besides the home. */
  others?: string[];
}

class Bucket extends MemoryStore {
  readonly #deployment: Deployment;

  constructor(deployment: Deployment) {
    super();
    this.#deployment = deployment;
  }

  override async put(key: string, body: string): Promise<void> {
    const { denial = "AccessDenied" } = this.#deployment;
    if (key !== PROBE_KEY && denial !== null) throw Object.assign(new Error("no"), { name: denial });
    return super.put(key, body);
  }

  override async time(): Promise<StoreTime | undefined> {
    const { aheadMs = 0 } = this.#deployment;
    return aheadMs === null ? undefined : { atMs: systemClock.nowMs() - aheadMs, resolutionMs: 10 };
  }
}

/** What the doctor says about a deployment, by subject. */
async function look(deployment: Deployment, plan?: Plan): Promise<Map<string, Check[]>> {
  const { workerMb, allowedHosts = ["gateway.example"] } = deployment;
  const guards = {
    allowedHosts,
    maxRps: 1e5,
    maxDurationMs: 1e9,
    maxWorkers: 200,
    maxUsd: 100,
    ...(deployment.others && { regions: { home: "us-east-1", others: deployment.others } }),
    ...(workerMb !== undefined && { setting: { workerMb, isBehindNat: false } }),
  };
  const secret: InsidePorts["secret"] = async (reference) => {
    if (!deployment.secrets?.includes(reference)) throw new Error(`${reference} cannot be read`);
    return "value";
  };
  const checks = await lookInside(plan ? { plan } : {}, {
    store: new Bucket(deployment),
    guards,
    concurrency: async (region) => (region === "eu-west-1" ? 300 : (deployment.free ?? 1_000)),
    workerState: async (region) => (region === "ap-south-1" ? "Pending" : "Active"),
    secret,
    reveal: async (value) => value,
    sleep: async () => {},
  });
  return Map.groupBy(checks, ({ subject }) => subject);
}

async function levelOf(subject: string, deployment: Deployment): Promise<string | undefined> {
  return (await look(deployment)).get(subject)?.[0]?.level;
}

test("a deployment that is well has four checks from inside, all ok", async () => {
  const checks = [...(await look({})).values()].flat();
  assert.deepEqual(
    checks.map(({ subject, level }) => `${level} ${subject}`),
    ["ok bucket", "ok clock in Lambda", "ok roles", "ok concurrency"],
  );
});

test("a function's clock may be off by a tenth of a second in either direction; a store that tells no time is a warning", async () => {
  for (const aheadMs of [-80, 80]) assert.equal(await levelOf("clock in Lambda", { aheadMs }), "ok", `${aheadMs} ms`);
  for (const aheadMs of [-150, 150, null])
    assert.equal(await levelOf("clock in Lambda", { aheadMs }), "warn", `${aheadMs} ms`);
});

test("a role is right only if the forbidden writes are denied: an error of another kind shows nothing", async () => {
  const [open] = (await look({ denial: null })).get("roles") ?? [];
  assert.equal(open?.level, "fail");
  assert.match(open?.evidence ?? "", /could write elsewhere\.json and runs\/doctor\/report\.json/);
  const [throttled] = (await look({ denial: "SlowDown" })).get("roles") ?? [];
  assert.equal(throttled?.level, "fail");
  assert.match(throttled?.evidence ?? "", /elsewhere\.json was refused for another reason: SlowDown/);
});

test("the account's concurrency is enough for the workers of two segments, and for Plan, Watch and Reduce", async () => {
  assert.equal(await levelOf("concurrency", { free: 403 }), "ok");
  const [few] = (await look({ free: 402 })).get("concurrency") ?? [];
  assert.equal(few?.level, "warn");
  assert.match(few?.evidence ?? "", /enough for 199 workers/);
  assert.match((await look({ free: 2 })).get("concurrency")?.[0]?.evidence ?? "", /enough for 0 workers/);
});

test("each other region's workers can be called, and their account has enough invocations there", async () => {
  const checks = await look({ others: ["us-west-2", "eu-west-1", "ap-south-1"] });
  const of = (region: string): string =>
    checks
      .get(region)
      ?.map(({ level, evidence }) => `${level}: ${evidence}`)
      .join() ?? "";
  assert.equal(of("us-west-2"), "ok: its workers' function is Active; 1000 Lambda invocations at once");
  assert.equal(of("eu-west-1"), "warn: its workers' function is Active; 300 Lambda invocations at once");
  assert.match(of("ap-south-1"), /^warn: its workers' function is Pending/);
});

test("each secret of a plan is read, and a host that the deployment does not allow is a problem of its own", async () => {
  const url = "https://elsewhere.example/";
  const headers = { "X-Key": "secret://there", "X-Other": "secret://tokne" };
  const chains = [{ name: "ethereum", rps: 1, targets: [{ url, headers, body: CALL }] }];
  const plan = checkedPlan(url, { chains, allowedHosts: ["elsewhere.example"] });
  const checks = await look({ secrets: ["secret://there"] }, plan);
  const secrets = (checks.get("secrets") ?? []).map(({ level, evidence }) => `${level} ${evidence}`);
  assert.deepEqual(secrets, ["ok secret://there can be read", "fail secret://tokne cannot be read"]);
  const [guards] = checks.get("guards") ?? [];
  assert.equal(guards?.level, "fail");
  assert.match(guards?.evidence ?? "", /elsewhere\.example/);
});

test("workers whose memory is too small for the plan's SLO are found before a run, with the size to deploy", async () => {
  const memoryOf = async (changes: Record<string, unknown>, workerMb?: number): Promise<Check | undefined> => {
    const plan = checkedPlan("https://gateway.example", { allowedHosts: ["gateway.example"], ...changes });
    // Nothing may be loaded: nobody asks for the host's address.
    const deployment = { allowedHosts: [], ...(workerMb !== undefined && { workerMb }) };
    return (await look(deployment, plan)).get("memory")?.[0];
  };
  const strict = { slo: { p99Ms: 20 } };
  const fast = { chains: [chainInput("ethereum", 3_000, "https://gateway.example")], perWorkerRps: 3_000 };
  // At once: each look also tries for seconds to reach the target, which is not there.
  const [usual, enough, small, unknown, fleet] = await Promise.all([
    memoryOf(strict),
    memoryOf(strict, 600),
    memoryOf(strict, 256),
    memoryOf(fast),
    memoryOf({ mode: "fleet" }, 256),
  ]);
  assert.equal(usual?.level, "ok", "the default");
  assert.equal(enough?.level, "ok", "512 MB was measured, and 600 is no worse");
  assert.equal(small?.level, "warn");
  assert.match(small?.evidence ?? "", /^256 MB\. .* 100 requests\/s over TLS: .* 13\.54 ms, at most 5 ms$/);
  assert.match(small?.remedy ?? "", /-c workerMemoryMb=512\b/);
  assert.deepEqual([unknown?.level, unknown?.remedy], ["warn", "lower perWorkerRps of the plan"]);
  assert.equal(fleet, undefined, "a fleet's workers are no Lambdas");
});

test("a secret that cannot be read keeps no other chain's targets from being checked", async (t) => {
  const { origin } = await answeringServer(t, () => jsonResponse(RELAY));
  const chain = (name: string, secret: string) => ({
    name,
    rps: 1,
    targets: [{ url: `${origin}/`, headers: { "X-Key": secret }, body: CALL }],
  });
  const chains = [chain("typo", "secret://tokne"), chain("right", "secret://there")];
  const deployment = { secrets: ["secret://there"], allowedHosts: [new URL(origin).host] };
  const targets = (await look(deployment, checkedPlan(origin, { chains }))).get("targets") ?? [];
  assert.deepEqual(
    targets.map(({ level, evidence }) => `${level} ${evidence}`),
    ["fail Error: secret://tokne cannot be read", `ok right: a relay from ${origin}/`],
  );
});
