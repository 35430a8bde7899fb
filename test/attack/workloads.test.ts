import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { expectedOf } from "../../lib/answers/expected.ts";
import { ID_BASE } from "../../lib/answers/ids.ts";
import { classifyResponse } from "../../lib/answers/jsonrpc.ts";
import { prepareChain } from "../../lib/attack/requests.ts";
import { writeIds } from "../../lib/http/request.ts";
import { checkPlan } from "../../lib/plan/load.ts";
import { profileSchedule } from "../../lib/plan/profile.ts";
import { temporaryFolder } from "../support/folder.ts";
import { CALL, planInput } from "../support/plans.ts";
import { answeringServer, jsonResponse } from "../support/servers.ts";
import { reportOf, volley } from "../support/volley.ts";

const ORIGIN = "http://127.0.0.1:1";

function chainOf(changes: Record<string, unknown>, folder = ".", plan: Record<string, unknown> = {}) {
  const chain = { name: "ethereum", rps: 100, ...changes };
  const checked = checkPlan(planInput(ORIGIN, { chains: [chain], ...plan }), folder, "the test's plan");
  const [found] = checked.chains;
  assert.ok(found);
  return { plan: checked, chain: found };
}

function bodies(of: Record<string, unknown>, count: number, folder = ".", block = 0): string[] {
  const { chain } = chainOf(of, folder);
  const request = prepareChain(chain, { keepalive: true, seed: 1, block });
  return Array.from({ length: count }, (_, n) => String(request(n).body));
}

const targetsOf = (...params: unknown[]) => [{ url: ORIGIN, body: { ...CALL, method: "eth_getBalance", params } }];

test("random parameters differ from request to request, and are the same in every run", () => {
  const targets = targetsOf("{{randomAddress}}", "{{randomInt 5..7}}", "{{randomHex 8}}");
  const made = bodies({ targets }, 2_000);
  assert.equal(new Set(made).size, 2_000, "no two requests have the same address");
  for (const body of made) assert.match(body, /"params":\["0x[0-9a-f]{40}","[5-7]","0x[0-9a-f]{8}"\]/);
  assert.deepEqual(made, bodies({ targets }, 2_000));
});

test("blocks are named by their distance from the newest one, and never below the first", () => {
  const targets = targetsOf("{{blockNumber -2..0}}");
  const named = bodies({ targets }, 500, ".", 100).map((body) => JSON.parse(body).params[0] as string);
  assert.deepEqual(new Set(named), new Set(["0x62", "0x63", "0x64"]));
  assert.ok(bodies({ targets }, 50, ".", 1).every((body) => /"0x[01]"/.test(body)));
});

test("values come from a CSV or JSONL file's rows, quotes and all", (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(`${folder}/rows.csv`, 'address,note\n0xaa,"a ""b"", c"\n0xbb,plain\n');
  writeFileSync(`${folder}/rows.jsonl`, '{"address":"0xcc","note":1}\n{"address":"0xdd","note":2}\n');
  const targets = targetsOf("{{data.address}}");
  assert.deepEqual(
    new Set(bodies({ targets, data: "rows.csv" }, 100, folder).map((body) => JSON.parse(body).params[0])),
    new Set(["0xaa", "0xbb"]),
  );
  assert.equal(new Set(bodies({ targets, data: "rows.jsonl" }, 100, folder)).size, 2);
  const { chain } = chainOf({ targets: targetsOf("{{data.address}}"), data: "rows.csv" }, folder);
  assert.deepEqual(chain.data?.at(0), { address: "0xaa", note: 'a "b", c' });
  assert.throws(() => chainOf({ targets: targetsOf("{{data.adress}}"), data: "rows.csv" }, folder), /address, note/);
  assert.throws(() => chainOf({ targets: targetsOf("{{randomAdress}}") }), /\{\{randomAddress\}\}/);
});

test("ids of their own: each request has one, and only its own response is a relay", () => {
  const { chain } = chainOf({ targets: [{ url: ORIGIN, body: CALL }] }, ".", { ids: "unique" });
  const request = prepareChain(chain, { keepalive: true, seed: 1 })(0);
  const copy = Buffer.from(request.http1);
  writeIds(copy, request.ids.http1, 41, request.parts);
  const id = ID_BASE + 41;
  assert.equal(JSON.parse(copy.toString().split("\r\n\r\n")[1] ?? "").id, id);
  const answer = (of: number): Buffer => Buffer.from(`{"jsonrpc":"2.0","id":${of},"result":"0x1"}`);
  assert.equal(classifyResponse(200, answer(id), request.expected, 41), "valid");
  assert.equal(classifyResponse(200, answer(id), request.expected, 42), "id-mismatch");
  assert.equal(
    classifyResponse(200, Buffer.from(`{"id":${id},"jsonrpc":"2.0","result":{}}`), request.expected, 41),
    "valid",
  );
  assert.equal(classifyResponse(200, answer(1), request.expected, 41), "id-mismatch");
});

