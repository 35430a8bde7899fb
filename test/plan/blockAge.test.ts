import assert from "node:assert/strict";
import { test } from "node:test";
import { blockAgeOf, takesBlock } from "../../lib/plan/blockAge.ts";

const NEWEST = 1_000;
const HASH = `0x${"ab".repeat(32)}`;
const call = (method: string, ...params: unknown[]): string =>
  JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
const hex = (block: number): string => `0x${block.toString(16)}`;

for (const [what, body, age] of [
  ["the oldest block of the newest 128", call("eth_call", {}, hex(NEWEST - 127)), "recent"],
  ["the block before it", call("eth_call", {}, hex(NEWEST - 128)), "older"],
  ["a block after the newest one", call("eth_getBalance", "0xab", hex(NEWEST + 3)), "recent"],
  ["a tag", call("eth_getStorageAt", "0xab", "0x0", "finalized"), "recent"],
  ["the first block", call("eth_getBlockByNumber", "earliest", false), "older"],
  ["no block, which means the newest", call("eth_call", {}), "recent"],
  ["a number in an object (EIP-1898)", call("eth_getCode", "0xab", { blockNumber: hex(5) }), "older"],
  ["a hash in an object", call("eth_getCode", "0xab", { blockHash: HASH }), undefined],
  ["a hash", call("eth_getBlockReceipts", HASH), undefined],
  ["logs from an old block on", call("eth_getLogs", { fromBlock: hex(2), toBlock: "latest" }), "older"],
  ["logs without a first block", call("eth_getLogs", { address: "0xab" }), "recent"],
  ["logs of a block's hash", call("eth_getLogs", { blockHash: HASH }), undefined],
  ["a method without a block", call("eth_getTransactionByHash", HASH), undefined],
  ["a batch", `[${call("eth_call", {}, hex(1))}]`, undefined],
  ["no JSON", "eth_call", undefined],
] as const) {
  test(`the age of ${what}: ${age ?? "none"}`, () => {
    assert.equal(blockAgeOf(body, NEWEST), age);
  });
}

test("a body that calls no method with a block needs no newest block", () => {
  assert.equal(takesBlock(call("eth_chainId")), false);
  assert.equal(takesBlock(call("trace_block", "0x1")), true);
});
