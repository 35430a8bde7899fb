import assert from "node:assert/strict";
import { test } from "node:test";
import type { Target } from "../../lib/plan/schema.ts";
import { targetNames } from "../../lib/report/targetNames.ts";

function target(url: string, changes: Partial<Target> = {}): Target {
  const body = '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}';
  return { method: "POST", url, headers: [], body, weight: 1, ...changes };
}

const URL = "https://gateway.example/api/gateway?endpoint=";

const ROWS: [what: string, targets: Target[], names: string[]][] = [
  [
    "targets that call the same are told apart by where their URLs differ",
    [target(`${URL}ETH`), target(`${URL}BOBA`), target(`${URL}ETH`, { body: '{"method":"eth_call"}' })],
    ["eth_blockNumber endpoint=ETH", "eth_blockNumber endpoint=BOBA", "eth_call"],
  ],
  [
    "the plan's names come first",
    [target(`${URL}ETH`, { name: "height" }), target(`${URL}BOBA`)],
    ["height", "eth_blockNumber"],
  ],
  [
    "hosts",
    [target("https://a.example/"), target("https://b.example/")],
    ["eth_blockNumber a.example", "eth_blockNumber b.example"],
  ],
  [
    "paths",
    [target("https://a.example/eth/v1"), target("https://a.example/boba/v1")],
    ["eth_blockNumber /eth", "eth_blockNumber /boba"],
  ],
  [
    "nothing that may be a key is shown",
    [
      target("https://a.example/v2/8f3a9c0d1e2b4f5a6c7d8e9f?apikey=s3cret"),
      target("https://a.example/v2/0a1b2c3d4e5f60718293a4b5?apikey=0ther"),
    ],
    ["eth_blockNumber #1", "eth_blockNumber #2"],
  ],
  ["the same twice", [target(`${URL}ETH`), target(`${URL}ETH`)], ["eth_blockNumber #1", "eth_blockNumber #2"]],
  [
    "two of one name",
    [target(`${URL}A`, { name: "x" }), target(`${URL}B`, { name: "x" })],
    ["x endpoint=A", "x endpoint=B"],
  ],
];

for (const [what, targets, names] of ROWS) {
  test(what, () => assert.deepEqual(targetNames(targets), names));
}