test("a batch with ids of its own is checked part by part", () => {
  const body = [CALL, { ...CALL, method: "eth_chainId" }];
  const { chain } = chainOf({ targets: [{ url: ORIGIN, body }] }, ".", { ids: "unique" });
  const request = prepareChain(chain, { keepalive: true, seed: 1 })(0);
  const copy = Buffer.from(request.http1);
  writeIds(copy, request.ids.http1, 7, request.parts);
  const ids = (JSON.parse(copy.toString().split("\r\n\r\n")[1] ?? "") as { id: number }[]).map(({ id }) => id);
  assert.deepEqual(ids, [ID_BASE + 14, ID_BASE + 15]);
  const answers = ids.map((id) => ({ jsonrpc: "2.0", id, result: "0x1" }));
  const classify = (of: unknown): string => classifyResponse(200, Buffer.from(JSON.stringify(of)), request.expected, 7);
  assert.equal(classify(answers.toReversed()), "valid");
  assert.equal(classify(answers.slice(1)), "batch-part-missing");
});

test("a check looks into the response: by value, pattern and range", () => {
  const classify = (check: object, result: unknown): string => {
    const expected = expectedOf(JSON.stringify(CALL), [], { checks: [{ pointer: "/result", ...check }] });
    return classifyResponse(200, Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: 1, result })), expected);
  };
  assert.equal(classify({ equals: "0x1" }, "0x1"), "valid");
  assert.equal(classify({ equals: "0x1" }, "0x2"), "check-failed");
  assert.equal(classify({ matches: "^0x[0-9a-f]+$" }, "0xzz"), "check-failed");
  assert.equal(classify({ min: 16, max: 17 }, "0x10"), "valid");
  assert.equal(classify({ min: 16 }, "0xf"), "check-failed");
  assert.equal(classify({ pointer: "/result/hash", matches: "^0x" }, { hash: "0xab" }), "valid");
  assert.equal(classify({ pointer: "/result/__proto__/x" }, {}), "check-failed");
});

test("a recorded log is replayed at a factor, each request at its own instant and once", async (t) => {
  const folder = temporaryFolder(t);
  const seen: string[] = [];
  const server = await answeringServer(t, (_, request) => {
    seen.push(/^POST (\S+)/.exec(request)?.[1] ?? "");
    return jsonResponse('{"jsonrpc":"2.0","id":1,"result":"0x1"}');
  });
  const line = (at: number, index: number) => JSON.stringify({ at, url: `${server.origin}/${index}`, body: CALL });
  const lines = [line(1_000, 0), line(5_000, 3), line(1_400, 1), line(3_000, 2), line(60_000, 4)];
  writeFileSync(`${folder}/log.jsonl`, lines.join("\n"));
  const chains = [{ name: "replayed", replay: { file: "log.jsonl", factor: 4 } }];
  const { plan, chain } = (() => {
    const checked = checkPlan(planInput(ORIGIN, { chains, duration: "2s" }), folder, "the test's plan");
    return { plan: checked, chain: checked.chains[0] as (typeof checked.chains)[number] };
  })();
  const schedule = profileSchedule(plan, chain);
  assert.deepEqual(
    Array.from({ length: schedule.count }, (_, n) => schedule.dueAtMs(n)),
    [0, 100, 500, 1_000],
  );
  writeFileSync(
    `${folder}/plan.json`,
    JSON.stringify({ name: "replay", chains, duration: "2s", workers: 1, preflight: false }),
  );
  const ended = await volley(["run", `${folder}/plan.json`, "--out", folder, "--json"]);
  assert.equal(ended.code, 0, ended.stdout + ended.stderr);
  assert.deepEqual(seen, ["/0", "/1", "/2", "/3"]);
});

