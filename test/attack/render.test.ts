import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Part } from "../../lib/attack/render.ts";
import { requestTemplate } from "../../lib/plan/requestTemplate.ts";
import type { Target } from "../../lib/plan/schema.ts";

const ROW = { name: 'a "b" & c/é', n: "7", line: "x" };

/** What is made of a header's value for the n-th request. */
function header(text: string, n = 0, { seed = 1, block = 0 } = {}): string {
  const target: Target = { method: "GET", url: "http://h/", headers: [["X", text]], weight: 1 };
  const [own] = requestTemplate(target).headers;
  return new Part(own?.[1] ?? [], seed).render({ n, block, row: ROW }).bytes;
}

/** What is made of a body, and where ids stand in it. */
function body(text: string, n = 0, headers: Target["headers"] = []) {
  const template = requestTemplate({ method: "POST", url: "http://h/", headers, weight: 1, body: text });
  return { ...template, ...new Part(template.body ?? [], 1).render({ n, block: 100, row: ROW }) };
}

test("each placeholder has the form that it says", () => {
  assert.match(header("{{randomAddress}}"), /^0x[0-9a-f]{40}$/);
  for (const digits of [1, 7, 8, 9, 64, 9_999]) {
    assert.match(header(`{{randomHex ${digits}}}`), new RegExp(`^0x[0-9a-f]{${digits}}$`));
  }
  assert.equal(header("{{data.name}}"), Buffer.from(ROW.name).toString("latin1"));
  assert.equal(header("<{{ data.n }}|{{data.none}}>"), "<7|>", "blanks around a name, and a field that is not there");
});

test("a random number is in its range, ends included, and each value comes about as often", () => {
  const counts = new Map<string, number>();
  for (let n = 0; n < 9_000; n++)
    counts.set(header("{{randomInt -1..1}}", n), 1 + (counts.get(header("{{randomInt -1..1}}", n)) ?? 0));
  assert.deepEqual([...counts.keys()].sort(), ["-1", "0", "1"]);
  for (const count of counts.values()) assert.ok(count > 2_800 && count < 3_200, `${count} of 9,000`);
  assert.equal(header("{{randomInt 5..5}}", 77), "5");
  assert.match(header("{{randomInt -999999999999999..999999999999999}}"), /^-?\d{1,15}$/);
});

test("a block is counted from the newest one, in hexadecimal, and none is below 0", () => {
  assert.equal(header("{{blockNumber}}", 3, { block: 255 }), "0xff");
  assert.equal(header("{{blockNumber -5..-5}}", 3, { block: 255 }), "0xfa");
  assert.equal(header("{{blockNumber -5..-5}}", 3, { block: 2 }), "0x0");
  const seen = new Set(Array.from({ length: 200 }, (_, n) => header("{{blockNumber -2..0}}", n, { block: 16 })));
  assert.deepEqual([...seen].sort(), ["0xe", "0xf", "0x10"].sort());
});

test("no two requests have the same address, other seeds and places have others, and each can be made again", () => {
  const seen = new Set(Array.from({ length: 20_000 }, (_, n) => header("{{randomAddress}}", n)));
  assert.equal(seen.size, 20_000);
  assert.equal(header("{{randomAddress}}", 5), header("{{randomAddress}}", 5));
  assert.notEqual(header("{{randomAddress}}", 5), header("{{randomAddress}}", 5, { seed: 2 }));
  const [first, second] = header("{{randomHex 8}} {{randomHex 8}}", 5).split(" ");
  assert.notEqual(first, second);
  // Numbers beyond 32 bits, as a run of weeks would reach.
  assert.notEqual(header("{{randomHex 16}}", 5), header("{{randomHex 16}}", 5 + 2 ** 32));
});

test("a part without placeholders, or with ids alone, is made once; ids are told by their place", () => {
  assert.equal(new Part(["a"], 1).varies, false);
  const { bytes, ids, parts } = body('[{"method":"m","id":{{id}}},{"method":"m","id":"x{{id}}"}]');
  assert.equal(bytes, '[{"method":"m","id":100000000000},{"method":"m","id":"x100000000000"}]');
  assert.deepEqual(
    [parts, ids],
    [
      2,
      [
        { at: 20, part: 0 },
        { at: bytes.length - 15, part: 1 },
      ],
    ],
  );
});

