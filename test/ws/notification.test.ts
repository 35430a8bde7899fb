import assert from "node:assert/strict";
import { test } from "node:test";
import type { Subscription } from "../../lib/plan/schema.ts";
import { readNotification } from "../../lib/ws/notification.ts";

const PARENT = `0x${"a".repeat(64)}`;
const HASH = `0x${"b".repeat(64)}`;
const OTHER = `0x${"c".repeat(64)}`;

/** A notification with its fields in a node's order; `space` is the indentation. */
function message(result: unknown, space = 0): Buffer {
  const params = { subscription: "0x9cef478923ff08bf67fde6c64013158d", result };
  return Buffer.from(JSON.stringify({ jsonrpc: "2.0", method: "eth_subscription", params }, undefined, space));
}

/** A header as geth writes it: other hashes first, its own last. */
const HEADER = {
  parentHash: PARENT,
  sha3Uncles: OTHER,
  miner: "0xbaf6dc2e647aeb6f510f9e318856a1bcd66c5e19",
  logsBloom: `0x${"0".repeat(512)}`,
  number: "0x1119dbd",
  timestamp: "0x64dd8cc3",
  mixHash: OTHER,
  nonce: "0x0000000000000000",
  baseFeePerGas: "0x3fb2a8c5f",
  withdrawalsRoot: OTHER,
  hash: HASH,
};

/** A log as geth writes it. */
const LOG = {
  address: "0x8320fe7702b96808f7bbc0d4a888ed1468216cfd",
  topics: [OTHER],
  data: "0x01",
  blockNumber: "0x29e87",
  transactionHash: OTHER,
  transactionIndex: "0x0",
  blockHash: HASH,
  logIndex: "0x5",
  removed: false,
};

const { hash: _, ...nameless } = HEADER;

const READ: [what: string, to: Subscription["to"], message: Buffer, expected: ReturnType<typeof readNotification>][] = [
  ["geth's header", "newHeads", message(HEADER), { key: HASH, order: 0x1119dbd, isRemoved: false }],
  ["a header with white space", "newHeads", message(HEADER, 2), { key: HASH, order: 0x1119dbd, isRemoved: false }],
  [
    "a header with the hash in capitals",
    "newHeads",
    message({ ...HEADER, hash: `0x${"B".repeat(64)}` }),
    { key: HASH, order: 0x1119dbd, isRemoved: false },
  ],
  [
    "a header without its own hash, among others",
    "newHeads",
    message(nameless),
    { key: undefined, order: 0x1119dbd, isRemoved: false },
  ],
  [
    "a number that is not exact in a double",
    "newHeads",
    message({ ...HEADER, number: "0x20000000000001" }),
    { key: HASH, order: undefined, isRemoved: false },
  ],
  ["geth's log", "logs", message(LOG), { key: `${HASH}/0x5`, order: 0x29e87, isRemoved: false }],
  [
    "a log that a reorganisation removed, with white space",
    "logs",
    message({ ...LOG, removed: true }, 2),
    { key: `${HASH}/0x5`, order: 0x29e87, isRemoved: true },
  ],
  [
    "a pending transaction's hash",
    "newPendingTransactions",
    message(HASH),
    { key: HASH, order: undefined, isRemoved: false },
  ],
  [
    "a whole pending transaction",
    "newPendingTransactions",
    message({ blockHash: null, from: LOG.address, hash: HASH, value: "0x0" }),
    { key: HASH, order: undefined, isRemoved: false },
  ],
  ["the response to a call", "newHeads", Buffer.from(`{"jsonrpc":"2.0","id":1,"result":"${HASH}"}`), undefined],
];

for (const [what, to, bytes, expected] of READ) {
  test(`a message is read for ${to}: ${what}`, () => {
    assert.deepEqual(readNotification(bytes, to), expected);
  });
}
