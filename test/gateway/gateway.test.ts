import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type Gateway, startGateway } from "../../lib/gateway/gateway.ts";
import { gatewaySchema } from "../../lib/plan/gatewaySchema.ts";

async function gateway(t: TestContext, chain: object = {}): Promise<Gateway> {
  const chains = [{ name: "ethereum", endpoint: "ETH", latencyMs: { p50: 1, p99: 2 }, blockTimeMs: 50, ...chain }];
  const started = await startGateway(gatewaySchema.parse({ chains }));
  t.after(() => started.close());
  return started;
}

async function call({ origin }: Gateway, method: string, params: unknown[] = []): Promise<Record<string, unknown>> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 7, method, params });
  const response = await fetch(`${origin}/api/gateway?endpoint=ETH`, { method: "POST", body });
  assert.equal(response.status, 200);
  return (await response.json()) as Record<string, unknown>;
}

const ADDRESS = "0x00000000000000000000000000000000000000aa";

test("it answers the four methods as a node would, and its blocks advance", async (t) => {
  const started = await gateway(t, { chainId: 288 });
  assert.deepEqual(await call(started, "eth_chainId"), { jsonrpc: "2.0", id: 7, result: "0x120" });
  const first = Number((await call(started, "eth_blockNumber")).result);
  await new Promise((done) => setTimeout(done, 120));
  assert.ok(Number((await call(started, "eth_blockNumber")).result) >= first + 2);
  assert.match(String((await call(started, "eth_getBalance", [ADDRESS, "latest"])).result), /^0x[0-9a-f]+$/);
  assert.match(String((await call(started, "eth_call", [{ to: ADDRESS }, "latest"])).result), /^0x[0-9a-f]{64}$/);
  assert.deepEqual((await call(started, "eth_what")).error, {
    code: -32_601,
    message: "the method eth_what does not exist",
  });
});

test("its metrics are those that it counted, in Traefik's names and its own", async (t) => {
  const started = await gateway(t, { perRequest: { dbQueries: 3, redisOperations: 1, cpuMs: 2 } });
  for (let index = 0; index < 5; index++) await call(started, "eth_chainId");
  const text = await (await fetch(`${started.origin}/metrics`)).text();
  assert.match(text, /^traefik_service_requests_total\{code="200",.*service="ethereum@file"\} 5$/m);
  assert.match(text, /^traefik_entrypoint_requests_total\{code="200",.*\} 5$/m);
  assert.match(text, /^traefik_open_connections\{.*\} [1-9]/m);
  assert.match(text, /^gateway_db_queries_total\{chain="ethereum"\} 15$/m);
  assert.match(text, /^gateway_redis_operations_total\{chain="ethereum"\} 5$/m);
  assert.match(text, /^gateway_cpu_seconds_total\{chain="ethereum"\} 0\.01$/m);
  assert.match(text, /^gateway_received_bytes_total\{chain="ethereum"\} [1-9]/m);
});

test("its errors come at the rate that was set, and are counted", async (t) => {
  const errors = { http500: 0.2, http429: 0.1, rpcError: 0.2, reset: 0.1 };
  const started = await gateway(t, { errors });
  const outcomes = await Promise.all(
    Array.from({ length: 400 }, async () => {
      try {
        const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] });
        const response = await fetch(`${started.origin}/api/gateway?endpoint=ETH`, { method: "POST", body });
        if (response.status !== 200) return String(response.status);
        return "error" in ((await response.json()) as object) ? "rpc" : "relay";
      } catch {
        return "reset";
      }
    }),
  );
  const count = (outcome: string): number => outcomes.filter((each) => each === outcome).length;
  const [truth] = started.truth().chains;
  assert.deepEqual(
    [count("500"), count("429"), count("rpc"), count("reset"), count("relay")],
    [truth?.http500, truth?.http429, truth?.rpcErrors, truth?.resets, truth?.relays],
  );
  assert.ok(count("500") > 40 && count("500") < 130, `${count("500")} of 400 were 500`);
  assert.equal(truth?.requests, 400);
});

test("it saturates as a server does: beyond its concurrency requests wait, beyond its queue they are refused", async (t) => {
  const started = await gateway(t, { concurrency: 2, queue: 4, latencyMs: { p50: 100, p99: 100 } });
  const beganMs = performance.now();
  const answers = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] });
      const { status } = await fetch(`${started.origin}/api/gateway?endpoint=ETH`, { method: "POST", body });
      return { status, tookMs: performance.now() - beganMs };
    }),
  );
  assert.equal(answers.filter(({ status }) => status === 503).length, 2);
  assert.ok(Math.max(...answers.map(({ tookMs }) => tookMs)) >= 280, "three rounds of 100 ms");
});
