import assert from "node:assert/strict";
import { test } from "node:test";
import { type Demands, demandsOf, expectedOf } from "../../lib/answers/expected.ts";
import { judgeResponse } from "../../lib/answers/jsonrpc.ts";
import type { Chain, Target } from "../../lib/plan/schema.ts";

const call = (method: string, id: unknown = 1): object => ({
  jsonrpc: "2.0",
  method,
  params: [],
  ...(id !== undefined && { id }),
});
const result = (value: unknown, id: unknown = 1): object => ({ jsonrpc: "2.0", id, result: value });
const error = (code: number, message: string, id: unknown = 1): object => ({
  jsonrpc: "2.0",
  id,
  error: { code, message },
});

function judge(request: unknown, answer: unknown, demands: Demands = {}, status = 200) {
  const text = typeof answer === "string" ? answer : JSON.stringify(answer);
  return judgeResponse(status, Buffer.from(text), expectedOf(JSON.stringify(request), [], demands));
}

const BLOCK = call("eth_blockNumber");

test("a block that an answer names as the newest is told, where it is of interest and asked for", () => {
  const blocks = { blocks: true };
  assert.deepEqual(judge(BLOCK, result("0x10"), blocks), { name: "valid", blocks: [16] });
  assert.deepEqual(judge(BLOCK, { id: 1, jsonrpc: "2.0", result: "0xABCDEF" }, blocks).blocks, [0xabcdef]);
  assert.equal(judge(BLOCK, result("0x10")).blocks, undefined, "nobody asks for stale blocks");
  assert.equal(judge(call("eth_chainId"), result("0x10"), blocks).blocks, undefined, "that is no block");
  for (const value of ["10", "0x", "0xg", "0x10 ", "0x12345678901234", 16, null, { a: "0x10" }]) {
    assert.equal(judge(BLOCK, result(value), blocks).blocks, undefined, JSON.stringify(value));
  }
  const checks = [{ pointer: "/result", matches: "^0x1" }];
  assert.deepEqual(judge(BLOCK, result("0x10"), { ...blocks, checks }).blocks, [16], "a check does not hide it");
  assert.deepEqual(judge(BLOCK, result("0x20"), { ...blocks, checks }), { name: "check-failed" });
});

test("a batch names the blocks of all its parts that ask for one", () => {
  const batch = [call("eth_blockNumber", 1), call("eth_chainId", 2), call("eth_blockNumber", 3)];
  const answers = [result("0x5", 3), result("0x1", 2), result("0x4", 1)];
  assert.deepEqual(judge(batch, answers, { blocks: true }), { name: "valid", blocks: [4, 5] });
  assert.equal(judge(batch, answers).blocks, undefined);
  const revert = [...answers.slice(0, 1), error(3, "execution reverted", 2), ...answers.slice(2)];
  const verdict = judge(batch, revert, { blocks: true });
  assert.deepEqual([verdict.name, verdict.blocks], ["answer-revert", [4, 5]]);
});

test("what a target says goes before what its chain says", () => {
  const target = { accept: { null: true }, checks: [{ pointer: "/result" }], expect: "json-rpc" } as unknown as Target;
  const chain = { accept: { revert: false }, rateLimitCodes: [7], staleBlocks: 2 } as unknown as Chain;
  assert.deepEqual(demandsOf(target, chain), {
    expect: "json-rpc",
    checks: [{ pointer: "/result" }],
    accept: { null: true },
    rateLimitCodes: [7],
    blocks: true,
  });
  assert.deepEqual(demandsOf({} as Target, chain).accept, { revert: false });
  assert.equal(demandsOf({} as Target, { staleBlocks: 0 } as Chain).blocks, true, "0 asks for the newest alone");
  const none = { expect: undefined, checks: undefined, accept: undefined, rateLimitCodes: undefined, blocks: false };
  assert.deepEqual(demandsOf({} as Target, {} as Chain), none);
});

