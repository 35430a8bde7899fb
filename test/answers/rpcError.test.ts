import assert from "node:assert/strict";
import { test } from "node:test";
import { classOf, faultOf } from "../../lib/answers/classes.ts";
import { valueEnd } from "../../lib/answers/json.ts";
import { classifyError, type RpcError, readError } from "../../lib/answers/rpcError.ts";

function read(error: unknown): RpcError {
  const bytes = Buffer.from(typeof error === "string" ? error : JSON.stringify(error));
  return readError(bytes, { from: 0, to: valueEnd(bytes, 0) });
}

/** What gateways and nodes say, each in its own way. */
const rows: [classified: string, code: unknown, message: string][] = [
  ["rpc-rate-limited", -32_005, "limit exceeded"],
  ["rpc-rate-limited", -32_005, "project ID request rate exceeded"],
  ["rpc-rate-limited", 429, "Your app has exceeded its compute units per second capacity."],
  ["rpc-rate-limited", "429", "slow down"],
  ["rpc-rate-limited", -32_007, "25/second request limit reached - reduce calls per second or upgrade"],
  ["rpc-rate-limited", -32_016, "sender is over rate limit"],
  ["rpc-rate-limited", -32_029, "limit"],
  ["rpc-rate-limited", -32_090, "Too many requests, reason: call rate limit exhausted, retry in 10s"],
  ["rpc-rate-limited", -32_097, "exhausted"],
  ["rpc-rate-limited", -32_011, "daily request limit reached"],
  ["rpc-rate-limited", -32_000, "Too Many Requests"],
  ["rpc-rate-limited", -32_000, "This request has been rate limited."],
  ["rpc-rate-limited", -32_600, "monthly capacity limit exceeded"],
  ["rpc-rate-limited", 15, "request was throttled"],
  ["rpc-rate-limited", -32_012, "credits limited to 6000/sec"],
  ["rpc-rate-limited", -32_000, '429 Too Many Requests: {"code":-32016,"message":"over rate limit"}'],
  ["rpc-rate-limited", 15, "Too many request, try again later"],
  ["rpc-rate-limited", -32_429, "rate"],
  ["rpc-rate-limited", -32_000, "max usage reached"],
  ["rpc-rate-limited", -32_000, "You've exceeded the RPS limit available on the current plan."],
  ["rpc-rate-limited", -32_033, "Too many concurrent requests"],
  ["rpc-transaction-refused", -32_007, "Sender account not authorized to send transactions"],
  ["rpc-transaction-refused", -32_005, "Transaction gas limit exceeds block gas limit"],
  ["rpc-query-too-large", -32_005, "query returned more than 10000 results"],
  ["rpc-query-too-large", -32_005, "Requested range exceeds maximum RPC range limit"],
  ["rpc-query-too-large", -32_005, "Number of requests exceeds max batch size"],
  ["rpc-query-too-large", -32_005, "response size should not be greater than 150000000 bytes"],
  ["rpc-query-too-large", -32_000, "exceed maximum block range: 5000"],
  ["rpc-query-too-large", -32_614, "eth_getLogs is limited to a 10,000 range"],
  ["rpc-query-too-large", 35, "ranges over 10000 blocks are not supported on freetier"],
  ["rpc-query-too-large", -32_000, "Maximum allowed number of requested blocks is 1000"],
  ["rpc-query-too-large", -32_005, "please limit the query to at most 1000 blocks"],
  ["rpc-query-too-large", -32_000, "logs matched by query exceeds limit of 10000"],
  ["rpc-query-too-large", -32_000, "query must be smaller than size 1024"],
  ["rpc-query-too-large", -32_005, "maximum [from, to] blocks distance: 1000"],
  ["rpc-query-too-large", -32_000, "response size should not greater than 10000000 bytes"],
  ["rpc-query-too-large", -32_000, "exceed max topics"],
  ["rpc-node-behind", -32_005, "Node is behind by 42 slots"],
  ["rpc-node-behind", -32_007, "Slot 123 was skipped, or missing due to ledger jump to recent snapshot"],
  ["rpc-node-behind", -32_016, "Minimum context slot has not been reached"],
  ["rpc-server-error", -32_011, "no backend is currently healthy to serve traffic"],
  ["rpc-server-error", -32_000, "batch limit 50 exceeded"],
  ["rpc-transaction-refused", -32_000, "gas required exceeds allowance (50000000)"],
  ["rpc-transaction-refused", -32_000, "exceeds block gas limit"],
  ["rpc-transaction-refused", -32_000, "nonce too low: next nonce 5, tx nonce 4"],
  ["rpc-transaction-refused", -32_000, "err: intrinsic gas too low: have 1, want 21000 (supplied gas 1)"],
  [
    "rpc-transaction-refused",
    -32_000,
    "failed with 11511229 gas: insufficient funds for gas * price + value: address 0xaa have 0 want 7",
  ],
  ["rpc-transaction-refused", -32_000, "replacement transaction underpriced"],
  ["rpc-transaction-refused", -32_000, "transaction type not supported"],
  ["rpc-transaction-refused", -32_003, "already known"],
  ["rpc-invalid-params", -32_000, "invalid block range params"],
  ["rpc-invalid-params", -32_000, "invalid reward percentile: #0:50.000000 >= #1:20.000000"],
  ["rpc-invalid-params", -32_000, "invalid argument 0: hex string has length 2, want 64 for common.Hash"],
  ["rpc-error", -39_000, "nonce too low"],
  ["rpc-server-error", -32_000, "missing trie node 00ab (path ) state is not available"],
  ["rpc-server-error", -32_000, "header not found"],
  ["rpc-query-too-large", -32_008, "Response is too big"],
  ["rpc-query-too-large", -32_003, "response too large"],
  ["rpc-query-too-large", -32_000, "logs limit exceeded: max 10000"],
  ["rpc-rate-limited", -32_000, "Rate exceeded"],
  ["rpc-rate-limited", -32_000, "your request rate is too high"],
  ["rpc-revert", -32_000, "REVERT opcode executed"],
  ["rpc-revert", -32_015, "revert: no"],
  ["rpc-revert", -32_000, "Reverted 0x08c379a0"],
  ["rpc-transaction-refused", -32_010, "Transaction with the same hash was already imported."],
  ["rpc-transaction-refused", -32_010, "Transaction gas price is too low"],
  ["rpc-server-error", -32_002, "request timed out"],
  ["rpc-revert", 3, "execution reverted: ERC20: transfer amount exceeds balance"],
  ["rpc-revert", 3, "m"],
  ["rpc-revert", -32_000, "execution reverted"],
  ["rpc-revert", -32_000, "Execution reverted (a message with the rate limit of a contract)"],
  ["rpc-revert", -32_015, "VM execution error."],
  ["rpc-revert", -32_603, "Error: VM Exception while processing transaction: reverted with reason string 'no'"],
  ["rpc-revert", -32_016, "The execution failed due to an exception."],
  ["rpc-revert", -32_603, "Error: Transaction reverted: function call to a non-contract account"],
  ["rpc-revert", 1, "message execution failed (exit=[33], revert reason=[0x], vm error=[none])"],
  ["rpc-revert", -32_008, "CONTRACT_REVERT_EXECUTED"],
  ["rpc-parse-error", -32_700, "parse error"],
  ["rpc-invalid-request", -32_600, "range over 10000 blocks"],
  ["rpc-method-not-found", -32_601, "the method foo does not exist/is not available"],
  ["rpc-invalid-params", -32_602, "too many arguments, want at most 1"],
  ["rpc-internal-error", -32_603, "all upstreams failed"],
  ["rpc-error", -39_000, "what?"],
  ["rpc-error", 1.5, "what?"],
];

