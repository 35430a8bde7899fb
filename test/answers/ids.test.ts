import assert from "node:assert/strict";
import { test } from "node:test";
import { batchId, type CallId, ID_BASE, idEnd, isSameId, keyOfCall, keyOfId } from "../../lib/answers/ids.ts";

const MADE = ID_BASE + 90_210;
const PLACEHOLDER = String(ID_BASE);

/** A call's id, written with `#` for the digits that are made for each request. */
function idOf(written: string): CallId {
  const places = [...written.matchAll(/#/g)].map(({ index }, earlier) => index + earlier * (PLACEHOLDER.length - 1));
  return { bytes: Buffer.from(written.replaceAll("#", PLACEHOLDER)), places, part: 0 };
}

/** Whether an answer's id is a call's, at any place of a message. */
function same(call: string, answer: string): boolean {
  const [before, written] = ['{"id":', answer.replaceAll("#", String(MADE))];
  const message = Buffer.from(`${before}${written},"result":1}`);
  return isSameId(message, { from: before.length, to: before.length + Buffer.byteLength(written) }, idOf(call), MADE);
}

test("ids are numbers of their own for each part of each request, in the order of both", () => {
  assert.deepEqual([batchId(0, 0, 1), batchId(7, 0, 1), batchId(7, 2, 3)], [ID_BASE, ID_BASE + 7, ID_BASE + 23]);
});

test("an id is the call's in any spelling of the same value", () => {
  for (const [call, ...answers] of [
    ["0", "0", "-0", "0.0", "0e7", "0.000e-3"],
    ["1", "1", "1.0", "1e0", "10e-1", "0.1e1", "1.00E+00"],
    ["120", "120", "1.2e2", "12e1", "1200e-1", "120.000"],
    ["-3", "-3", "-3.0", "-30e-1"],
    ["1.25", "1.25", "125e-2", "1.250", "0.0125e2"],
    ["9007199254740993", "9007199254740993", "9007199254740993.0", "9.007199254740993e15"],
    ["null", "null"],
    ['"1"', '"1"', '"\\u0031"'],
    ['"é/"', '"é/"', '"\\u00e9\\/"'],
    ["#", "#", `${MADE}.0`],
    ['"req-#-x"', '"req-#-x"', '"re\\u0071-#-x"'],
    ['"#:#"', '"#:#"'],
  ] as [string, ...string[]][]) {
    for (const answer of answers) assert.ok(same(call, answer), `${answer} for ${call}`);
  }
});

test("an id of another value or type is not the call's, however near", () => {
  for (const [call, ...answers] of [
    ["0", "1", '"0"', "null", "false", '""', "[]"],
    ["1", "-1", "10", "0.1", "11", "1.01", "1e1", "1e-1", "1e10", '"1"', "true"],
    ["9007199254740993", "9007199254740992", "9007199254740994"],
    ['"1"', "1", '"1.0"', '"01"', '"1 "'],
    ["null", '"null"', "0"],
    ["#", String(MADE + 1), String(MADE - 1), `${MADE}0`, `"${MADE}"`, PLACEHOLDER],
    ['"req-#-x"', '"req-#-y"', '"rea-#-x"', `"req-${MADE + 1}-x"`, '"req-#"', "#", '"req-#-x '],
    ['"#:#"', `"#:${MADE + 1}"`, `"${MADE + 1}:#"`, '"#-#"'],
  ] as [string, ...string[]][]) {
    for (const answer of answers) assert.equal(same(call, answer), false, `${answer} for ${call}`);
  }
  assert.equal(isSameId(Buffer.from("{}"), undefined, idOf("1"), MADE), false);
});

test("an id that stands as it was sent is found byte by byte, with the offset after it", () => {
  const message = Buffer.from(`{"id":"req-${MADE}-x","result":1}`);
  assert.equal(idEnd(message, 6, idOf('"req-#-x"'), MADE), 6 + 20);
  assert.equal(idEnd(message, 11, idOf("#"), MADE), 11 + 12);
  assert.equal(idEnd(message, 6, idOf('"req-#-x"'), MADE + 1), -1);
  for (const other of ['"rex-#-x"', '"req-#-y"', '"req-#-x",', "#"]) {
    const end = idEnd(message, 6, idOf(other), MADE);
    assert.equal(end, other.endsWith(",") ? 6 + 21 : -1, other);
  }
  const odd = Buffer.from('{"id":09999999999:,"result":1}');
  assert.equal(idEnd(odd, 6, idOf("#"), ID_BASE), -1, "a colon is the character after 9");
  assert.equal(idEnd(Buffer.from('{"id":/00000000000'), 6, idOf("#"), 0), -1, "a slash is the one before 0");
  assert.equal(idEnd(Buffer.from('{"id":1'), 6, idOf("#"), MADE), -1, "a message that ends within it");
});

test("the keys of ids are equal where the ids are, and an answer's id of more than 1,024 bytes has none", () => {
  const keyOf = (written: string): string =>
    keyOfId(Buffer.from(` ${written}`), { from: 1, to: 1 + Buffer.byteLength(written) });
  assert.equal(keyOf(`"a-${MADE}"`), keyOfCall(idOf('"a-#"'), MADE));
  assert.equal(keyOf(String(MADE)), keyOfCall(idOf("#"), MADE));
  assert.equal(keyOf('"\\u0061"'), keyOfCall(idOf('"a"'), MADE));
  const keys = ["1", '"1"', "null", "true", "-1", "10", "0", '""', "1.5", "[1]", '{"a":1}'].map(keyOf);
  assert.equal(new Set(keys).size, keys.length);
  const long = (length: number): string => `"${"x".repeat(length - 2)}"`;
  assert.equal(keyOf(long(1_024)), long(1_024));
  assert.equal(keyOf(long(1_025)), "");
});
