import assert from "node:assert/strict";
import { test } from "node:test";
import { renderText } from "../../lib/render/text.ts";
import { blockAgesReport } from "../../lib/report/blockAges.ts";
import type { SeriesSum } from "../../lib/results/seriesSum.ts";
import { runOneWorker } from "../support/oneWorker.ts";
import { checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";
import { answeringServer, jsonResponse } from "../support/servers.ts";

test("a full node refuses what is older than 128 blocks: the report separates it from recent blocks", async (t) => {
  const newest = 5_000;
  const asked = { recent: 0, older: 0 };
  const server = await answeringServer(t, (_, request) => {
    if (request.includes("eth_blockNumber")) return jsonResponse('{"jsonrpc":"2.0","id":1,"result":"0x1388"}');
    if (request.includes("eth_chainId")) return jsonResponse('{"jsonrpc":"2.0","id":1,"result":"0x1"}');
    const block = Number(/"params":\["0xab","(0x[0-9a-f]+)"\]/.exec(request)?.[1]);
    const age = newest - block < 128 ? "recent" : "older";
    asked[age]++;
    return jsonResponse(
      age === "recent"
        ? '{"jsonrpc":"2.0","id":1,"result":"0x1"}'
        : '{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"missing trie node"}}',
    );
  });
  const target = (method: string, params: unknown[]) => ({
    url: `${server.origin}/`,
    body: { jsonrpc: "2.0", id: 1, method, params },
  });
  const targets = [target("eth_getBalance", ["0xab", "{{blockNumber -255..0}}"]), target("eth_chainId", [])];
  const chains = [{ name: "node", rps: 200, targets }];
  const plan = checkedPlan("", { chains, duration: "1s", blockAges: true });
  const { series, sum } = await runOneWorker(plan, 1_500);
  const [recent, older] = blockAgesReport(sum) ?? [];
  assert.deepEqual([recent?.age, recent?.responses, recent?.success], ["recent", asked.recent, 1]);
  assert.deepEqual([older?.age, older?.responses, older?.success], ["older", asked.older, 0]);
  // A busy machine may miss some, but not all of either.
  assert.ok(asked.recent > 3 && asked.older > 3, JSON.stringify(asked));
  assert.ok(asked.recent + asked.older < sum.sent, "calls without a block are of no age");

  const change = (own: SeriesSum): void => {
    for (const each of series) own.add(each);
  };
  const text = renderText(madeReport({ plan, change }), false, 120);
  assert.match(text, new RegExp(`node +of the newest 128 +${asked.recent} +100 %`));
  assert.match(text, new RegExp(`node +older +${asked.older} +0 %`));
});

test("the ages of blocks that the plan names itself follow from the newest one, which the first target is asked for", async (t) => {
  const server = await answeringServer(t, (_, request) => {
    return jsonResponse(
      `{"jsonrpc":"2.0","id":1,"result":"${request.includes("eth_blockNumber") ? "0x1388" : "0x1"}"}`,
    );
  });
  const body = (block: string) => ({ jsonrpc: "2.0", id: 1, method: "eth_getBalance", params: ["0xab", block] });
  const targets = ["0x1387", "0x1"].map((block) => ({ url: `${server.origin}/`, body: body(block) }));
  const chains = [{ name: "node", rps: 100, targets }];
  const plan = checkedPlan("", { chains, duration: "500ms", blockAges: true });
  const { sum } = await runOneWorker(plan, 1_500);
  const ages = blockAgesReport(sum) ?? [];
  assert.deepEqual(
    ages.map(({ age }) => age),
    ["recent", "older"],
  );
  assert.equal(
    ages.reduce((count, { responses }) => count + responses, 0),
    sum.sent,
  );
});