test("over all workers targets have exactly their weights, and rows are taken in order, each once", async (t) => {
  const folder = temporaryFolder(t);
  const seen: string[] = [];
  const server = await answeringServer(t, (_, request) => {
    seen.push(/^POST (\S+)/.exec(request)?.[1] ?? "");
    return jsonResponse('{"jsonrpc":"2.0","id":1,"result":"0x1"}');
  });
  const target = (name: string, weight: number) => ({
    url: `${server.origin}/${name}/{{data.row}}`,
    body: CALL,
    weight,
  });
  const chains = [
    { name: "a", rps: 40, data: "rows.csv", dataOrder: "once", targets: [target("nine", 0.9), target("one", 0.1)] },
  ];
  writeFileSync(`${folder}/rows.csv`, ["row", ...Array(40).keys()].join("\n"));
  writeFileSync(
    `${folder}/plan.json`,
    JSON.stringify({
      name: "turns",
      chains,
      duration: "1s",
      preflight: false,
      workers: 3,
      limits: { sendLagP99Ms: 10_000, startSkewMs: 10_000 },
    }),
  );
  const ended = await volley(["run", `${folder}/plan.json`, "--out", folder, "--json"]);
  assert.equal(ended.code, 0, ended.stdout + ended.stderr);
  const expected = Array.from({ length: 40 }, (_, n) => `/${n % 10 === 5 ? "one" : "nine"}/${n}`);
  assert.deepEqual(seen.toSorted(), expected.toSorted());
});

test("the warm-up asks for other addresses than the measurement, and has other ids", async (t) => {
  const folder = temporaryFolder(t);
  const seen: string[] = [];
  const server = await answeringServer(t, (_, request) => {
    const body = request.split("\r\n\r\n")[1] ?? "";
    seen.push(body);
    return jsonResponse(`{"jsonrpc":"2.0","id":${JSON.parse(body).id},"result":"0x1"}`);
  });
  const body = { ...CALL, id: "{{id}}", params: ["{{randomAddress}}"] };
  const chains = [{ name: "a", rps: 20, targets: [{ url: server.origin, body }] }];
  const limits = { sendLagP99Ms: 10_000, startSkewMs: 10_000 };
  const plan = { name: "warm", chains, duration: "1s", warmup: "1s", preflight: false, workers: 2, limits };
  writeFileSync(`${folder}/plan.json`, JSON.stringify(plan));
  const ended = await volley(["run", `${folder}/plan.json`, "--out", folder, "--json"]);
  assert.equal(ended.code, 0, ended.stdout + ended.stderr);
  assert.equal(seen.length, 40);
  assert.equal(new Set(seen.map((text) => JSON.parse(text).id)).size, 40);
  assert.equal(new Set(seen.map((text) => JSON.parse(text).params[0])).size, 40);
});

test("a secret reaches the target and is written nowhere", async (t) => {
  const folder = temporaryFolder(t);
  const secret = "s3cret-4f1c0a";
  let authorized = 0;
  const server = await answeringServer(t, (_, request) => {
    if (request.includes(`\r\nAuthorization: Bearer ${secret}\r\n`)) authorized++;
    return jsonResponse('{"jsonrpc":"2.0","id":1,"result":"0x1"}');
  });
  const headers = { Authorization: "Bearer env://VOLLEY_TEST_TOKEN" };
  const plan = planInput(ORIGIN, {
    chains: [{ name: "ethereum", rps: 50, targets: [{ url: server.origin, headers, body: CALL }] }],
    duration: "1s",
  });
  mkdirSync(`${folder}/out`);
  writeFileSync(`${folder}/plan.json`, JSON.stringify(plan));
  const refused = await volley(["run", `${folder}/plan.json`, "--out", `${folder}/out`]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /env:\/\/VOLLEY_TEST_TOKEN/);
  const ended = await volley(["run", `${folder}/plan.json`, "--out", `${folder}/out`, "--json"], {
    VOLLEY_TEST_TOKEN: secret,
  });
  assert.equal(ended.code, 0, ended.stdout + ended.stderr);
  assert.equal(reportOf(`${folder}/out`, ended).total.ledger.valid, 50);
  assert.equal(authorized, 50);
  const files = readdirSync(`${folder}/out`, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  assert.ok(files.length > 5);
  for (const { parentPath, name } of files) {
    assert.ok(!readFileSync(`${parentPath}/${name}`, "utf8").includes(secret), `${name} holds the secret`);
  }
  assert.ok(!(ended.stdout + ended.stderr).includes(secret));
});
