import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { passes } from "../../lib/answers/checks.ts";
import type { Check } from "../../lib/plan/chainSchema.ts";

const holds = (value: string, check: Partial<Check>): boolean =>
  passes(Buffer.from(`{"result":${value}}`), 0, { pointer: "/result", ...check });

test("a pointer goes through objects and lists, by their own members alone", () => {
  const body = Buffer.from('{"a/b":{"~":[10,{"":null}]},"x":1,"x":2}');
  const equal = (pointer: string, equals: Check["equals"]): boolean => passes(body, 0, { pointer, equals });
  assert.ok(equal("/a~1b/~0/0", 10));
  assert.ok(equal("/a~1b/~0/1/", null));
  assert.ok(equal("/x", 2), "of a doubled key the last counts");
  for (const nowhere of ["/b", "/a~1b/~0/2", "/a~1b/~0/00", "/a~1b/~0/-", "/x/y", "/__proto__", "/a~1b/length"]) {
    assert.equal(passes(body, 0, { pointer: nowhere, matches: "" }), false, nowhere);
  }
});

test("equal are values, whatever the order of keys and the spelling", () => {
  assert.ok(holds('{"b":2,"a":{"c":[1.0,"\\u00e9"]}}', { equals: { a: { c: [1, "é"] }, b: 2 } }));
  assert.equal(holds('{"a":1,"b":2}', { equals: { a: 1 } }), false);
  assert.equal(holds('{"a":1}', { equals: { a: 1, b: 2 } }), false);
  assert.equal(holds("[1,2]", { equals: [1] }), false);
  assert.equal(holds("[1]", { equals: [1, 2] }), false);
  assert.equal(holds('"0xAB"', { equals: "0xab" }), false);
  assert.equal(holds("null", { equals: false }), false);
  assert.equal(holds('{"toString":1,"valueOf":1}', { equals: "x" }), false);
});

test("values that differ in one place are not equal, wherever it is", () => {
  const wanted = { a: [1, { b: "x" }], "a long key": true, n: null };
  const spelled = (changes: object = {}): string => JSON.stringify({ ...wanted, ...changes });
  assert.ok(holds(spelled(), { equals: wanted }));
  for (const other of [
    ...[
      { a: [1, { b: "y" }] },
      { a: [2, { b: "x" }] },
      { a: [1] },
      { a: [1, { b: "x" }, 3] },
      { a: { 0: 1 } },
      { a: "[1]" },
    ],
    ...[
      { "a long key": false },
      { n: 0 },
      { n: {} },
      { n: [] },
      { n: undefined },
      { more: 1 },
      { [`n${"x".repeat(500)}`]: 1 },
    ],
  ]) {
    assert.equal(holds(spelled(other), { equals: wanted }), false, JSON.stringify(other));
  }
  assert.ok(holds('{"\\ud83d\\ude00":1}', { equals: { "😀": 1 } }), "a key as long as it can be written");
  assert.equal(holds("[]", { equals: {} }), false);
  assert.equal(holds("{}", { equals: [] }), false);
  for (const scalar of ["1", "true", "null", '"x"'])
    assert.equal(holds(`[${scalar}]`, { equals: JSON.parse(scalar) }), false);
  assert.equal(holds('"1"', { equals: 1 }), false);
  assert.equal(holds("1", { equals: "1" }), false);
});

test("a number or a text is equal however long it is written, up to 1,024 bytes for a number", () => {
  assert.ok(holds(`1.${"0".repeat(1_000)}`, { equals: 1 }));
  assert.equal(holds(`1.${"0".repeat(100_000)}`, { equals: 1 }), false);
  const long = "é".repeat(100_000);
  assert.ok(holds(JSON.stringify(long), { equals: long }));
  assert.ok(holds(`"${"\\u00e9".repeat(100_000)}"`, { equals: long }));
  assert.equal(holds(JSON.stringify(`${long}x`), { equals: long }), false);
});

