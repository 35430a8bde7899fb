import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isJson, isText, listEnd, objectEnd, textOf, valueEnd } from "../../lib/answers/json.ts";
import { cpuMs } from "../support/cpu.ts";

/** What a template in backticks cannot hold. */
const BACKTICK = "\u0060";

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

/** After JSONTestSuite (github.com/nst/JSONTestSuite): texts that must be read, and texts that must not. */
const SUITE = {
  read: String.raw`
[] | [ ] | {} | { } |  [1]  | [[]   ] | [""] | [false] | [null, 1, "1", {}] | [1,null,null,2] | true | "" | [""] | 0
[123e65] | [0e+1] | [0e1] | [ 4] | [-0.0001] | [20e1] | [-0] | [-123] | [1E22] | [1E-2] | [1.5e+2] | -1.0E0
["\u0060\u012a\u12AB"] | ["\uD801\udc37"] | ["\"\\\/\b\f\n\r\t"] | ["\\u0000"] | ["π"] | "\uFfAa" | "\u09aF"
{"asd":"sdf", "dfg":"fgh"} | {"a":"b","a":"b"} | {"":0} | {"foo\u0000bar": 42} | {"a":[]} | {"a" : "b" , "c" : 1}`,
  refused: String.raw`
[,1] | [1,,2] | [1,] | [1 | [ | ] | [1 true] | [a | [*] | [1]] | [1]x | [, | [1:2] | ["" | {"a" | { | } | [} | [1} | //
{"a"} | {"a":} | {"a":1,} | {a:1} | {1:1} | {"a" "b"} | {"a":1 "b":2} | {"a":"b",,"c":1} | {"a":1}} | {:1} | {"a",1} | {'a':0}
[+1] | [01] | [-01] | [1.] | [.5] | [1.e1] | [1e] | [1e+] | [0e] | [-] | [--1] | [0x1] | [1_0] | [Infinity] | [NaN] | [-a] | -
[1a] | [2.e-3] | [1eE2] | [tru] | [nul] | [fals] | [True] | [truex] | ["\] | ["\x00"] | ["\u"] | ["\u00"] | ["\u00A"] | " | ["
["\u00zz"] | ["\u00G0"] | ["\u00${BACKTICK}0"] | ["\u0g00"] | ["\u/000"] | ["\u:000"] | ["\a"] | ["\\\"] | ['a'] | {null:null}`,
};

for (const [what, texts] of Object.entries(SUITE)) {
  test(`JSONTestSuite's texts are ${what}, as by JSON.parse`, () => {
    for (const text of texts.trim().split(/ [|] |\n/)) {
      const bytes = Buffer.from(text);
      assert.deepEqual([isJson(bytes), isParsed(bytes)], [what === "read", what === "read"], text);
    }
  });
}

test("control characters and a byte order mark are no JSON, but for white space between its parts", () => {
  for (const text of ['["a\tb"]', '["a\nb"]', '["\u001f"]', "[\f]", "\ufeff[]", "", " ", "[1]\u00a0", "[1]\0"]) {
    assert.equal(isJson(Buffer.from(text)), false, JSON.stringify(text));
  }
  assert.ok(isJson(Buffer.from('\t[\r\n1 ,\t"\u007f" ]\n')));
});

test("lists and objects are nested deeper than 32 levels, of both kinds, and each is closed by its own bracket", () => {
  for (const levels of [31, 32, 33, 64, 65, 200]) {
    const open = Array.from({ length: levels }, (_, level) => (level % 3 === 0 ? '{"a":' : "["));
    const close = open.map((each) => (each === "[" ? "]" : "}")).reverse();
    assert.ok(isJson(Buffer.from([...open, "1", ...close].join(""))), `${levels}`);
    const wrong = close.with(-1, close.at(-1) === "}" ? "]" : "}");
    assert.equal(isJson(Buffer.from([...open, "1", ...wrong].join(""))), false, `${levels}`);
  }
});

test("what is no JSON within a list or an object ends its scan with -1, wherever it stands", () => {
  const list = (text: string): number => listEnd(Buffer.from(text), 0, (at) => valueEnd(Buffer.from(text), at));
  const object = (text: string): number => objectEnd(Buffer.from(text), 0, (_, at) => valueEnd(Buffer.from(text), at));
  assert.deepEqual(["[]", "[ ]", "[1]", "[1,2] x"].map(list), [2, 3, 3, 5]);
  assert.deepEqual(["{}", "{ }", '{"a":1}', '{"a":1,"b":[]} x'].map(object), [2, 3, 7, 14]);
  for (const text of ["[", "[1", "[1;2]", "[x]", "[1,]", "[1,x]"]) assert.equal(list(text), -1, text);
  for (const text of ["{", '{"a"', '{"a";1}', '{"a":x}', '{"a":1;"b":2}', '{"a":1,}', "{a:1}", '{"a":1,"b"}']) {
    assert.equal(object(text), -1, text);
  }
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
  assert.equal(is(`"${"\\u0061".repeat(1_000)}"`, "id"), false, "far too long to be it");
  assert.ok(is('"\\ud83d\\ude00\\ud83d\\ude00"', "😀😀"), "as long as two characters can be");
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
      const fromMs = cpuMs();
      isJson(bytes);
      return cpuMs() - fromMs;
    });
    // Some 60 ms on a machine of 2 cores, 1 s on a busy one; a reader that is quadratic in its bytes takes hours.
    assert.ok(Math.min(...times) < 5_000, `${form}: ${times.map(Math.round).join(", ")} ms`);
  }
});