test("a null is an answer by its method, by the plan, or by a check that asks for null and for nothing else", () => {
  const nothing = result(null);
  const name = (method: string, demands: Demands = {}) => judge(call(method), nothing, demands).name;
  for (const method of [
    "eth_getTransactionReceipt",
    "eth_getTransactionByHash",
    "eth_getRawTransactionByHash",
    "eth_getHeaderByHash",
    "eth_getBlockTransactionCountByHash",
    "eth_getUncleCountByBlockHash",
    "eth_getUserOperationReceipt",
    "ots_getContractCreator",
    "zks_getTransactionDetails",
    "trace_get",
    "state_getStorage",
    "gettxout",
  ])
    assert.equal(name(method), "answer-null", method);
  for (const method of [
    "eth_getTransactionReceipts",
    "eth_getBlockByNumber",
    "eth_getUncleCountByBlockNumber",
    "xeth_getTransactionReceipt",
    "eth_call",
  ])
    assert.equal(name(method), "null-result", method);
  assert.equal(name("eth_call", { accept: { null: true } }), "answer-null");
  assert.equal(name("eth_getTransactionReceipt", { accept: { null: false } }), "null-result");
  assert.equal(name("eth_call", { checks: [{ pointer: "/result", equals: null }] }), "answer-null");
  assert.equal(name("eth_call", { checks: [{ pointer: "/id", equals: null }] }), "null-result");
  assert.equal(name("eth_call", { checks: [{ pointer: "/result", equals: 1 }] }), "null-result");
  const both = [
    { pointer: "/result", equals: null },
    { pointer: "/id", equals: 2 },
  ];
  assert.equal(name("eth_call", { checks: both }), "null-result", "and every check must pass");
  assert.equal(judge(call("eth_call"), { ...nothing, id: 9 }, { accept: { null: true } }).name, "id-mismatch");
});

test("an error is an answer by its code, or by checks of the error that pass", () => {
  const refused = error(-32_001, "no");
  const name = (demands: Demands, answer: object = refused) => judge(call("m"), answer, demands).name;
  assert.equal(name({}), "rpc-server-error");
  assert.equal(name({ accept: { codes: [-32_001] } }), "answer-code");
  assert.equal(name({ accept: { codes: [-32_002] } }), "rpc-server-error");
  assert.equal(name({ checks: [{ pointer: "/error", exists: true }] as never }), "answer-code");
  assert.equal(name({ checks: [{ pointer: "/error/code", equals: -32_001 }] }), "answer-code");
  assert.equal(name({ checks: [{ pointer: "/error/code", equals: -32_002 }] }), "rpc-server-error");
  assert.equal(
    name({ checks: [{ pointer: "/errors", exists: false }] as never }),
    "rpc-server-error",
    "another member",
  );
  const reverted = error(3, "execution reverted");
  assert.equal(name({}, reverted), "answer-revert");
  assert.equal(name({ accept: { revert: false } }, reverted), "rpc-revert");
  assert.equal(
    name({ accept: { revert: false }, checks: [{ pointer: "/error/code", equals: 3 }] }, reverted),
    "answer-revert",
  );
  assert.equal(
    name({ checks: [{ pointer: "/result", equals: 1 }] }, reverted),
    "rpc-revert",
    "a check of the result asks for one",
  );
  assert.equal(
    name({ accept: { revert: true }, checks: [{ pointer: "/result", equals: 1 }] }, reverted),
    "answer-revert",
  );
  assert.equal(name({ rateLimitCodes: [-32_001] }), "rpc-rate-limited");
  assert.equal(judge(call("m"), { ...refused, id: 9 }).name, "rpc-server-error", "a refusal is one whatever its id");
  assert.equal(judge(call("m"), { ...reverted, id: 9 }).name, "id-mismatch");
});

