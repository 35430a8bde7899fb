import assert from "node:assert/strict";
import { test } from "node:test";
import { startNullServers } from "../../lib/attack/nullServers.ts";
import { oneExchange } from "../../lib/attack/oneExchange.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";
import { prepared } from "../support/prepared.ts";

const CALL = '{"jsonrpc":"2.0","id":77,"method":"eth_blockNumber","params":[]}';

for (const [scheme, http] of [
  ["http", "1.1"],
  ["https", "1.1"],
  ["https", "2"],
] as const) {
  test(`the null server for ${scheme} and HTTP/${http} answers with the call's id`, async (t) => {
    const url = `${scheme}://127.0.0.1:1`;
    const plan = checkedPlan(url, { chains: [chainInput("ethereum", 10, url)], http });
    const servers = await startNullServers(plan);
    assert.ok(servers);
    t.after(() => servers.close());
    const target = { method: "POST", url: `${servers.originFor(url)}/`, headers: [], body: CALL, weight: 1 };
    const options = { http, keepalive: true, timeoutMs: 5_000, secure: servers.secure };
    const { outcome } = await oneExchange(prepared(target), options);
    assert.ok("body" in outcome, JSON.stringify(outcome));
    assert.equal(outcome.status, 200);
    assert.deepEqual(JSON.parse(outcome.body.toString()), { jsonrpc: "2.0", id: 77, result: "0x1312d00" });
  });
}