for (const [classified, code, message] of rows) {
  test(`${code}, ${message}: ${classified}`, () => {
    assert.equal(classifyError(read({ code, message })), classified);
    assert.ok(classOf(classified));
  });
}

/** What nodes say of a transaction that they refuse, for the same few reasons. Most of it stands in chainlink's tests. */
const REFUSALS: Record<string, readonly string[]> = {
  geth: [
    "insufficient balance for transfer",
    "max priority fee per gas higher than max fee per gas: address 0xaa, maxPriorityFeePerGas: 2, maxFeePerGas: 1",
    "only replay-protected (EIP-155) transactions allowed over RPC",
    "sender not an eoa: address 0xaa, codehash: 0xbb",
    "insufficient gas for floor data gas cost: have 21000, want 21040",
    "oversized data: transaction size 138074, limit 131072",
    "gas uint64 overflow",
    "transaction gas price below minimum: gas tip cap 25000000000 wei, minimum needed 26000000000 wei",
    "known transaction: 0x7f65",
    "in-flight transaction limit reached for delegated accounts",
  ],
  Besu: [
    "Upfront cost exceeds account balance",
    "Gas price below configured minimum gas price",
    "Intrinsic gas exceeds gas limit",
    "Transaction fee cap exceeded",
    "Known transaction",
    "Incorrect nonce",
    "Wrong chainId",
    "ChainId is required",
    "Invalid signature",
  ],
  Nethermind: [
    "OldNonce, Current nonce: 22, nonce of rejected tx: 17",
    "NonceGap, Future nonce. Expected nonce: 10",
    "OwnNonceAlreadyUsed",
    "AlreadyKnown",
    "FeeTooLow, MaxFeePerGas too low. MaxFeePerGas: 50, BaseFee: 100",
    "FeeTooLowToCompete",
    "InsufficientFunds, Account balance: 4740799397601480913, cumulative cost: 22019342038993800000",
    "GasLimitExceeded, Gas limit: 100, gas limit of rejected tx: 150",
    "SenderIsContract",
    "Int256Overflow",
    "wrong transaction nonce",
    "miner premium is negative",
    "insufficient MaxFeePerGas for sender balance",
  ],
  OpenEthereum: [
    "Transaction nonce is too low. Try incrementing the nonce.",
    "Insufficient balance for transaction. Balance=100.25, Cost=200.50",
    "Transaction gas is too low. There is not enough gas to cover minimal cost of the transaction",
    "Transaction cost exceeds current gas limit. Limit: 50, got: 100. Try decreasing supplied gas.",
    "Supplied gas is beyond limit.",
    "Transaction is too big, see chain specification for the limit.",
    "Transaction is not permitted.",
    "Invalid RLP data: x",
  ],
  others: [
    "there is another tx which has the same nonce in the tx pool",
    "not enough funds for gas",
    "transaction would cause overdraft",
    "gas price less than block base fee",
    "Gas price '830000000000' is below configured minimum gas price '950000000000'",
    "submit transaction to pool failed: Pool(Stale)",
    "failed to validate the transaction. reason: Validation revert: Account validation error: Not enough gas",
    "Failed to serialize transaction: max fee per gas higher than 2^64-1",
    "tx already exists in cache",
    "Tx too large. Max size is 2048576, but got 2097431",
    "insufficient fee",
    "Gas limit too low",
    "Transaction simulation failed: Blockhash not found",
    "Transaction signature verification failure",
  ],
};