test("a target that is no JSON-RPC is judged by its status, and by checks of a body that is one JSON value", () => {
  const name = (answer: string, demands: Demands = {}, status = 200) =>
    judge({}, answer, { expect: "http", ...demands }, status).name;
  assert.equal(name("<html>"), "valid");
  assert.equal(name("", {}, 299), "valid");
  assert.equal(name("", {}, 300), "http-300");
  assert.equal(name("", {}, 404), "http-404");
  assert.equal(name("", { accept: { status: [404] } }, 404), "answer-status");
  assert.equal(name('{"error":{"code":-32601,"message":"m"}}', {}, 400), "http-400", "it is no JSON-RPC");
  const checks = [
    { pointer: "/a", equals: 1 },
    { pointer: "/b", equals: 2 },
  ];
  assert.equal(name(' {"a":1,"b":2} ', { checks }), "valid");
  assert.equal(name('{"a":1,"b":3}', { checks }), "check-failed");
  assert.equal(name('{"a":1,"b":2}x', { checks }), "invalid-json");
  assert.equal(name('{"a":1', { checks }), "invalid-json");
  assert.equal(name("", { checks }), "empty-body");
});

test("notifications ask for no answer: nothing is right, and in a batch they are not missed", () => {
  const note = { jsonrpc: "2.0", method: "n" };
  assert.equal(judge(note, "").name, "valid");
  assert.equal(judge(call("m"), "").name, "empty-body");
  assert.equal(judge([note, call("m", 1)], "").name, "empty-body");
  assert.equal(judge([note, note], " ").name, "valid");
  assert.equal(judge([note, call("m", 1)], [result(1)]).name, "valid");
  assert.equal(
    judge([note, call("m", 1)], [result(1), result(1, null)]).name,
    "valid",
    "an answer to one is none too many",
  );
  assert.equal(judge([note, call("m", 1)], [result(1), result(1, 7)]).name, "batch-extra");
  assert.equal(judge([call("m", 1)], [result(1), result(1, 7)]).name, "batch-extra");
  assert.equal(judge([call("m", 1)], [result(1), result(1)]).name, "batch-extra");
});

test("the first error of a batch counts before what is missing or wrong, and that before answers", () => {
  const batch = [1, 2, 3].map((id) => call("m", id));
  const name = (...answers: object[]) => judge(batch, answers).name;
  assert.equal(name(result(1, 1), result(null, 2), error(-32_005, "x", 3)), "rpc-rate-limited");
  assert.equal(name(error(-32_601, "x", 1), error(-32_005, "x", 2), result(1, 3)), "rpc-method-not-found");
  assert.equal(
    name(result(1, 1), error(-32_600, "x", null)),
    "rpc-invalid-request",
    "one with an id of null is an error too",
  );
  assert.equal(name(error(3, "execution reverted", 1), result(1, 2)), "batch-part-missing");
  assert.equal(name(error(3, "execution reverted", 1), result(null, 2), result(1, 3)), "null-result");
  assert.equal(name(error(3, "execution reverted", 1), result(1, 2), result(1, 3)), "answer-revert");
  assert.equal(judge(batch, '[{"jsonrpc":"2.0","id":1,"result":1},{"id":2').name, "invalid-json");
  assert.equal(judge(batch, "[] x").name, "invalid-json");
  assert.equal(judge(batch, result(1, 1)).name, "batch-not-list");
  assert.equal(judge(batch, error(-32_600, "batch too large", null)).name, "rpc-invalid-request");
});

test("of a list with very many objects those that matter are found", () => {
  const many = Array.from({ length: 1_000 }, () => result(1, 1));
  assert.equal(judge([call("m", 1)], many).name, "batch-extra");
  const late = [...Array.from({ length: 17 }, () => result(1, 9)), result(1, 1)];
  assert.equal(judge([call("m", 1)], late).name, "batch-extra");
});

test("an empty error beside a result says nothing: null, false, 0 and an empty text", () => {
  for (const empty of [null, false, 0, ""])
    assert.equal(judge(call("m"), { ...result(1), error: empty }).name, "valid");
  for (const told of [true, 1, "x", {}, []])
    assert.equal(judge(call("m"), { ...result(1), error: told }).name, "rpc-error");
});
