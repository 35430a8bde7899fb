import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { blankEnd, isText, listEnd, objectEnd, textOf, valueEnd } from "../../lib/answers/json.ts";

function isJson(bytes: Buffer): boolean {
  const end = valueEnd(bytes, blankEnd(bytes, 0));
  return end !== -1 && blankEnd(bytes, end) === bytes.length;
}

function isParsed(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString("utf8"));
    return true;
  } catch {
    return false;
  }
}

test("what JSON.parse reads is JSON, and nothing else is", () => {
  const pieces = fc.constantFrom(
    ..."[]{},:\\-01.é \n\t\r\u0001\u007f\ufeff",
    ...['"a"', '"', "\\u00e9", '"\\u12"', '"\\n"', "e5", "E+1", "1.5", "01", "-0", "true", "nul", "null", "false"],
  );
  const json = fc.json({ maxDepth: 5 }).map((text) => Buffer.from(text));
  const damaged = fc
    .tuple(json, fc.nat(60), fc.uint8Array({ maxLength: 2 }))
    .map(([bytes, at, other]) => Buffer.concat([bytes.subarray(0, at), other, bytes.subarray(at + 1)]));
  const bodies = fc.oneof(
    fc.array(pieces, { maxLength: 14 }).map((each) => Buffer.from(each.join(""))),
    json,
    damaged,
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  );
  fc.assert(
    fc.property(bodies, (bytes) => {
      assert.equal(isJson(bytes), isParsed(bytes));
    }),
    { numRuns: 5_000 },
  );
});

test("members and items are read where they stand, and keep their digits", () => {
  const bytes = Buffer.from(' {"a" : [9007199254740993, "x"] , "b":{}} ');
  const seen: string[] = [];
  const end = objectEnd(bytes, 1, (key, at) => {
    const to = valueEnd(bytes, at);
    seen.push(textOf(bytes, key), textOf(bytes, { from: at, to }));
    if (seen.length > 2) return to;
    return listEnd(bytes, at, (item, index) => {
      seen.push(`${index} ${textOf(bytes, { from: item, to: valueEnd(bytes, item) })}`);
      return valueEnd(bytes, item);
    });
  });
  assert.deepEqual(seen, ['"a"', '[9007199254740993, "x"]', "0 9007199254740993", '1 "x"', '"b"', "{}"]);
  assert.equal(end, bytes.length - 1);
});

test("a text is the same however it is written", () => {
  const is = (written: Buffer | string, text: string): boolean => {
    const bytes = Buffer.from(written);
    return isText(bytes, { from: 0, to: bytes.length }, text);
  };
  assert.ok(
    is('"id"', "id") &&
      is('"\\u0069d"', "id") &&
      is('"é"', "é") &&
      is('"\\u00e9"', "é") &&
      is('"\\ud83d\\ude00"', "😀"),
  );
  assert.ok(is('""', "") && is('"\\/"', "/"));
  for (const other of ['"iD"', '"i"', '"idx"', '"\\u0069"', '""']) assert.equal(is(other, "id"), false, other);
  assert.equal(is(Buffer.from([0x22, 0xe9, 0x22]), "é"), false, "a byte that is no UTF-8");
});

test("4 MiB of any JSON are read in a time that does not depend on its form", () => {
  const size = 4 * 2 ** 20;
  const bodies = {
    "open brackets": "[".repeat(size),
    "nested lists": "[".repeat(size / 2) + "]".repeat(size / 2),
    "nested objects": `${'{"a":'.repeat(size / 6)}1${"}".repeat(size / 6)}`,
    numbers: `[0${",0".repeat(size / 2 - 2)}]`,
    blanks: `${" ".repeat(size - 1)}1`,
    digits: "1".repeat(size),
    escapes: `"${"\\u0061".repeat(size / 6 - 1)}"`,
    keys: `{${Array.from({ length: 260_000 }, (_, index) => `"${index * 1_000_003}":1`).join(",")}}`,
  };
  for (const [form, text] of Object.entries(bodies)) {
    const bytes = Buffer.from(text);
    const times = [1, 2, 3].map(() => {
      const from = performance.now();
      isJson(bytes);
      return performance.now() - from;
    });
    // Some 60 ms on a machine of 2 cores, 1 s on a busy one; a reader that is quadratic in its bytes takes hours.
    assert.ok(Math.min(...times) < 5_000, `${form}: ${times.map(Math.round).join(", ")} ms`);
  }
});
