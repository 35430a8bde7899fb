import assert from "node:assert/strict";
import type { lookup } from "node:dns";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Recorder } from "../../lib/attack/recorder.ts";
import { Sender } from "../../lib/attack/sender.ts";
import { WorkerSubscriptions } from "../../lib/attack/subscriptions.ts";
import { HostGuard } from "../../lib/guard/hostGuard.ts";
import type { ConnectionOptions } from "../../lib/http/connection.ts";
import { ConnectionCount } from "../../lib/http/connections.ts";
import { ResponseMemory } from "../../lib/http/gathered.ts";
import { guardedLookup } from "../../lib/http/lookup.ts";
import { Names } from "../../lib/http/names.ts";
import { secureOf } from "../../lib/http/secure.ts";
import { assign } from "../../lib/plan/assign.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { systemClock } from "../../lib/store/clock.ts";
import { poolOf } from "../../lib/ws/poolOf.ts";
import { temporaryFolder } from "../support/folder.ts";
import { checkedPlan } from "../support/plans.ts";
import { prepared } from "../support/prepared.ts";
import { requireProgram } from "../support/programs.ts";
import { resolveAllTo } from "../support/resolver.ts";
import { makeCertificate } from "../support/tls.ts";
import { type SocketServer, socketServer } from "../support/webSockets.ts";

const guard = new HostGuard({ allowed: ["gw.example"], loopback: true });
const OPTIONS: ConnectionOptions = { http: "1.1", keepalive: true, timeoutMs: 2_000, guard };
const BODY = '{"jsonrpc":"2.0","id":{{id}},"method":"eth_chainId","params":[]}';

const callTo = (origin: string) => prepared({ method: "POST", url: `${origin}/`, headers: [], body: BODY, weight: 1 });

/** Sends one call; gives `valid`, or the class that it ended in. */
async function call(origin: string, options: Partial<ConnectionOptions>): Promise<string> {
  const sender = new Sender(systemClock, { ...OPTIONS, ...options });
  const recorder = new Recorder("ethereum", "measure", 1_000);
  const nowMs = systemClock.nowMs();
  sender.send({ request: callTo(origin), n: 0, recorder, dueMs: 0, dueAtMs: nowMs }, nowMs);
  await sender.drained();
  sender.close();
  const { valid, errors, invalid } = recorder.take() ?? assert.fail("nothing was recorded");
  return Object.keys({ ...errors, ...invalid, ...(valid > 0 && { valid }) }).join();
}

/** What a worker's subscribers of a server need, of which `count` connect within 0.1 s. */
function subscribersOf(
  origin: string,
  options: Partial<ConnectionOptions>,
  count = 1,
  most = Number.POSITIVE_INFINITY,
) {
  const subscription = { url: "ws://127.0.0.1", to: "newHeads", subscribers: count, ramp: "0.1s" };
  const plan = checkedPlan("", { chains: [{ name: "node", subscriptions: [subscription] }], workers: 1 });
  const [chain] = plan.chains;
  const [assignment] = assign(plan, { runId: "run", startAtMs: Date.now(), leadMs: 0 });
  assert.ok(chain?.subscriptions && assignment);
  for (const each of chain.subscriptions) each.url = origin;
  const recorder = new Recorder("node", "measure", 1_000);
  const connections = { count: new ConnectionCount(most), opened: 0 };
  const input = { assignment, clock: systemClock, seed: 1, secret: () => "", recorderOf: () => recorder, connections };
  const subscribers = new WorkerSubscriptions([chain], { ...input, options: { ...OPTIONS, ...options } });
  return { subscribers, recorder, connections };
}

/** Starts one subscriber; gives `valid` once it has subscribed, or the class of its first failure. */
async function subscribe(origin: string, options: Partial<ConnectionOptions>): Promise<string> {
  const { subscribers, recorder } = subscribersOf(origin, options);
  subscribers.start();
  try {
    for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 20) {
      const { newHeads } = recorder.take()?.subscriptions ?? {};
      if (newHeads?.subscribed) return "valid";
      const [failure] = Object.keys(newHeads?.failures ?? {});
      if (failure !== undefined) return failure;
      await sleep(20);
    }
    return "neither";
  } finally {
    subscribers.stop();
  }
}

/** The two ways in which a worker opens WebSockets. */
const WAYS = [
  ["a call", call],
  ["a subscriber", subscribe],
] as const;

/** A server with TLS, with a certificate of its own; undefined without openssl. */
async function tlsServer(t: TestContext): Promise<(SocketServer & { certificate: string }) | undefined> {
  const openssl = requireProgram(t, "openssl", "openssl");
  if (openssl === undefined) return undefined;
  const { key, certificate } = makeCertificate(openssl, temporaryFolder(t));
  const server = await socketServer(t, { tls: { key: readFileSync(key), cert: readFileSync(certificate) } });
  return Object.assign(server, { certificate });
}

async function secure(tls: Partial<NonNullable<Plan["tls"]>>) {
  return secureOf({ insecure: false, ...tls }, async (reference) => assert.fail(reference));
}

