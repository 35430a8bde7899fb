import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { classOf } from "../../lib/answers/classes.ts";
import { type Demands, expectedOf } from "../../lib/answers/expected.ts";
import { ID_BASE } from "../../lib/answers/ids.ts";
import { classifyResponse, VALID } from "../../lib/answers/jsonrpc.ts";

const call = (method = "eth_chainId", id: unknown = 1) => ({ jsonrpc: "2.0", id, method, params: [] });
const ok = (id: unknown = 1, result: unknown = "0x10") => ({ jsonrpc: "2.0", id, result });
const failed = (id: unknown, code: number, message = "m") => ({ jsonrpc: "2.0", id, error: { code, message } });

function classify(request: unknown, response: unknown, demands: Demands = {}, status = 200): string {
  const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
  return classifyResponse(status, Buffer.from(text(response)), expectedOf(text(request), [], demands));
}

/** Each row: why, the request, the response, its class, and an HTTP status other than 200. */
type Row = [why: string, request: unknown, response: unknown, classified: string, status?: number];

function eachOf(rows: readonly Row[]): void {
  for (const [why, request, response, classified, status] of rows) {
    test(`${why}: ${classified}`, () => assert.equal(classify(request, response, {}, status), classified));
  }
}

const deep = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
const receipt = call("eth_getTransactionReceipt");

eachOf([
  ["white space between all parts", call(), '{\r\n "id" : 1 ,\r\n "result" : "0x1" }\r\n', VALID],
  ["keys and values may be escaped", call(), '{"jsonrpc":"2.0","\\u0069d":1,"re\\u0073ult":"\\u0030x1"}', VALID],
  ["a byte order mark is no JSON", call(), "\ufeff{}", "invalid-json"],
  ["NaN is no JSON", call(), '{"jsonrpc":"2.0","id":1,"result":NaN}', "invalid-json"],
  ["an error that is false is none", call(), { ...ok(), error: false }, VALID],
  ["an error that is an empty text is none", call(), { ...ok(), error: "" }, VALID],
  ["an empty error object is one", call(), { ...ok(), error: {} }, "rpc-error"],
  [
    "an error before an error of null",
    call(),
    '{"id":1,"result":[],"error":{"code":-32000},"error":null}',
    "rpc-server-error",
  ],
  [
    "of two errors the first",
    call(),
    '{"id":1,"error":{"code":-32601},"error":{"code":-32000}}',
    "rpc-method-not-found",
  ],
  ["a message instead of a response", call(), { message: "No API key found in request" }, "no-result"],
  ["a deep result", call(), `{"id":1,"result":${deep(100_000)}}`, VALID],
  ["a deep id", call(), `{"id":${deep(100_000)},"result":1}`, "id-mismatch"],
  ["a deep error", call(), `{"id":1,"error":${deep(100_000)}}`, "rpc-error"],
  ["no more than brackets", call(), "[".repeat(1_000_000), "invalid-json"],

  ["an id of 1.0", call(), '{"id":1.0,"result":1}', VALID],
  ["an id of 1e0", call(), '{"id":1e0,"result":1}', VALID],
  ["an id of 10e-1", call(), '{"id":10e-1,"result":1}', VALID],
  ["an id of 1.5 for 1", call(), '{"id":1.5,"result":1}', "id-mismatch"],
  ["a text for a number", call(), ok("1"), "id-mismatch"],
  ["a number for a text", call("m", "2"), ok(2), "id-mismatch"],
  ["an escaped id", call("m", "é"), '{"id":"\\u00e9","result":1}', VALID],
  ["null for a number", call(), ok(null), "id-mismatch"],
  ["null for null", call("m", null), ok(null), VALID],
  [
    "the next id above 2^53",
    '{"id":9007199254740993,"method":"m"}',
    '{"id":9007199254740992,"result":1}',
    "id-mismatch",
  ],
  [
    "an id above 2^53 with all its digits",
    '{"id":9007199254740993,"method":"m"}',
    '{"id":9007199254740993,"result":1}',
    VALID,
  ],
  ["the same in another form", '{"id":900719925474099300,"method":"m"}', '{"id":9007199254740993e2,"result":1}', VALID],

  ["an unknown transaction", receipt, ok(1, null), "answer-null"],
  ["an unknown transaction, by another's id", receipt, ok(2, null), "id-mismatch"],
  ["no such block by number", call("eth_getBlockByNumber"), ok(1, null), "null-result"],
  ["a revert", call("eth_call"), failed(1, 3, "execution reverted: x"), "answer-revert"],
  ["a revert by its text", call("eth_call"), failed(1, -32_000, "execution reverted"), "answer-revert"],
  ["somebody else's revert", call("eth_call"), failed(2, 3, "execution reverted"), "id-mismatch"],
  ["an error without an id keeps its class", call(), failed(null, -32_700), "rpc-parse-error"],

  ["a request without a version is JSON-RPC", { id: 1, method: "m" }, failed(1, -32_600), "rpc-invalid-request"],
  ["a page to a request without a version", { id: 1, method: "m" }, "<html>", "invalid-json"],
  ["a request that is no JSON", '{"id":1,}', failed(null, -32_700), "rpc-parse-error"],
  ["nothing to a request that is no JSON", '{"id":1,}', "", "empty-body"],
  ["an empty batch", [], failed(null, -32_600), "rpc-invalid-request"],
  [
    "a batch of which one call has no version",
    [call("m", 1), { id: 2 }],
    [ok(1), failed(2, -32_600)],
    "rpc-invalid-request",
  ],
  ["nothing to a notification", { jsonrpc: "2.0", method: "m" }, "", VALID],
  ["nothing to a call", call(), "", "empty-body"],

  ["a revert with HTTP 400", call(), failed(1, 3, "execution reverted"), "answer-revert", 400],
  ["invalid parameters with HTTP 500", call(), failed(1, -32_602), "rpc-invalid-params", 500],
  ["a result with HTTP 500", call(), ok(), "http-500", 500],
  ["an error of no code with HTTP 500", call(), { error: "internal" }, "http-500", 500],
  ["a page with HTTP 500", call(), "<html>", "http-500", 500],
  ["a rate limit with HTTP 429", call(), failed(1, -32_016), "http-429", 429],
  ["no backend with HTTP 503", call(), failed(1, -32_011), "http-503", 503],
  ["a used up quota with HTTP 402", call(), failed(1, -32_005), "http-402", 402],
  ["a status that nobody defined", call(), "", "http-4xx", 477],
  ["a status beyond all", call(), "", "http-9xx", 999],
]);

