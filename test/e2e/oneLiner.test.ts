import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../support/folder.ts";
import { CALL } from "../support/plans.ts";
import { DEAD_ORIGIN } from "../support/servers.ts";
import { volley } from "../support/volley.ts";

const BODY = JSON.stringify(CALL);

/** A node that answers calls with a block, and anything else with a text. */
async function startNode(t: TestContext): Promise<{ origin: string; seen: { method?: string; headers: object }[] }> {
  const seen: { method?: string; headers: object }[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (piece) => {
      text += piece;
    });
    request.on("end", () => {
      seen.push({ ...(request.method && { method: request.method }), headers: request.headers });
      const id = text.startsWith("{") ? (JSON.parse(text) as { id: unknown }).id : undefined;
      response.end(id === undefined ? "hello" : JSON.stringify({ jsonrpc: "2.0", id, result: "0x10" }));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

test("attack loads a URL without a plan, and prints vegeta's JSON", async (t) => {
  const { origin, seen } = await startNode(t);
  const folder = temporaryFolder(t);
  const load = ["--rps", "20", "--duration", "1s", "--header", "X-Run: 1", "--out", folder];
  const ended = await volley(["attack", `${origin}/rpc`, ...load, "--body", BODY, "--format", "vegeta-json"]);
  const metrics = JSON.parse(ended.stdout) as { requests: number; success: number; status_codes: object };
  assert.deepEqual([metrics.requests, metrics.success, metrics.status_codes], [20, 1, { 200: 20 }], ended.stderr);
  assert.equal(seen.filter(({ headers }) => (headers as Record<string, string>)["x-run"] === "1").length >= 20, true);
  const missing = await volley(["attack", origin, "--duration", "1s"]);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /required option '--rps/);
});

test("a run says at its start where it is and what Ctrl-C does, and --quiet prints the report alone", async (t) => {
  const { origin } = await startNode(t);
  const folder = temporaryFolder(t);
  const load = ["attack", origin, "--rps", "10", "--duration", "1s", "--out", folder];
  const ended = await volley(load, { COLUMNS: "80" });
  assert.match(ended.stdout, /^run +attack-\d+-\d+-\w+\nresults +\/.*\ndashboard +with --dashboard/m);
  assert.match(ended.stdout, /^Ctrl-C +stops the workers/m);
  const widest = Math.max(...ended.stdout.split("\n").map((line) => line.length));
  assert.ok(widest <= 80 || ended.stdout.includes(folder), `${widest}`);
  const quiet = await volley([...load, "--quiet"]);
  assert.match(quiet.stdout, /^\nattack: /);
});

test("ping tells one response's class, times and body, of a URL and of each target of a plan", async (t) => {
  const { origin, seen } = await startNode(t);
  const good = await volley(["ping", `${origin}/rpc`, "--body", BODY]);
  assert.equal(good.code, 0, good.stderr);
  assert.match(
    good.stdout,
    /eth_blockNumber: valid\n +HTTP 200, \d+ bytes in [\d.]+ ms: connect [\d.]+, first byte [\d.]+, body [\d.]+\n/,
  );
  assert.match(good.stdout, /"result":"0x10"/);
  assert.equal(seen.length, 1, "one request, and no other");

  const bad = await volley(["ping", DEAD_ORIGIN, "--json"]);
  assert.equal(bad.code, 1);
  assert.deepEqual([JSON.parse(bad.stdout).class, JSON.parse(bad.stdout).status], ["ECONNREFUSED", undefined]);

  const folder = temporaryFolder(t);
  const made = await volley(["init", `${origin}/rpc`, "--out", `${folder}/plan.json`]);
  assert.equal(made.code, 0, made.stderr);
  assert.equal((await volley(["init", origin, "--out", `${folder}/plan.json`])).code, 2, "nothing is overwritten");
  assert.equal((await volley(["ping", `${folder}/plan.json`])).code, 0);
  const lint = await volley(["lint", `${folder}/plan.json`, "--set", "slo.p99Ms=null"]);
  assert.deepEqual([lint.code, /can be run, \d warning/.test(lint.stdout)], [2, false], "a null is no limit");
  const own = await volley(["lint", `${folder}/plan.json`]);
  assert.match(own.stdout, /^.*plan\.json: can be run\b(?!, 1)/, "a plan that init wrote has no warning");
  const linted = await volley(["lint", `${folder}/plan.json`, "--set", "slo.p99Ms=1000"]);
  assert.match(linted.stdout, /p99Ms needs about 2000 to be meaningful\n.*can be run, 1 warning/s);
  assert.match(readFileSync(`${folder}/plan.json`, "utf8"), /"rps": 10/);
});

test("compare says what it wants when it is given one run", async () => {
  const one = await volley(["compare", "runs/x"]);
  assert.deepEqual([one.code, one.stdout], [2, ""]);
  assert.match(one.stderr, /found one run, "runs\/x"; expected two runs or more/);
});
