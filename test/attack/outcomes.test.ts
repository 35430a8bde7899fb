import assert from "node:assert/strict";
import { once } from "node:events";
import { globSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { classOf } from "../../lib/answers/classes.ts";
import { balances } from "../../lib/results/ledger.ts";
import { temporaryFolder } from "../support/folder.ts";
import { ROOT, reportOf, volley } from "../support/volley.ts";

/** What names a class in the code of the attack: a verdict's name, the reason of a failure, a named constant. */
const NAMED = [
  /\bname: "([^"]+)"/g,
  /\b(?:fail|failed|cutOff|ResponseError)\("([^"]+)"/g,
  /[:?] "((?:\w+-(?:timeout|closed|response|memory|address|host)|(?:http2|invalid)-[a-z0-9-]+))"/g,
  /"((?:rpc|batch|answer|stale|check|null|no|id|not)-[a-z-]+)"/g,
];

test("every class that the code names is in the table", () => {
  const files = ["attack", "answers", "http", "ws"].flatMap((room) => {
    return globSync(`${ROOT}lib/${room}/**/*.ts`);
  });
  const names = files.flatMap((file) => {
    const text = readFileSync(file, "utf8");
    return NAMED.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => ({ file, name: match[1] ?? "" })));
  });
  assert.ok(names.length > 60, `${names.length} names`);
  for (const { file, name } of names) {
    if (OTHER.has(name)) continue;
    assert.ok(classOf(name), `${file}: ${name}`);
  }
});

/** Names that are of something else. */
const OTHER = new Set(["unknown-code", "no-error", "block"]);

/** Answers as gateways and nodes give them, by the request's path. */
const ANSWERS: Record<string, (id: number) => [status: number, body: string]> = {
  "/relay": (id) => [200, JSON.stringify({ jsonrpc: "2.0", id, result: "0x1" })],
  "/revert": (id) => [
    200,
    JSON.stringify({ jsonrpc: "2.0", id, error: { code: 3, message: "execution reverted: no" } }),
  ],
  "/receipt": (id) => [200, JSON.stringify({ jsonrpc: "2.0", id, result: null })],
  "/limited": (id) => [
    200,
    JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32_055, message: "key s3cret-key" } }),
  ],
  "/denied": () => [403, "<html>\u001b[2J Access denied</html>"],
  "/deep": (id) => [200, `{"jsonrpc":"2.0","id":${id},"result":${"[".repeat(50_000)}${"]".repeat(50_000)}}`],
  "/health": () => [200, '{"status":"ok","peers":7}'],
  "/sick": () => [200, '{"status":"ok","peers":0}'],
};

test("a run tells answers of the node, the gateway's failures and the request's apart, with one of each", async (t) => {
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (data) => {
      text += data;
    });
    request.on("end", () => {
      const { id = 0 } = text === "" ? {} : (JSON.parse(text) as { id?: number });
      const [status, body] = ANSWERS[request.url ?? ""]?.(id) ?? [404, ""];
      response.writeHead(status, { "content-type": "application/json" }).end(body);
    });
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const call = (path: string, method: string, more: object = {}) => ({
    url: `${origin}${path}`,
    headers: { "X-Key": "env://ANSWERS_KEY" },
    body: { jsonrpc: "2.0", id: 1, method, params: [] },
    ...more,
  });
  const healthy = [
    { pointer: "/status", equals: "ok" },
    { pointer: "/peers", min: 1 },
  ];
  const targets = [
    call("/relay", "eth_chainId"),
    call("/revert", "eth_call"),
    call("/revert", "eth_estimateGas", { accept: { revert: false } }),
    call("/receipt", "eth_getTransactionReceipt"),
    call("/limited", "eth_call"),
    call("/denied", "eth_call"),
    call("/deep", "trace_block", { checks: [{ pointer: "/result", matches: "^0x" }] }),
    { url: `${origin}/health`, method: "GET", checks: healthy },
    { url: `${origin}/sick`, method: "GET", checks: healthy },
  ];
  const folder = temporaryFolder(t);
  const chain = { name: "dev", rps: 90, targets, rateLimitCodes: [-32_055] };
  const plan = {
    name: "answers",
    ids: "unique",
    chains: [chain],
    duration: "2s",
    preflight: false,
    slo: { success: 0.1 },
  };
  writeFileSync(`${folder}/plan.json`, JSON.stringify(plan));
  const command = ["run", `${folder}/plan.json`, "--out", folder, "--json"];
  const { total, chains } = reportOf(folder, await volley(command, { ANSWERS_KEY: "s3cret-key" }));
  assert.ok(balances(total.ledger));
  const whose = Object.keys({ ...total.invalid, ...total.answers });
  assert.deepEqual(whose.sort(), [
    ...["answer-null", "answer-revert", "check-failed", "http-403", "rpc-rate-limited", "rpc-revert"],
  ]);
  assert.deepEqual(Object.keys(total.faults).sort(), ["gateway", "request", "upstream"]);
  const answers = Object.values(total.answers ?? {}).reduce((sum, count) => sum + count, 0);
  assert.ok(answers > 0 && total.ledger.valid > answers, "answers of the node are among the relays");
  const samples = new Map(chains[0]?.samples?.map((sample) => [sample.class, sample]));
  assert.equal(samples.get("answer-revert")?.message, "execution reverted: no");
  assert.equal(samples.get("answer-revert")?.code, 3);
  assert.equal(samples.get("rpc-rate-limited")?.message, "key …");
  assert.equal(samples.get("http-403")?.begins, "<html> [2J Access denied</html>");
  const [run = ""] = readdirSync(`${folder}/runs`);
  const text = readFileSync(`${folder}/runs/${run}/report.txt`, "utf8");
  assert.match(text, /answer-revert +200 +3 +execution reverted: no/);
  assert.match(text, /relay +answer-null +answer/);
  for (const file of ["report.txt", "report.json", "report.html"]) {
    assert.ok(!readFileSync(`${folder}/runs/${run}/${file}`, "utf8").includes("s3cret"), file);
  }
});
