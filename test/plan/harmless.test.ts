import assert from "node:assert/strict";
import { test } from "node:test";
import { harmless } from "../../lib/plan/harmless.ts";
import type { Target } from "../../lib/plan/schema.ts";

const TARGET: Target = { method: "POST", url: "http://127.0.0.1/", headers: [["X-Key", "k"]], weight: 1 };
const call = (method: string): string => JSON.stringify({ jsonrpc: "2.0", method, params: ["0x0"], id: 1 });
const sent = (changes: Partial<Target>, dataOrder: "cycle" | "once" = "cycle") =>
  harmless({ ...TARGET, ...changes }, { dataOrder });

test("a call that reads is sent as it is", () => {
  const reads = `eth_blockNumber eth_chainId eth_getLogs eth_call eth_estimateGas eth_createAccessList eth_gasPrice
    eth_feeHistory eth_maxPriorityFeePerGas eth_blobBaseFee net_version web3_clientVersion web3_sha3 eth_syncing
    debug_traceTransaction trace_block txpool_status getBalance simulateTransaction eth_accounts bor_getAuthor`;
  for (const method of reads.split(/\s+/)) {
    assert.deepEqual(
      sent({ body: call(method) }),
      { target: { ...TARGET, body: call(method) }, isReplaced: false },
      method,
    );
  }
  for (const method of ["GET", "HEAD", "OPTIONS"]) assert.equal(sent({ method, expect: "http" }).isReplaced, false);
});

test("a call that may write gives way to one that only reads, with the target's own URL and headers", () => {
  const writes = `eth_sendRawTransaction eth_sendTransaction eth_sendBundle eth_sendUserOperation eth_sign eth_submitWork
    personal_unlockAccount admin_addPeer miner_start engine_forkchoiceUpdatedV3 evm_mine anvil_setBalance debug_setHead
    sendTransaction requestAirdrop author_submitExtrinsic issueAsset eth_subscribe {{data.method}} anvil_getX`;
  for (const method of writes.split(/\s+/)) {
    const { target, isReplaced } = sent({ body: call(method) });
    assert.ok(isReplaced, method);
    assert.deepEqual([target.url, target.headers, target.method], [TARGET.url, TARGET.headers, "POST"]);
    assert.match(target.body ?? "", /"method":"net_version"/);
  }
  const batch = `[${call("eth_chainId")},${call("eth_sendRawTransaction")}]`;
  assert.ok(sent({ body: batch }).isReplaced, "one of a batch is enough");
  assert.ok(sent({ body: call("eth_call").replace('"method"', '"m\\u0065thod"') }).isReplaced, "an escaped key");
});

test("a request of plain HTTP that may write becomes HEAD, without a body", () => {
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "PURGE"]) {
    const { target, isReplaced } = sent({ method, expect: "http", body: "x", headers: [["Content-Length", "1"]] });
    assert.deepEqual([isReplaced, target.method, target.body, target.headers], [true, "HEAD", undefined, []]);
  }
});

test("what takes a row that is used only once is replaced", () => {
  assert.ok(sent({ body: call("eth_call") }, "once").isReplaced);
});
