import assert from "node:assert/strict";
import type { lookup } from "node:dns";
import { test } from "node:test";
import { request } from "undici";
import { Recorder } from "../../lib/attack/recorder.ts";
import { Sender } from "../../lib/attack/sender.ts";
import { attack } from "../../lib/attack/worker.ts";
import { HostGuard } from "../../lib/guard/hostGuard.ts";
import type { ConnectionOptions } from "../../lib/http/connection.ts";
import { ForbiddenHostError, guardedAgent, guardedLookup } from "../../lib/http/lookup.ts";
import { assign } from "../../lib/plan/assign.ts";
import { InputError } from "../../lib/plan/problems.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { systemClock } from "../../lib/store/clock.ts";
import { CALL, checkedPlan } from "../support/plans.ts";
import { prepared } from "../support/prepared.ts";
import { answeringServer, jsonResponse, RELAY } from "../support/servers.ts";

const NOTHING = new HostGuard({ allowed: [], loopback: false });

/** Sends three requests to an origin; gives the classes that they ended in. */
async function classesOf(origin: string, options: Partial<ConnectionOptions>): Promise<Record<string, number>> {
  const sender = new Sender(systemClock, { http: "1.1", keepalive: true, timeoutMs: 500, ...options });
  const recorder = new Recorder("x", "measure", 1_000);
  const target = { method: "POST", url: `${origin}/`, headers: [], body: JSON.stringify(CALL), weight: 1 };
  await sender.open(origin, 4);
  for (let n = 0; n < 3; n++) {
    const nowMs = systemClock.nowMs();
    sender.send({ request: prepared(target), n, recorder, dueMs: 0, dueAtMs: nowMs }, nowMs);
  }
  await sender.drained();
  sender.close();
  const series = recorder.take();
  return { ...series?.errors, ...(series?.valid ? { valid: series.valid } : {}) };
}

test("no connection is opened to an origin that the guard refuses, literal addresses included", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  for (const keepalive of [true, false]) {
    assert.deepEqual(await classesOf(server.origin, { guard: NOTHING, keepalive }), { "forbidden-address": 3 });
  }
  const overTls = server.origin.replace("http:", "https:");
  assert.deepEqual(await classesOf(overTls, { guard: NOTHING, http: "2" }), { "forbidden-address": 3 });
  assert.deepEqual(await classesOf("http://gateway.example", { guard: NOTHING }), { "forbidden-host": 3 });
  assert.deepEqual(await classesOf("http://169.254.169.254", {}), { "forbidden-address": 3 });
  assert.deepEqual(await classesOf("http://gateway.example", {}), { "forbidden-host": 3 }, "without a guard: loopback");
  assert.equal(server.connections, 0);
  assert.deepEqual(await classesOf(server.origin, {}), { valid: 3 });
});

test("no connection is opened to an address that `resolve` maps an allowed origin to, if the guard refuses it", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const guard = new HostGuard({ allowed: ["gateway.example"], loopback: false });
  const to = (address: string) =>
    classesOf("http://gateway.example", { guard, resolve: { "gateway.example": address } });
  assert.deepEqual(await to(new URL(server.origin).host), { "forbidden-address": 3 });
  assert.deepEqual(await to("169.254.169.254"), { "forbidden-address": 3 });
  assert.deepEqual(await to("other.example"), { "forbidden-host": 3 });
  assert.equal(server.connections, 0);
});

test("a name that has come to lead to a forbidden address is refused when it is looked up", async () => {
  const guard = new HostGuard({ allowed: ["gateway.example"], loopback: true });
  const lookUp = (...addresses: string[]): Promise<Error | null> => {
    const resolve = ((_: string, __: object, done: (error: null, all: object[]) => void) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
      )) as unknown as typeof lookup;
    return new Promise((done) => guardedLookup(guard, resolve)("gateway.example", {}, (error) => done(error)));
  };
  assert.equal(await lookUp("203.0.113.7"), null);
  for (const addresses of [["127.0.0.1"], ["203.0.113.7", "169.254.169.254"], ["10.0.0.1"], ["::ffff:127.0.0.1"]]) {
    const error = await lookUp(...addresses);
    assert.ok(error instanceof ForbiddenHostError, addresses.join());
    assert.equal(error.code, "forbidden-address");
  }
});

test("what is read besides the load opens no connection to a refused host", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  await assert.rejects(request(server.origin, { dispatcher: guardedAgent(NOTHING) }), ForbiddenHostError);
  assert.equal(server.connections, 0);
  const { statusCode } = await request(server.origin, {
    dispatcher: guardedAgent(new HostGuard({ allowed: [], loopback: true })),
  });
  assert.equal(statusCode, 200);
});

/** Runs a worker of a deployment with a plan; gives what it was refused for. */
async function refusedAt(plan: Plan, deployed: { allowedHosts: string[] }): Promise<string> {
  const [assignment] = assign(plan, { runId: "run", startAtMs: Date.now() + 300, leadMs: 300 });
  assert.ok(assignment);
  try {
    await attack(
      { plan, assignment, attempt: 1 },
      { clock: systemClock, emit: async () => {}, stopRequested: async () => undefined, deployed },
    );
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.message;
  }
  return "";
}

test("a worker refuses a plan that was changed after it was checked, before it opens a connection", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const plan = checkedPlan(server.origin, { workers: 1, duration: "1s" });
  assert.match(await refusedAt(plan, { allowedHosts: ["gateway.example"] }), /not the worker's own machine/);
  const other = { ...plan, allowedHosts: ["other.example"] };
  for (const { targets } of other.chains) for (const target of targets) target.url = "http://other.example/";
  assert.match(await refusedAt(other, { allowedHosts: ["gateway.example"] }), /the host other\.example/);
  const gateway = { ...other, gateway: { port: 0, seed: 1, chains: [] } } as Plan;
  assert.match(await refusedAt(gateway, { allowedHosts: ["gateway.example"] }), /the host other\.example/);
  const socket = { ...plan, unixSocket: "/run/docker.sock" };
  const allowed = { allowedHosts: [new URL(server.origin).host] };
  assert.match(await refusedAt(socket, allowed), /a unix socket/);
  assert.equal(server.connections, 0);
});