for (const [node, messages] of Object.entries(REFUSALS)) {
  test(`a transaction that is refused is the request's fault, as ${node} say it`, () => {
    for (const message of messages) {
      assert.equal(classifyError({ code: -32_000, message }), "rpc-transaction-refused", message);
    }
  });
}

test("a node that has no room, no peers or no time for a transaction is the upstream's fault", () => {
  for (const message of [
    "There are too many transactions in the queue. Your transaction was dropped due to limit. Try increasing the fee.",
    "sequencer pending tx pool full, please try again",
    "failed to fetch the nonce: context deadline exceeded",
    "no peers available",
    "transaction indexing is in progress",
  ]) {
    assert.equal(classifyError({ code: -32_000, message }), "rpc-server-error", message);
  }
});

test("a gateway's own codes are rate limits where the plan says so", () => {
  assert.equal(classifyError({ code: -32_055, message: "m" }), "rpc-server-error");
  assert.equal(classifyError({ code: -32_055, message: "m" }, [-32_055]), "rpc-rate-limited");
});

test("an error may be a text, or anything else", () => {
  assert.deepEqual(read('"Core is too busy"'), { message: "Core is too busy" });
  assert.equal(classifyError(read('"over the rate limit"')), "rpc-rate-limited");
  for (const other of ["true", "7", "[]", "{}", "[".repeat(50_000) + "]".repeat(50_000)]) {
    assert.equal(classifyError(read(other)), "rpc-error", other.slice(0, 10));
  }
});

test("of a message no more than its beginning is read", () => {
  const error = read({ code: -32_000, message: `${"x".repeat(1_000_000)} rate limit` });
  assert.ok(error.message.length < 3_000);
  assert.equal(classifyError(error), "rpc-server-error");
});

test("whose fault an error is", () => {
  assert.equal(faultOf("rpc-rate-limited"), "gateway");
  assert.equal(faultOf("rpc-query-too-large"), "request");
  assert.equal(faultOf("rpc-node-behind"), "upstream");
});

test("an error is read as what its members are: a code of whole digits, a text as message, of a long one the beginning", () => {
  assert.deepEqual(read({ data: "x", code: -32_000, message: "m" }), { code: -32_000, message: "m" });
  assert.deepEqual(read({}), { message: "" });
  assert.deepEqual(read({ cods: 1, edoc: 2, messagf: "x", kode: 3 }), { message: "" }, "names as long as these two");
  for (const code of ["x1", "1x", "", 1.5, true, null, [1], "--1", 1_234_567_890_123]) {
    assert.equal(read({ code, message: "m" }).code, undefined, JSON.stringify(code));
  }
  assert.equal(read({ code: "429", message: "m" }).code, 429);
  assert.deepEqual(read({ code: 1, message: { a: 1 } }), { code: 1, message: "" });
  assert.deepEqual(read('"só \\"nein\\""'), { message: 'só "nein"' });
  assert.deepEqual(read("[1]"), { message: "" });
  const long = "é".repeat(3_000);
  const { message } = read({ message: long });
  assert.ok(message.length > 900 && long.startsWith(message.slice(0, 900)), `${message.length} characters`);
  const fits = "a".repeat(2_046);
  assert.equal(read({ message: fits }).message, fits);
});

test("a code decides only within the server's range; the ends of the range belong to it", () => {
  assert.equal(classifyError({ code: -32_099, message: "?" }), "rpc-server-error");
  assert.equal(classifyError({ code: -32_000, message: "?" }), "rpc-server-error");
  assert.equal(classifyError({ code: -32_100, message: "?" }), "rpc-error");
  assert.equal(classifyError({ code: -31_999, message: "nonce too low" }), "rpc-error");
  assert.equal(classifyError({ message: "NONCE too low" }), "rpc-error", "without a code it is no server's");
  assert.equal(classifyError({ code: -32_000, message: "NONCE TOO LOW" }), "rpc-transaction-refused");
  assert.equal(classifyError({ code: -32_000, message: "an invalid address book" }), "rpc-server-error");
  assert.equal(classifyError({ code: 7, message: "?" }, [7]), "rpc-rate-limited");
});