test("what a field holds is written for where it stands", () => {
  const name = JSON.stringify(ROW.name).slice(1, -1);
  const latin1 = (text: string): string => Buffer.from(text).toString("latin1");
  assert.equal(body('{"a":"{{data.name}}"}').bytes, latin1(`{"a":"${name}"}`));
  assert.equal(body('{"a":{{data.n}},"b":1{{data.n}}}').bytes, '{"a":7,"b":17}');
  const form: Target["headers"] = [["content-TYPE", "application/x-www-form-urlencoded; charset=utf-8"]];
  assert.equal(body("a={{data.name}}&b=1", 0, form).bytes, `a=${encodeURIComponent(ROW.name)}&b=1`);
  assert.equal(body("a={{data.name}}&b=1").bytes, latin1(`a=${ROW.name}&b=1`), "as it is in other text");
  const url = requestTemplate({
    method: "GET",
    url: "http://{{data.line}}.h/{{data.name}}?q={{data.name}}#{{data.n}}",
    headers: [],
    weight: 1,
  });
  const render = (pieces: typeof url.path): string => new Part(pieces, 1).render({ n: 0, block: 0, row: ROW }).bytes;
  assert.equal(render(url.path), `/${encodeURIComponent(ROW.name)}?q=${encodeURIComponent(ROW.name)}`);
  assert.equal(render(url.authority), "x.h");
  assert.throws(() => new Part(url.authority, 1).render({ n: 0, block: 0, row: { line: "a/b" } }), RangeError);
});

test("what a response must be is the same for all requests, unless something but an id and parameters is filled in", () => {
  const same = (text: string): boolean => body(text).sameExpectation;
  assert.equal(same('{"method":"m","id":"{{id}}","params":["{{randomAddress}}",{"a":{{data.n}}}]}'), true);
  assert.equal(same('{"method":"m{{data.n}}","id":1}'), false);
  assert.equal(same('{"method":"m","id":{{data.n}}}'), false);
  assert.equal(same('[{"method":"m","id":1,"params":["{{data.line}}"]},{"method":"m","id":"{{data.n}}"}]'), false);
  assert.equal(same("no JSON {{id}}"), false);
  assert.equal(same("no JSON"), true);
});

test("URLs are taken apart where they are written", () => {
  const of = (url: string) => {
    const { scheme, authority, path } = requestTemplate({ method: "GET", url, headers: [], weight: 1 });
    return [scheme, authority.join(""), path.join("")];
  };
  assert.deepEqual(of("HTTP://H.example:8080"), ["http:", "H.example:8080", "/"]);
  assert.deepEqual(of("https://h?q=a b#f"), ["https:", "h", "/?q=a%20b"]);
  assert.deepEqual(of("http://h/a b/../é%2F?x=é"), ["http:", "h", "/a%20b/../%C3%A9%2F?x=\u00c3\u00a9"]);
  assert.deepEqual(of("http://h/a#b?c"), ["http:", "h", "/a"]);
  assert.deepEqual(of("http://h#b"), ["http:", "h", "/"]);
  assert.deepEqual(of('http://h/"<>\\^`{|}'), ["http:", "h", "/%22%3C%3E%5C%5E%60%7B%7C%7D"]);
  for (const url of ["ftp://h/", "//h/", "http:///x", "http://h/\n", "http://h/\t", "x http://h/"]) {
    assert.throws(() => of(url), RangeError, url);
  }
});

test("white space around a header's value is no part of it, and within it is", () => {
  assert.equal(header(" \t a \t b\t "), "a \t b");
});

test("whatever text has no placeholder in it is what is sent", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }).filter((text) => !text.includes("{{")),
      (text) => {
        assert.equal(body(`x${text}`).bytes, Buffer.from(`x${text}`).toString("latin1"));
      },
    ),
  );
});
