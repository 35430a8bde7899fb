import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ResponseError, ResponseParser } from "../../lib/attack/response.ts";

interface Read {
  status: number;
  body: string;
  reusable: boolean;
}

/** Feeds pieces until the response is whole; `closed` closes the connection after them. */
function read(pieces: readonly Buffer[], { isHead = false, closed = false } = {}): Read | undefined {
  const parser = new ResponseParser();
  parser.begin(isHead);
  const whole = pieces.some((piece) => parser.feed(piece)) || (closed && parser.close());
  if (!whole) return undefined;
  return { status: parser.status, body: parser.body.toString(), reusable: parser.reusable };
}

function parse(text: string, options = {}): Read | undefined {
  return read([Buffer.from(text, "latin1")], options);
}

const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=1\r\nabcd\r\n2\r\nef\r\n0\r\nA: b\r\n\r\n";

const rows: [why: string, text: string, read: Read | undefined, options?: object][] = [
  [
    "a body by its length",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
    { status: 200, body: "ab", reusable: true },
  ],
  ["a body that is not there yet", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", undefined],
  ["a body in chunks, with an extension and a trailer", chunked, { status: 200, body: "abcdef", reusable: true }],
  ["no body after 204", "HTTP/1.1 204 No Content\r\n\r\n", { status: 204, body: "", reusable: true }],
  [
    "no body after HEAD",
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
    { status: 200, body: "", reusable: true },
    { isHead: true },
  ],
  [
    "an interim response is passed over",
    "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length:1\r\n\r\na",
    { status: 200, body: "a", reusable: true },
  ],
  [
    "the server wants to close",
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    { status: 200, body: "", reusable: false },
  ],
  ["HTTP/1.0 closes", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", { status: 200, body: "", reusable: false }],
  [
    "a body until the end",
    "HTTP/1.1 200 OK\r\n\r\nabc",
    { status: 200, body: "abc", reusable: false },
    { closed: true },
  ],
  ["a body cut short by the end", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", undefined, { closed: true }],
  [
    "bytes beyond the response make the connection useless",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
    { status: 200, body: "a", reusable: false },
  ],
  ["a status without a reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", { status: 200, body: "", reusable: true }],
];

for (const [why, text, expected, options] of rows) {
  test(why, () => assert.deepEqual(parse(text, options), expected));
}

test("a response is read alike however its bytes are cut", () => {
  const texts = rows.filter(([, , expected, options]) => expected && !options).map(([, text]) => text);
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.array(fc.nat(200)), (text, cuts) => {
      const bytes = Buffer.from(text, "latin1");
      const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
      // One buffer is used again for every piece, as a connection's reads do.
      const shared = Buffer.alloc(bytes.length);
      const parser = new ResponseParser();
      parser.begin(false);
      let whole = false;
      for (const [index, end] of places.slice(1).entries()) {
        const length = bytes.copy(shared, 0, places[index], end);
        if (!whole && length > 0) whole = parser.feed(shared.subarray(0, length));
        if (whole) break;
        shared.fill("?");
      }
      assert.ok(whole);
      const { status, body } = parse(text) as Read;
      assert.equal(parser.status, status);
      assert.equal(parser.body.toString(), body);
    }),
  );
});

const broken: [why: string, text: string, code: string][] = [
  ["garbage", "SSH-2.0-OpenSSH_9.2\r\n", "INVALID_HTTP"],
  ["a status line of another protocol", "HTTP/3.0 200 OK\r\n\r\n", "INVALID_HTTP"],
  ["a length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "INVALID_HTTP"],
  ["a chunk size that is no number", `${chunked.split("4;x=1")[0]}zz\r\n`, "INVALID_HTTP"],
  ["a chunk longer than its size", `${chunked.split("4;x=1")[0]}1\r\nabc\r\n`, "INVALID_HTTP"],
  ["an unknown transfer coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "INVALID_HTTP"],
  ["headers without end", `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(20_000)}`, "UND_ERR_HEADERS_OVERFLOW"],
  ["a body beyond the limit", "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", "UND_ERR_RES_EXCEEDED_MAX_SIZE"],
];

for (const [why, text, code] of broken) {
  test(`${why} is ${code}`, () => {
    assert.throws(
      () => parse(text),
      (error) => error instanceof ResponseError && error.code === code,
    );
  });
}

test("any bytes at all are a response, an error of a known class, or not enough", () => {
  const start = fc.constantFrom("", "HTTP/1.1 200 OK\r\n", chunked.slice(0, 50));
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 300 }), (text, bytes) => {
      try {
        read([Buffer.from(text), Buffer.from(bytes)]);
      } catch (error) {
        assert.ok(error instanceof ResponseError, String(error));
      }
    }),
  );
});
