import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { expectedOf } from "../../lib/answers/expected.ts";
import { classifyResponse } from "../../lib/answers/jsonrpc.ts";

const CALL = '{"jsonrpc":"2.0","method":"eth_blockNumber","params":[],"id":1}';

const rows: [why: string, status: number, body: string, classified: string][] = [
  ["a result with the call's id is a relay", 200, '{"jsonrpc":"2.0","id":1,"result":"0x1"}', "valid"],
  ["the order of fields is the server's choice", 200, '{"result":{"a":[1]},"id":1,"jsonrpc":"2.0"}', "valid"],
  ["white space is allowed around a response", 200, ' {"jsonrpc":"2.0","id":1,"result":"0x1"}\n', "valid"],
  ["a result may be false", 200, '{"jsonrpc":"2.0","id":1,"result":false}', "valid"],
  ["an error that is null is none", 200, '{"jsonrpc":"2.0","id":1,"result":"0x1","error":null}', "valid"],
  ["the HTTP status comes first", 500, '{"jsonrpc":"2.0","id":1,"result":"0x1"}', "http-500"],
  ["too many requests", 429, "slow down", "http-429"],
  ["a redirect is no relay, and is not followed", 302, "", "http-302"],
  ["another id", 200, '{"jsonrpc":"2.0","id":2,"result":"0x1"}', "id-mismatch"],
  ["an id of another type", 200, '{"jsonrpc":"2.0","id":"1","result":"0x1"}', "id-mismatch"],
  ["no id", 200, '{"jsonrpc":"2.0","result":"0x1"}', "id-mismatch"],
  ["a null result", 200, '{"jsonrpc":"2.0","id":1,"result":null}', "null-result"],
  ["neither result nor error", 200, '{"jsonrpc":"2.0","id":1}', "no-result"],
  ["text that is not JSON", 200, "<html>", "invalid-json"],
  ["JSON that was cut short", 200, '{"jsonrpc":"2.0","id":1,"result":"0x1"', "invalid-json"],
  ["a string that holds a raw line break", 200, '{"jsonrpc":"2.0","id":1,"result":"0x\n1"}', "invalid-json"],
  ["two responses in one body", 200, '{"jsonrpc":"2.0","id":1,"result":"0x1"}{"a":"1"}', "invalid-json"],
  ["nothing", 200, "", "empty-body"],
  ["a list where one response was asked for", 200, '[{"jsonrpc":"2.0","id":1,"result":1}]', "not-json-rpc"],
  [
    "an error by its code",
    200,
    '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"m"}}',
    "rpc-method-not-found",
  ],
  ["a server's own error", 200, '{"jsonrpc":"2.0","id":1,"error":{"code":-32050,"message":"m"}}', "rpc-server-error"],
  [
    "a rate limit inside 200",
    200,
    '{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"m"}}',
    "rpc-rate-limited",
  ],
  ["an unknown error", 200, '{"jsonrpc":"2.0","id":null,"error":{"code":7,"message":"m"}}', "rpc-error"],
  [
    "a result and an error",
    200,
    '{"jsonrpc":"2.0","id":1,"result":"0x1","error":{"code":-32603}}',
    "rpc-internal-error",
  ],
  [
    "an error hidden behind a result that looks whole",
    200,
    '{"jsonrpc":"2.0","id":1,"result":"0x1","error":"x"}',
    "rpc-error",
  ],
];

for (const [why, status, body, classified] of rows) {
  test(`${why}: ${classified}`, () => {
    assert.equal(classifyResponse(status, Buffer.from(body), expectedOf(CALL)), classified);
  });
}

test("a batch is valid when each of its calls has a result, in any order", () => {
  const expected = expectedOf('[{"jsonrpc":"2.0","method":"a","id":1},{"jsonrpc":"2.0","method":"b","id":"x"}]');
  const check = (body: string): string => classifyResponse(200, Buffer.from(body), expected);
  assert.equal(check('[{"jsonrpc":"2.0","id":"x","result":1},{"jsonrpc":"2.0","id":1,"result":1}]'), "valid");
  assert.equal(check('[{"jsonrpc":"2.0","id":1,"result":1}]'), "batch-part-missing");
  assert.equal(
    check('[{"jsonrpc":"2.0","id":"x","result":1},{"jsonrpc":"2.0","id":1,"error":{"code":-32000}}]'),
    "rpc-server-error",
  );
});

test("a target that is no JSON-RPC is judged by its HTTP status alone", () => {
  assert.equal(classifyResponse(204, Buffer.from(""), expectedOf(undefined)), "valid");
  assert.equal(classifyResponse(200, Buffer.from("<html>"), expectedOf("name=value", [], { expect: "http" })), "valid");
  assert.equal(classifyResponse(404, Buffer.from(""), expectedOf(undefined)), "http-404");
});

test("what is accepted without being parsed is what parsing accepts", () => {
  const ids = fc.constantFrom<unknown>(1, "a", 'a"b', null, 1.5);
  const results = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constant("0x1"), fc.constant(null), fc.nat());
  const bodies = fc.tuple(ids, results, fc.nat(3), fc.constantFrom("", "\n", " ")).map(([id, result, order, end]) => {
    const fields = [
      { jsonrpc: "2.0", id, result },
      { jsonrpc: "2.0", result, id },
      { id, jsonrpc: "2.0", result },
      { jsonrpc: "2.0", id, result, error: { code: -32_000 } },
    ];
    return `${JSON.stringify(fields[order])}${end}`;
  });
  const damage = fc.option(fc.tuple(fc.nat(80), fc.uint8Array({ maxLength: 3 })), { nil: undefined });
  fc.assert(
    fc.property(bodies, ids, damage, (text, id, damaged) => {
      const bytes = Buffer.from(text);
      const body = damaged
        ? Buffer.concat([bytes.subarray(0, damaged[0]), damaged[1], bytes.subarray(damaged[0] + 1)])
        : bytes;
      const expected = expectedOf(JSON.stringify({ jsonrpc: "2.0", method: "m", id }));
      // A check that always holds takes a response off the quick way.
      const checked = { ...expected, demands: { checks: [] } };
      assert.equal(classifyResponse(200, body, expected), classifyResponse(200, body, checked));
    }),
    { numRuns: 3_000 },
  );
});

test("bytes of any kind are classified and never a relay unless they are one", () => {
  const expected = expectedOf(CALL);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        assert.notEqual(classifyResponse(200, Buffer.from(bytes), expected), "valid");
      },
    ),
  );
});
