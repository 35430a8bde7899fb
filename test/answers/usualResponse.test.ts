import assert from "node:assert/strict";
import { test } from "node:test";
import { type CallId, ID_BASE } from "../../lib/answers/ids.ts";
import { usualResult } from "../../lib/answers/usualResponse.ts";

const FIXED: CallId = { bytes: Buffer.from("1"), places: [], part: 0 };
const MADE: CallId = { bytes: Buffer.from(String(ID_BASE)), places: [0], part: 0 };

/** What the result is that is found in a body without parsing it; undefined if the body must be parsed. */
function found(body: string, id = FIXED, n = 0): string | undefined {
  const at = usualResult(Buffer.from(body), id, n);
  return at === -1 ? undefined : body.slice(at, body.indexOf('"', at));
}

/** The orders in which geth, Nethermind, Erigon and gateways write a response, as a function of id and result. */
const ORDERS: ((id: string, result: string) => string)[] = [
  (id, result) => `{"jsonrpc":"2.0","id":${id},"result":"${result}"}`,
  (id, result) => `{"jsonrpc":"2.0","result":"${result}","id":${id}}`,
  (id, result) => `{"id":${id},"jsonrpc":"2.0","result":"${result}"}`,
];

for (const [index, write] of ORDERS.entries()) {
  const name = write("1", "…");

  test(`${name} is read without being parsed, with a line break at its end or without`, () => {
    for (const result of ["0x1", "", "Geth/v1.16.7 !~", "0x".padEnd(5_000, "f")]) {
      assert.equal(found(write("1", result)), result);
      assert.equal(found(`${write("1", result)}\n`), result);
    }
    assert.equal(found(write(String(ID_BASE + 7), "0x1"), MADE, 7), "0x1");
  });

  test(`${name} is parsed if its id is another, if its result is no plain text, or if anything follows`, () => {
    for (const id of ["2", "10", '"1"', "1.0", "null", " 1", "1 "])
      assert.equal(found(write(id, "0x1")), undefined, id);
    assert.equal(found(write(String(ID_BASE + 8), "0x1"), MADE, 7), undefined);
    for (const result of ["a\\nb", "é", "\u007f", "a\tb", 'a","error":{"code":1},"x":"', '","id":2,"x":"']) {
      assert.equal(found(write("1", result)), undefined, result);
    }
    for (const end of [" ", "\n\n", "\r\n", "}", "x", "\0"])
      assert.equal(found(write("1", "0x1") + end), undefined, end);
    const whole = write("1", "0x1");
    for (let length = 0; length < whole.length; length++) assert.equal(found(whole.slice(0, length)), undefined);
  });

  test(`${name} is parsed if a byte of its frame differs`, () => {
    const whole = write("1", "0x1");
    const result = whole.indexOf("0x1");
    for (let at = 0; at < whole.length; at++) {
      if (at >= result && at < result + 3) continue;
      assert.equal(found(`${whole.slice(0, at)}#${whole.slice(at + 1)}`), undefined, `order ${index}, byte ${at}`);
    }
  });
}

test("a call without an id has no usual response", () => {
  assert.equal(usualResult(Buffer.from('{"jsonrpc":"2.0","id":1,"result":"0x1"}'), undefined, 0), -1);
});