for (const [what, open] of WAYS) {
  test(`${what} trusts a WebSocket's certificate by the plan's CA, and refuses others by their class`, async (t) => {
    const server = await tlsServer(t);
    if (!server) return;
    assert.equal(await open(server.origin, {}), "DEPTH_ZERO_SELF_SIGNED_CERT");
    const other = await secure({ ca: server.certificate, serverName: "other.example" });
    assert.equal(await open(server.origin, { secure: other }), "ERR_TLS_CERT_ALTNAME_INVALID");
    assert.equal(server.handshakes.length, 0);
    assert.equal(await open(server.origin, { secure: await secure({ ca: server.certificate }) }), "valid");
    assert.equal(await open(server.origin, { secure: await secure({ insecure: true }) }), "valid");
  });

  test(`${what} connects where the plan's resolve says, and names the target's host in its handshake`, async (t) => {
    const server = await socketServer(t);
    const resolve = { "gw.example": new URL(server.origin).host };
    assert.equal(await open("ws://gw.example", { resolve }), "valid");
    assert.equal(server.handshakes[0]?.headers.host, "gw.example");
    assert.equal(await open("ws://gw.example", { resolve: { "gw.example": "169.254.169.254" } }), "forbidden-address");
  });

  test(`${what} connects to the plan's unix socket`, async (t) => {
    const path = `${temporaryFolder(t)}/gw.sock`;
    const server = await socketServer(t, { path });
    assert.equal(await open("ws://gw.example", { unixSocket: path }), "valid");
    assert.equal(server.handshakes.length, 1);
    assert.equal(await open("ws://gw.example", { unixSocket: `${path}.missing` }), "ENOENT");
    assert.equal(await open("ws://other.example", { unixSocket: path }), "forbidden-host");
    assert.equal(server.handshakes.length, 1);
  });

  test(`${what} opens no WebSocket to a host that the guard refuses`, async (t) => {
    const server = await socketServer(t);
    const nothing = new HostGuard({ allowed: [], loopback: false });
    assert.equal(await open(server.origin, { guard: nothing }), "forbidden-address");
    assert.equal(await open(server.origin.replace("ws:", "wss:"), { guard: nothing }), "forbidden-address");
    assert.equal(await open("ws://169.254.169.254", {}), "forbidden-address");
    assert.equal(await open("ws://other.example", {}), "forbidden-host");
    assert.equal(server.handshakes.length, 0);
    assert.equal(await open(server.origin, {}), "valid");
  });
}

for (const [what, open] of WAYS) {
  test(`${what} does not connect to an allowed name that has come to lead to loopback`, async (t) => {
    const server = await socketServer(t);
    resolveAllTo(t, "127.0.0.1");
    assert.equal(await open(`ws://gw.example:${new URL(server.origin).port}`, {}), "forbidden-address");
    assert.equal(server.handshakes.length, 0);
  });
}

test("a WebSocket's name is looked up with the worker's other names, and refused if it leads to loopback", async (t) => {
  const server = await socketServer(t);
  const resolve = ((_: string, __: object, done: (error: null, all: object[]) => void) =>
    done(null, [{ address: "127.0.0.1", family: 4 }])) as unknown as typeof lookup;
  const names = new Names(guardedLookup(guard, resolve), { ttl: 0, select: "first" });
  const shared = { count: new ConnectionCount(1), memory: new ResponseMemory(1_000), names };
  const request = callTo(`ws://gw.example:${new URL(server.origin).port}`);
  const { origin, handshake } = request;
  const pool = poolOf({ origin, handshake }, OPTIONS, shared, () => {});
  t.after(() => pool.destroy());
  const outcome = await new Promise<string>((done) => {
    const connection = pool.acquire();
    connection?.send({ request, n: 0, began: () => {}, responded: () => done("valid"), failed: done });
  });
  assert.equal(outcome, "forbidden-address");
  assert.equal(server.handshakes.length, 0);
});

test("subscribers take what is left of the worker's connections; those above it fail with a class, and try again", async (t) => {
  const server = await socketServer(t);
  const { subscribers, recorder, connections } = subscribersOf(server.origin, {}, 10, 8);
  // Two connections carry calls.
  connections.count.now = 2;
  subscribers.start();
  const sum = { subscribed: 0, failed: 0 };
  const until = async (isDone: () => boolean): Promise<void> => {
    for (let waitedMs = 0; waitedMs < 10_000 && !isDone(); waitedMs += 20) {
      const { subscribed = 0, failures = {} } = recorder.take()?.subscriptions?.newHeads ?? {};
      sum.subscribed += subscribed;
      sum.failed += failures["file-limit"] ?? 0;
      assert.deepEqual(
        Object.keys(failures).filter((name) => name !== "file-limit"),
        [],
      );
      await sleep(20);
    }
  };
  await until(() => sum.subscribed === 6 && sum.failed >= 4);
  assert.deepEqual([server.sockets.size, connections.count.now, connections.opened], [6, 8, 6]);
  // A call's connection ends: one more subscriber finds a place.
  connections.count.now--;
  await until(() => sum.subscribed === 7);
  assert.deepEqual([server.sockets.size, connections.count.now], [7, 8]);
  subscribers.stop();
  assert.equal(connections.count.now, 1);
});
