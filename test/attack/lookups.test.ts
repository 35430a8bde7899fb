import assert from "node:assert/strict";
import { test } from "node:test";
import { Lookups } from "../../lib/attack/lookups.ts";
import { HostGuard } from "../../lib/guard/hostGuard.ts";
import type { ConnectionOptions } from "../../lib/http/connection.ts";
import { moveTargets } from "../../lib/plan/load.ts";
import type { Chain } from "../../lib/plan/schema.ts";
import { secretReferences } from "../../lib/plan/secretReferences.ts";
import { renderText } from "../../lib/render/text.ts";
import { SeriesSum } from "../../lib/results/seriesSum.ts";
import { runOneWorker } from "../support/oneWorker.ts";
import { checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";
import { answeringServer, jsonResponse } from "../support/servers.ts";

const OPTIONS = { http: "1.1" as const, keepalive: true, timeoutMs: 1_000 };
const NEWEST = { jsonrpc: "2.0", id: 1, method: "eth_getBlockByNumber", params: ["latest", false] };
const RECEIPTS = { jsonrpc: "2.0", id: 1, method: "eth_getBlockReceipts", params: ["{{lookup.block}}"] };

function chains(url: string, lookup: object = {}, target: object = { body: RECEIPTS }): Record<string, unknown>[] {
  const lookups = { block: { body: NEWEST, pointer: "/result/hash", every: "100ms", ...lookup } };
  return [{ name: "node", rps: 50, targets: [{ url, ...target }], lookups }];
}

function lookupsOf(chain: Chain | undefined, options: ConnectionOptions = OPTIONS): Lookups {
  assert.ok(chain);
  return new Lookups(chain, { options, secret: (text) => text });
}

test("requests carry the newest block's hash, which the worker asks for beside them", {
  timeout: 20_000,
}, async (t) => {
  const asked: string[] = [];
  let block = 0;
  const server = await answeringServer(t, (_, request) => {
    if (request.includes("eth_getBlockReceipts")) {
      asked.push(/"params":\["(\w+)"\]/.exec(request)?.[1] ?? "");
      return jsonResponse('{"jsonrpc":"2.0","id":1,"result":[]}');
    }
    block++;
    return jsonResponse(`{"jsonrpc":"2.0","id":1,"result":{"hash":"0xb${block}"}}`);
  });
  const plan = checkedPlan("", { chains: chains(`${server.origin}/`), duration: "2s" });
  const { series } = await runOneWorker(plan, 1_500);
  const sum = new SeriesSum();
  for (const each of series) if (each.phase === "measure") sum.add(each);
  // A busy machine may miss some.
  assert.ok(asked.length > 20, `${asked.length}`);
  assert.deepEqual([sum.sent, sum.valid], [asked.length, asked.length], "the lookups are not among the requests");
  const hashes = [...new Set(asked)];
  assert.ok(hashes.length > 1, `${hashes}`);
  const numbers = hashes.map((hash) => Number(hash.slice(3)));
  assert.deepEqual(
    numbers.toSorted((a, b) => a - b),
    numbers,
    "an earlier block came after a later one",
  );
  assert.ok((sum.lookups.block?.new ?? 0) >= hashes.length - 1, JSON.stringify(sum.lookups));
});

test("a value that would split a request, or is very long, is not taken, and the one before it stays", async (t) => {
  const values = ["ok-1", "a\r\nX-Evil: 1", "a".repeat(1_025), "ok-2", "3"];
  const server = await answeringServer(t, () => {
    return jsonResponse(JSON.stringify({ jsonrpc: "2.0", id: 1, result: { hash: values.shift() } }));
  });
  const target = { headers: { "X-Block": "{{lookup.block}}" }, body: { ...RECEIPTS, params: [] } };
  const [chain] = checkedPlan("", { chains: chains(`${server.origin}/`, { every: "50ms" }, target) }).chains;
  const seen: unknown[] = [];
  const onCall = (_: string, outcome: string): number => seen.push([outcome, lookups.values.block]);
  const lookups: Lookups = lookupsOf(chain);
  await lookups.first();
  assert.equal(lookups.values.block, "ok-1");
  lookups.start(onCall);
  while (seen.length < 3) await new Promise((done) => setTimeout(done, 10));
  lookups.stop();
  assert.deepEqual(seen.slice(0, 3), [
    ["failed", "ok-1"],
    ["failed", "ok-1"],
    ["new", "ok-2"],
  ]);
});

test("a lookup whose call is still waiting is not called again", async (t) => {
  let calls = 0;
  const server = await answeringServer(t, () => {
    calls++;
    return calls === 1 ? jsonResponse('{"jsonrpc":"2.0","id":1,"result":{"hash":"0x1"}}') : undefined;
  });
  const [chain] = checkedPlan("", { chains: chains(`${server.origin}/`, { every: "50ms" }) }).chains;
  const lookups = lookupsOf(chain);
  await lookups.first();
  lookups.start(() => {});
  t.after(() => lookups.stop());
  while (calls < 2) await new Promise((done) => setTimeout(done, 10));
  await new Promise((done) => setTimeout(done, 500));
  assert.equal(calls, 2, "ten more turns were due");
});

test("a lookup that gives no value before the run ends it, with what was found instead", async (t) => {
  const server = await answeringServer(t, () => jsonResponse('{"jsonrpc":"2.0","id":1,"result":null}'));
  const [chain] = checkedPlan("", { chains: chains(`${server.origin}/`) }).chains;
  await assert.rejects(lookupsOf(chain).first(), /no value for \{\{lookup\.block\}\}: HTTP 200 without a string/);
});

test("a lookup that gives a value at the third call is enough for the run to begin", async (t) => {
  const results = ["null", "null", '{"hash":"0x1"}'];
  const server = await answeringServer(t, () => jsonResponse(`{"jsonrpc":"2.0","id":1,"result":${results.shift()}}`));
  const [chain] = checkedPlan("", { chains: chains(`${server.origin}/`) }).chains;
  const lookups = lookupsOf(chain);
  await lookups.first();
  assert.equal(lookups.values.block, "0x1");
});

test("a lookup's host must be allowed, in the plan and at the worker", async (t) => {
  const url = "http://gateway.example/";
  const other = { url: "http://elsewhere.example/" };
  assert.throws(
    () => checkedPlan("", { chains: chains(url, other), allowedHosts: ["gateway.example"] }),
    /elsewhere\.example/,
  );
  const server = await answeringServer(t, () => jsonResponse('{"result":{"hash":"0x1"}}'));
  const [chain] = checkedPlan("", { chains: chains(`${server.origin}/`) }).chains;
  const guard = new HostGuard({ allowed: [], loopback: false });
  await assert.rejects(lookupsOf(chain, { ...OPTIONS, guard }).first(), /forbidden-address/);
  assert.equal(server.connections, 0);
});

for (const [what, lookup, target, says] of [
  ["a host", {}, { url: "http://{{lookup.block}}/", body: RECEIPTS }, /a host that is known before the run/],
  ["an unknown name", {}, { body: { ...RECEIPTS, params: ["{{lookup.hash}}"] } }, /one of the chain's lookups: block/],
  ["a placeholder", { body: { ...NEWEST, params: ["{{randomHex 4}}"] } }, { body: RECEIPTS }, /without placeholders/],
] as const) {
  test(`a plan with ${what} in the wrong place of a lookup is refused`, () => {
    assert.throws(() => checkedPlan("", { chains: chains("http://127.0.0.1:1/", lookup, target) }), says);
  });
}

test("a lookup takes the URL and headers of the chain's first target, with its secrets, unless it has its own", () => {
  const target = { headers: { "X-Key": "env://KEY", "Accept-Encoding": "gzip" }, body: RECEIPTS };
  const [inherited] = checkedPlan("", { chains: chains("http://127.0.0.1:1/v1", {}, target) }).chains;
  const [own] = inherited?.lookups ?? [];
  assert.deepEqual(
    [own?.url, own?.headers],
    [
      "http://127.0.0.1:1/v1",
      [
        ["X-Key", "env://KEY"],
        ["Content-Type", "application/json"],
      ],
    ],
  );
  const [apart] = checkedPlan("", {
    chains: chains("http://127.0.0.1:1/", { url: "http://127.0.0.1:2/" }, target),
  }).chains;
  assert.deepEqual(apart?.lookups?.[0]?.headers, [["Content-Type", "application/json"]]);
});

test("a lookup goes where --target says, its secrets are known, and the stand-in gateway takes none", () => {
  const own = { url: "http://127.0.0.1:2/v1", headers: { "X-Key": "env://LOOKUP" } };
  const plan = checkedPlan("", { chains: chains("http://127.0.0.1:1/", own) });
  assert.deepEqual([...secretReferences(plan)], [["env://LOOKUP", "$.chains[0].lookups.block"]]);
  moveTargets(plan, "http://127.0.0.1:3");
  assert.equal(plan.chains[0]?.lookups?.[0]?.url, "http://127.0.0.1:3/v1");
  assert.throws(
    () => checkedPlan("", { chains: chains("http://127.0.0.1:1/"), gateway: {} }),
    /the stand-in gateway would count its calls as the run's/,
  );
});

test("the report shows how many calls of a lookup gave a new value, and how many failed", () => {
  const plan = checkedPlan("", { chains: chains("http://127.0.0.1:1/") });
  const report = madeReport({
    plan,
    change: (sum) => {
      sum.lookups.block = { new: 3, same: 1_200, failed: 2 };
    },
  });
  assert.deepEqual(report.chains[0]?.lookups, [{ name: "block", calls: 1_205, values: 3, failed: 2 }]);
  assert.match(
    renderText(report, false, 120),
    /chain +lookup +calls +new values +failed\n─+\nnode +block +1,205 +3 +2\n/,
  );
});