const three = [call("a", 1), call("b", 2), call("c", 3)];
const same = [call("a", 1), call("b", 1), call("c", 1)];

eachOf([
  ["a batch in any order", three, [ok(3), ok(1), ok(2)], VALID],
  ["a batch cut short", three, [ok(1), ok(2)], "batch-part-missing"],
  ["an empty list", three, [], "batch-part-missing"],
  ["nulls", three, [null, null, null], "batch-part-missing"],
  ["one error for all", three, failed(null, -32_000, "batch limit 2 exceeded"), "rpc-server-error"],
  ["one error for all, in a list", three, [failed(null, -32_600)], "rpc-invalid-request"],
  ["an error among results", three, [ok(1), ok(2), failed(3, 429)], "rpc-rate-limited"],
  ["an error without its id", three, [ok(1), ok(2), failed(null, 429)], "rpc-rate-limited"],
  ["an error with no id at all", three, [ok(1), { error: { code: -32_603 } }, ok(2)], "rpc-internal-error"],
  ["one object for three calls", three, ok(1), "batch-not-list"],
  ["one object for a batch of one", [call()], ok(1), "batch-not-list"],
  ["a batch of one", [call()], [ok(1)], VALID],
  ["a list for a call", call(), [ok(1)], "not-json-rpc"],
  ["an error hidden behind a second answer", three, [ok(1), failed(2, -32_000), ok(2), ok(3)], "rpc-server-error"],
  ["an error hidden before a second answer", three, [ok(1), ok(2), failed(2, -32_000), ok(3)], "rpc-server-error"],
  ["an answer too many", three, [ok(1), ok(2), ok(3), ok(4)], "batch-extra"],
  ["the same answer to all", three, [ok(1), ok(1), ok(1)], "batch-part-missing"],
  ["texts for numbers", three, [ok("1"), ok("2"), ok("3")], "batch-part-missing"],
  ["a deep id in a list", three, `[{"id":${deep(100_000)},"result":1}]`, "batch-part-missing"],
  ["calls with one id have one answer each", same, [ok(1), ok(1), ok(1)], VALID],
  ["calls with one id and one answer", same, [ok(1)], "batch-part-missing"],
  ["calls with one id, of which some failed", same, [ok(1), failed(1, -32_000), ok(1)], "rpc-server-error"],
  ["a notification in a batch has no answer", [call(), { jsonrpc: "2.0", method: "n" }], [ok(1)], VALID],
  ["a notification that was answered", [call(), { jsonrpc: "2.0", method: "n" }], [ok(1), ok(null)], VALID],
  ["notifications alone", [{ jsonrpc: "2.0", method: "n" }], "", VALID],
  ["a revert among results", three, [ok(1), failed(2, 3, "execution reverted"), ok(3)], "answer-revert"],
  [
    "a revert among failures",
    three,
    [failed(1, 3, "execution reverted"), failed(2, -32_000), ok(3)],
    "rpc-server-error",
  ],
]);

