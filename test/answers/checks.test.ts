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

test("no depth of a value is too much", () => {
  const value = "[".repeat(100_000) + "]".repeat(100_000);
  assert.equal(holds(value, { equals: [] }), false);
  assert.equal(holds(value, { equals: [[[]]] }), false);
  assert.equal(holds(value, { matches: "x" }), false);
  assert.equal(holds(value, { min: 0 }), false);
});
