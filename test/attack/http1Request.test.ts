import assert from "node:assert/strict";
import { test } from "node:test";
import { Http1Writer } from "../../lib/attack/http1Request.ts";

type Message = Parameters<Http1Writer["write"]>[0];

const plain = (bytes: string) => ({ bytes, ids: [] });

/** A message of these parts, with one header. */
function message({
  name = "X-A",
  value = "1",
  ...parts
}: Partial<Message> & { name?: string; value?: string }): Message {
  const head = { headers: [{ name, value: plain(value) }], list: [name, value], ids: [], closes: false };
  return { method: "GET", host: "h", path: plain("/"), head, body: undefined, ...parts };
}

test("nothing that would split or break a request's head is written, whatever was checked before", () => {
  const writer = new Http1Writer();
  const refused = (parts: Parameters<typeof message>[0]): string => {
    try {
      return writer.write(message(parts)).bytes.toString("latin1");
    } catch (error) {
      assert.ok(error instanceof RangeError, String(error));
      return error.message;
    }
  };
  for (const [parts, what] of [
    [{ value: "a\r\nX-B: 2" }, "the value of the header X-A"],
    [{ value: "a\n" }, "the value of the header X-A"],
    [{ value: "a\0" }, "the value of the header X-A"],
    [{ name: "X-A:\r\nX-B" }, "a header's name"],
    [{ name: "X A" }, "a header's name"],
    [{ name: "" }, "a header's name"],
    [{ method: "GET / HTTP/1.1\r\n\r\nGET" }, "a method"],
    [{ method: "CONNECT" }, "a method"],
    [{ path: plain("/ HTTP/1.1\r\nX: y") }, "a path"],
    [{ path: plain("/a b") }, "a path"],
    [{ path: plain("http://other/") }, "a path"],
    [{ path: plain("") }, "a path"],
  ] as const) {
    assert.equal(refused(parts), `${what} holds a character that would split or break the request`);
  }
});

test("requests that differ in their host, method, path, headers or body's length have each their own head", () => {
  const writer = new Http1Writer();
  const base = message({});
  const heads = [
    base,
    { ...base, host: "other" },
    { ...base, method: "HEAD" },
    { ...base, path: plain("/other") },
    { ...base, head: message({ value: "2" }).head },
    { ...base, body: plain("1") },
    { ...base, body: plain("22") },
    base,
  ].map((each) => writer.write(each).bytes.toString("latin1"));
  assert.deepEqual(heads.slice(0, 3), [
    "GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: other\r\nX-A: 1\r\n\r\n",
    "HEAD / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n\r\n",
  ]);
  assert.equal(new Set(heads).size, 7);
  assert.equal(heads.at(-1), heads[0]);
});

test("bodies of one length share a head, and each keeps its bytes, all 256 of them", () => {
  const writer = new Http1Writer();
  const base = message({ method: "POST" });
  const bytes = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
  for (const body of [bytes, [...bytes].reverse().join("")]) {
    const sent = writer.write({ ...base, body: plain(body) }).bytes.toString("latin1");
    assert.equal(sent, `POST / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nContent-Length: 256\r\n\r\n${body}`);
  }
});

test("an id's place is told where it stands in the whole request", () => {
  const id = { bytes: "/100000000000", ids: [{ at: 1, part: 0 }] };
  const { bytes, ids } = new Http1Writer().write({
    ...message({ method: "POST" }),
    path: id,
    body: { bytes: "100000000000", ids: [{ at: 0, part: 2 }] },
  });
  const text = bytes.toString("latin1");
  assert.deepEqual(ids, [
    { at: text.indexOf("1000"), part: 0 },
    { at: text.lastIndexOf("100000000000"), part: 2 },
  ]);
});
