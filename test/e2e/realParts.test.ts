import assert from "node:assert/strict";
import { appendFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { createClient } from "@redis/client";
import { Client } from "pg";
import { startNodeExporter, startPostgres, startRedis } from "../support/databases.ts";
import { temporaryFolder } from "../support/folder.ts";
import { startNginx } from "../support/nginx.ts";
import { chainInput } from "../support/plans.ts";
import { reportOf, startVolley, volley } from "../support/volley.ts";

/** Operations that Redis says it has done. */
async function redisOperations(url: string): Promise<number> {
  const client = await createClient({ url }).connect();
  const info = await client.info("commandstats");
  await client.close();
  return Number(/^cmdstat_get:calls=(\d+)/m.exec(info)?.[1] ?? 0);
}

/** Transactions that PostgreSQL says it has committed: one for each query that is not in a block. */
async function committed(url: string): Promise<number> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ count: string }>(
    "SELECT sum(xact_commit) AS count FROM pg_stat_database WHERE datname = current_database()",
  );
  await client.end();
  return Number(rows[0]?.count);
}

test("cost per relay is what Redis and PostgreSQL count themselves; a foreign exporter and a log are on the report's time", {
  timeout: 120_000,
}, async (t) => {
  const redis = await startRedis(t);
  const postgres = await startPostgres(t);
  const exporter = await startNodeExporter(t);
  const nginx = await startNginx(t);
  if (!redis || !postgres || !exporter || !nginx) return;
  const folder = temporaryFolder(t);
  const perRequest = { dbQueries: 3, redisOperations: 5 };
  const settings = { chains: [{ name: "kava", endpoint: "KAVA", latencyMs: { p50: 2, p99: 4 }, perRequest }] };
  writeFileSync(`${folder}/gateway.json`, JSON.stringify(settings));
  const backed = ["--config", `${folder}/gateway.json`, "--redis", redis, "--postgres", postgres];
  const gateway = startVolley(["gateway", "--port", "0", ...backed]);
  t.after(() => gateway.child.kill("SIGTERM"));
  const [, origin = ""] = await gateway.printed(/stand-in gateway at (\S+);/);

  const log = `${nginx.files}/gateway.log`;
  writeFileSync(log, "error: long before\n");
  const byChain = { chainLabel: "chain" };
  const plan = {
    name: "real-parts",
    chains: [chainInput("kava", 100, origin)],
    duration: "8s",
    // What the servers count is then what the report does.
    preflight: false,
    observe: {
      endpoints: [{ url: `${origin}/metrics` }, { url: exporter }],
      show: ["^node_sockstat_TCP_inuse$", "^node_context_switches_total$"],
      costs: [
        { name: "dbQueries", metric: "gateway_db_queries_total", ...byChain },
        { name: "redisOperations", metric: "gateway_redis_operations_total", ...byChain },
      ],
      logs: [{ url: `${nginx.origin}/files/gateway.log` }],
    },
  };
  writeFileSync(`${folder}/plan.json`, JSON.stringify(plan));
  const before = { redis: await redisOperations(redis), postgres: await committed(postgres) };
  const running = startVolley(["run", `${folder}/plan.json`, "--out", folder, "--json"]);
  const writing = setInterval(() => appendFileSync(log, "all well\nerror: connection pool exhausted\n"), 500);
  const report = reportOf(folder, await running.ended);
  clearInterval(writing);
  // A connection's counts are all in when it is closed.
  gateway.child.kill("SIGTERM");
  assert.match((await gateway.ended).stdout, /kava: 800 requests, 800 relays/);
  const after = { redis: await redisOperations(redis), postgres: await committed(postgres) };

  const relays = report.chains[0]?.ledger.valid ?? 0;
  assert.equal(relays, 800, report.verdict.reasons.join(" "));
  const perRelay = report.capacity?.chains[0]?.perRelay ?? {};
  const counted = {
    redisOperations: (after.redis - before.redis) / relays,
    dbQueries: (after.postgres - before.postgres) / relays,
  };
  for (const [name, own] of Object.entries(counted)) {
    const told = perRelay[name] ?? 0;
    assert.ok(Math.abs(told / own - 1) <= 0.02, `${name}: the report says ${told}, the server itself ${own}`);
  }
  for (const [name, unit] of [
    ["node_sockstat_TCP_inuse", "value"],
    ["node_context_switches_total", "per second"],
  ]) {
    const series = report.metrics.find((each) => each.name === name);
    assert.equal(series?.unit, unit);
    assert.ok(series && series.points.length >= 5 && series.points.every(([, value]) => (value ?? 0) > 0), name);
  }
  const [said] = report.logs;
  assert.ok(said && said.matched >= 5 && said.read > said.matched, JSON.stringify(said));
  assert.equal(said.lines[0]?.text, "error: connection pool exhausted");
});

test("a gateway whose Redis or PostgreSQL does not answer says which, and does not start", async () => {
  const dead = await volley(["gateway", "--port", "0", "--redis", "redis://127.0.0.1:1"]);
  assert.equal(dead.code, 2);
  assert.match(dead.stderr, /--redis: found .*ECONNREFUSED.*; expected a server that answers/);
  const none = await volley(["gateway", "--port", "0", "--postgres", "postgres://x@127.0.0.1:1/x"]);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /--postgres: found .*ECONNREFUSED/);
});