test("ids that are made for each request are compared to the digit", () => {
  const made = `{"jsonrpc":"2.0","id":${ID_BASE},"method":"m"}`;
  const expected = expectedOf(made, [{ at: made.indexOf(String(ID_BASE)), part: 0 }]);
  const answer = (id: string, n: number): string =>
    classifyResponse(200, Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":"0x1"}`), expected, n);
  assert.equal(answer("100000000007", 7), VALID);
  assert.equal(answer("100000000008", 7), "id-mismatch");
  assert.equal(answer("09999999999:", 0), "invalid-json", "a colon is no digit, though it comes after 9");
  assert.equal(answer('"100000000007"', 7), "id-mismatch");
});

test("an id may hold what is made for each request within a text", () => {
  const made = `[{"id":"é-${ID_BASE}","method":"m"},{"id":"é-${ID_BASE}","method":"m"}]`;
  const bytes = Buffer.from(made);
  const first = bytes.indexOf(String(ID_BASE));
  const places = [
    { at: first, part: 0 },
    { at: bytes.indexOf(String(ID_BASE), first + 1), part: 1 },
  ];
  const expected = expectedOf(made, places);
  const answers = [ok("é-100000000015"), ok("é-100000000014")];
  assert.equal(classifyResponse(200, Buffer.from(JSON.stringify(answers)), expected, 7), VALID);
  assert.equal(classifyResponse(200, Buffer.from(JSON.stringify(answers)), expected, 8), "batch-part-missing");
});

test("a plan decides what is an answer", () => {
  const revert = failed(1, 3, "execution reverted");
  assert.equal(classify(call(), revert, { accept: { revert: false } }), "rpc-revert");
  assert.equal(classify(receipt, ok(1, null), { accept: { null: false } }), "null-result");
  assert.equal(classify(call(), ok(1, null), { accept: { null: true } }), "answer-null");
  assert.equal(classify(call(), failed(1, -32_601), { accept: { codes: [-32_601] } }), "answer-code");
  assert.equal(classify(call(), failed(2, -32_601), { accept: { codes: [-32_601] } }), "id-mismatch");
  assert.equal(classify(call(), ok(), { accept: { status: [418] } }, 418), VALID);
  assert.equal(classify(call(), "<html>", { accept: { status: [418] } }, 418), "invalid-json");
  assert.equal(classify(call(), ok(), { accept: { status: [418] } }, 419), "http-4xx");
});

test("an answer that is accepted by default must be as the checks ask, and one that the plan names need not", () => {
  const checks = [{ pointer: "/result/status", equals: "0x1" }];
  assert.equal(classify(receipt, ok(1, { status: "0x1" }), { checks }), VALID);
  assert.equal(classify(receipt, ok(1, { status: "0x0" }), { checks }), "check-failed");
  assert.equal(classify(receipt, ok(1, null), { checks }), "null-result");
  assert.equal(classify(receipt, ok(1, null), { checks, accept: { null: true } }), "answer-null");
  assert.equal(classify(call(), failed(1, 3), { checks }), "rpc-revert");
  assert.equal(classify(call(), failed(1, 3), { checks, accept: { revert: true } }), "answer-revert");
});

test("a check may ask for a null, or for an error", () => {
  const wantsNull = { checks: [{ pointer: "/result", equals: null }] };
  assert.equal(classify(call(), ok(1, null), wantsNull), "answer-null");
  assert.equal(classify(call(), ok(1, "0x1"), wantsNull), "check-failed");
  const wantsError = { checks: [{ pointer: "/error/code", equals: -32_601 }] };
  assert.equal(classify(call(), failed(1, -32_601), wantsError), "answer-code");
  assert.equal(classify(call(), failed(1, -32_602), wantsError), "rpc-invalid-params");
  assert.equal(classify(call(), ok(), wantsError), "check-failed");
});

test("checks hold for each call of a batch", () => {
  const demands = { checks: [{ pointer: "/result", matches: "^0x" }] };
  assert.equal(classify(three, [ok(1), ok(2), ok(3)], demands), VALID);
  assert.equal(classify(three, [ok(1), ok(2, "no"), ok(3)], demands), "check-failed");
});

test("a target that is no JSON-RPC is judged by its status and its checks", () => {
  const demands: Demands = { expect: "http", checks: [{ pointer: "/status", equals: "ok" }] };
  assert.equal(classify("a=b", { status: "ok" }, demands), VALID);
  assert.equal(classify("a=b", { status: "no" }, demands), "check-failed");
  assert.equal(classify("a=b", "<html>", demands), "invalid-json");
  assert.equal(classify("a=b", "", demands), "empty-body");
  assert.equal(classify("a=b", "", { expect: "http" }, 404), "http-404");
  assert.equal(classify("a=b", "", { expect: "http", accept: { status: [404] } }, 404), "answer-status");
  const withoutBody = expectedOf(undefined, [], { checks: [{ pointer: "/a/0", min: 2 }] });
  assert.equal(classifyResponse(200, Buffer.from('{"a":[2]}'), withoutBody), VALID);
  assert.equal(classifyResponse(200, Buffer.from('{"a":[1]}'), withoutBody), "check-failed");
  assert.equal(classifyResponse(200, Buffer.from("ok"), expectedOf(undefined)), VALID);
});

test("every class that a response can have is in the table", () => {
  const requests = fc.constantFrom<unknown>(call(), receipt, three, same, [], "x", [call(), { method: "n" }]);
  const answers = fc.oneof(
    fc.record({ id: fc.constantFrom(1, 2, 3, null), result: fc.constantFrom("0x1", null, [], 7) }),
    fc.record({
      id: fc.constantFrom(1, 2, null),
      error: fc.record({
        code: fc.oneof(fc.integer({ min: -32_800, max: -31_900 }), fc.constantFrom(3, 429, "x", null)),
        message: fc.constantFrom("m", "rate limit", "execution reverted", "returned more than 5 results"),
      }),
    }),
    fc.json().map((text) => JSON.parse(text) as unknown),
  );
  const bodies = fc.oneof(answers, fc.array(answers, { maxLength: 5 }));
  const demands = fc.record<Demands>(
    {
      accept: fc.record(
        { null: fc.boolean(), revert: fc.boolean(), codes: fc.constant([-32_000]) },
        { requiredKeys: [] },
      ),
      checks: fc.constant([{ pointer: "/result", equals: "0x1" }]),
      expect: fc.constantFrom("json-rpc" as const, "http" as const),
    },
    { requiredKeys: [] },
  );
  const statuses = fc.oneof(fc.constantFrom(200, 400, 500), fc.integer({ min: 100, max: 999 }));
  fc.assert(
    fc.property(requests, bodies, demands, statuses, (request, body, asked, status) => {
      const name = classify(request, body, asked, status);
      assert.ok(name === VALID || classOf(name), name);
    }),
    { numRuns: 3_000 },
  );
});

test("no body of 4 MiB holds a worker up", () => {
  const size = 4 * 2 ** 20;
  const checks = [{ pointer: "/result/a/0/b", equals: { c: [1, { d: "e" }] }, matches: "(a|b)*c" }];
  const value = `{"a":[{"b":{"c":[1,{"d":"${"e".repeat(size / 4)}"}]}}]}`;
  const bodies: Record<string, [request: unknown, body: string]> = {
    brackets: [call(), `{"id":1,"result":${deep(size / 2 - 20)}}`],
    "many objects for a batch": [three, `[${"{},".repeat(size / 3 - 2)}{}]`],
    "many members": [call(), `{${'"id":1,'.repeat(size / 7 - 3)}"result":1}`],
    "many errors": [three, `[${'{"id":1,"error":{"code":3}},'.repeat(size / 28)}null]`],
    "a long id": [call(), `{"id":${"1".repeat(size - 20)},"result":1}`],
    "a long checked value": [call(), `{"id":1,"result":${value}}`],
    "many keys": [
      call(),
      `{"id":1,"result":{${Array.from({ length: 250_000 }, (_, n) => `"${n * 65_537}":1`).join(",")}}}`,
    ],
  };
  for (const [name, [request, text]] of Object.entries(bodies)) {
    const body = Buffer.from(text);
    const expected = expectedOf(JSON.stringify(request), [], { checks });
    const times = [1, 2, 3].map(() => {
      const from = process.cpuUsage().user;
      classifyResponse(200, body, expected);
      return (process.cpuUsage().user - from) / 1_000;
    });
    // Some 20 to 60 ms; the rest is for a machine that does much else.
    assert.ok(Math.min(...times) < 200, `${name}: ${times.map(Math.round).join(", ")} ms`);
  }
});