test("a pointer's index is a number without zeros before it, of up to nine digits", () => {
  const list = Buffer.from(`[${Array.from({ length: 120 }, (_, index) => index).join(",")}]`);
  const at = (pointer: string): boolean => passes(list, 0, { pointer, min: 0 });
  assert.ok(passes(list, 0, { pointer: "/117", equals: 117 }) && at("/0"));
  for (const none of ["/120", "/1a", "/1 ", "/+1", "/-1", "/01", "/1e1", "/12345678901"])
    assert.equal(at(none), false, none);
  assert.equal(passes(Buffer.from('"0"'), 0, { pointer: "/0", min: 0 }), false, "a text has no items");
});

test("equality is JSON's, for any two values", () => {
  const values = fc.json({ maxDepth: 3 });
  const sorted = (value: unknown): unknown =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, each]) => [key, sorted(each)]),
        )
      : Array.isArray(value)
        ? value.map(sorted)
        : value;
  fc.assert(
    fc.property(values, fc.option(values, { nil: undefined }), (text, other) => {
      const wanted = JSON.parse(other ?? text) as Check["equals"];
      const equal = JSON.stringify(sorted(JSON.parse(text))) === JSON.stringify(sorted(wanted));
      assert.equal(holds(text, { equals: wanted }), equal);
    }),
    { numRuns: 2_000 },
  );
});

test("numbers are numbers, decimal or hexadecimal, and nothing else is one", () => {
  assert.ok(holds('"0x10"', { min: 16, max: 16 }));
  assert.ok(holds("16", { min: 16, max: 16 }));
  assert.ok(holds('"1.6e1"', { min: 16, max: 16 }));
  assert.equal(holds('"0xf"', { min: 16 }), false);
  assert.equal(holds('"0x20000000000001"', { max: 2 ** 53 }), false, "2^53 + 1 is above 2^53");
  assert.ok(holds(`"0x${"f".repeat(64)}"`, { min: 1e70 }));
  for (const [value, number] of [
    ["-1.25", -1.25],
    ["1.125e-2", 0.01125],
    ["1E+10", 1e10],
    ['"-7"', -7],
    ['"0XfF"', 255],
  ] as const) {
    assert.ok(holds(value, { min: number, max: number }), value);
  }
  assert.equal(holds("17", { max: 16 }), false);
  assert.ok(holds("17", { min: 16 }) && holds("15", { max: 16 }), "either bound may stand alone");
  assert.equal(holds(`"0x${"f".repeat(1_100)}"`, { min: 0 }), false, "nothing in a plan is as long");
  for (const none of ['"x0x10"', '"0x10g"', '"a1"', '"1a"', '"1.5.5"', "1e", '"-"', '"+7"']) {
    assert.equal(holds(none, { min: 0 }), false, none);
  }
  for (const none of ["null", '""', "[]", "[7]", "true", '"0x"', '" 7"', '{"toString":1,"valueOf":1}']) {
    assert.equal(holds(none, { min: 0 }), false, none);
    assert.equal(holds(none, { max: 100 }), false, none);
  }
});

test("patterns see a text's characters, and anything else as JSON", () => {
  assert.ok(holds('"\\u0061b"', { matches: "^ab$" }));
  assert.ok(holds('{"toString":1,"valueOf":1}', { matches: "valueOf" }));
  assert.ok(holds("[1, 2]", { matches: "^\\[1, 2\\]$" }));
  assert.equal(holds("null", { matches: "^0x" }), false);
});

test("a pattern sees the first 64 Ki characters of a text, escaped or not", () => {
  const most = 64 * 1_024;
  for (const written of ["a", "\\u0061"]) {
    const text = (count: number): string => `"${written.repeat(count)}b"`;
    assert.ok(holds(text(most - 1), { matches: "b" }), written);
    assert.equal(holds(text(most), { matches: "b" }), false, written);
    assert.ok(holds(text(10 * most), { matches: "^a" }) || written !== "a", written);
  }
});

test("no depth of a value is too much", () => {
  const value = "[".repeat(100_000) + "]".repeat(100_000);
  assert.equal(holds(value, { equals: [] }), false);
  assert.equal(holds(value, { equals: [[[]]] }), false);
  assert.equal(holds(value, { matches: "x" }), false);
  assert.equal(holds(value, { min: 0 }), false);
});
