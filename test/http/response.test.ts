import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ResponseMemory } from "../../lib/http/gathered.ts";
import { Reading, ResponseParser } from "../../lib/http/response.ts";
import { ResponseError } from "../../lib/http/responseError.ts";

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
  [
    "lines of a head that end with a lone LF",
    "HTTP/1.1 200 OK\nContent-Length: 6\nA: b\n\na\r\n\r\nb",
    { status: 200, body: "a\r\n\r\nb", reusable: true },
  ],
  [
    "lines of both kinds in one head",
    "HTTP/1.1 200 OK\r\nA: b\nContent-Length: 1\r\n\na",
    { status: 200, body: "a", reusable: true },
  ],
  [
    "the same length twice, and in a list",
    "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nCONTENT-LENGTH:1 , 1\r\n\r\na",
    { status: 200, body: "a", reusable: true },
  ],
  [
    "a value that goes on on the next line (obs-fold)",
    "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nTransfer-Encoding:\r\n\tchunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    { status: 200, body: "a", reusable: true },
  ],
  [
    "HTTP/1.0 that keeps the connection",
    "HTTP/1.0 200 OK\r\nCONNECTION: Keep-Alive\r\nContent-Length: 1\r\n\r\na",
    { status: 200, body: "a", reusable: true },
  ],
  [
    "a later minor version is HTTP/1.1 to us",
    "HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n",
    { status: 200, body: "", reusable: true },
  ],
  [
    "close among other options, on a line of its own",
    "HTTP/1.1 200 OK\r\nConnection: x\r\nConnection: y ,\tClose\r\nContent-Length: 0\r\n\r\n",
    { status: 200, body: "", reusable: false },
  ],
  [
    "an option that only has close in its name",
    "HTTP/1.1 200 OK\r\nConnection: not-close\r\nContent-Length: 0\r\n\r\n",
    { status: 200, body: "", reusable: true },
  ],
  [
    "chunks in HTTP/1.0: nothing may follow",
    "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    { status: 200, body: "", reusable: false },
  ],
  [
    "chunk sizes with zeros before them, blanks after them and extensions",
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0001  \r\na\r\n1 ;a="b;c"\r\nb\r\n000\r\n\r\n',
    { status: 200, body: "ab", reusable: true },
  ],
  [
    "the old identity coding is none",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 1\r\n\r\na",
    { status: 200, body: "a", reusable: true },
  ],
  [
    "304 has no body, whatever its length",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n",
    { status: 304, body: "", reusable: true },
  ],
  [
    "names that only begin like others",
    "HTTP/1.1 200 OK\r\nContent-Length-X: 9\r\nX-Content-Length: 8\r\nContent-Length: 1\r\n\r\na",
    { status: 200, body: "a", reusable: true },
  ],
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

/** A head with these lines. */
function head(...lines: string[]): string {
  return `HTTP/1.1 200 OK\r\n${lines.join("\r\n")}\r\n\r\n`;
}

const TOO_LONG = "body-too-large";

const broken: [why: string, text: string, code: string][] = [
  ["garbage", "SSH-2.0-OpenSSH_9.2\r\n", "invalid-http"],
  ["a status line of another protocol", "HTTP/3.0 200 OK\r\n\r\n", "invalid-http"],
  ["a length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "invalid-http"],
  ["a chunk size that is no number", `${chunked.split("4;x=1")[0]}zz\r\n`, "invalid-http"],
  ["a chunk longer than its size", `${chunked.split("4;x=1")[0]}1\r\nabc\r\n`, "invalid-http"],
  ["a length and chunks", head("Content-Length: 1", "Transfer-Encoding: chunked"), "invalid-http"],
  [
    "chunks and a length, with the coding's name in capitals",
    head("Transfer-Encoding: CHUNKED", "Content-Length: 0"),
    "invalid-http",
  ],
  [
    "a length and a body that is compressed until the close",
    head("Content-Length: 1", "Transfer-Encoding: gzip"),
    "invalid-http",
  ],
  ["an unknown transfer coding", head("Transfer-Encoding: rot13, chunked"), "invalid-http"],
  ["a transfer coding with a parameter", head("Transfer-Encoding: chunked;q=1"), "invalid-http"],
  ["chunked that is not the last coding", head("Transfer-Encoding: chunked, gzip"), "invalid-http"],
  ["chunked twice", head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), "invalid-http"],
  ["chunked before identity", head("Transfer-Encoding: chunked, identity"), "invalid-http"],
  ["two lengths", head("Content-Length: 1", "Content-Length: 2"), "invalid-http"],
  ["two lengths in a list", head("Content-Length: 1, 2"), "invalid-http"],
  ["a length with a sign", head("Content-Length: +1"), "invalid-http"],
  ["a length in hexadecimal", head("Content-Length: 0x1"), "invalid-http"],
  ["a length after a blank that is none of HTTP's", head("Content-Length: \xa01"), "invalid-http"],
  ["an empty length", head("Content-Length: "), "invalid-http"],
  ["a length that goes on on the next line", head("Content-Length: 1", " 1"), "invalid-http"],
  ["a blank before the colon", head("Content-Length : 1"), "invalid-http"],
  ["a line without a colon", head("Content-Length"), "invalid-http"],
  ["a name with a blank in it", head("Content Length: 1"), "invalid-http"],
  ["a blank before the first header", head(" Content-Length: 1"), "invalid-http"],
  ["a CR within a value", head("A: b\rContent-Length: 1"), "invalid-http"],
  ["a NUL within a value", head("A: b\0"), "invalid-http"],
  ["a CR within the status line", "HTTP/1.1 200 O\rK\r\n\r\n", "invalid-http"],
  ["two blanks before the status", "HTTP/1.1  200 OK\r\n\r\n", "invalid-http"],
  ["a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", "invalid-http"],
  ["a switch of protocols that nobody asked for", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", "invalid-http"],
  ["HTTP/2", "HTTP/2.0 200 OK\r\n\r\n", "invalid-http"],
  ["an empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n", "invalid-http"],
  ["a chunk's line that ends with a lone LF", `${head("Transfer-Encoding: chunked")}1\na\r\n`, "invalid-http"],
  ["a CR within an extension", `${head("Transfer-Encoding: chunked")}1;a\rb\r\na\r\n`, "invalid-http"],
  ["a chunk size with a sign", `${head("Transfer-Encoding: chunked")}+1\r\n`, "invalid-http"],
  ["a chunk size with a prefix", `${head("Transfer-Encoding: chunked")}0x1\r\n`, "invalid-http"],
  ["a blank before a chunk size", `${head("Transfer-Encoding: chunked")} 1\r\n`, "invalid-http"],
  ["a chunk beyond the limit", `${head("Transfer-Encoding: chunked")}fffffffffffffff\r\n`, TOO_LONG],
  ["a length beyond all numbers", head(`Content-Length: ${"9".repeat(400)}`), TOO_LONG],
  [
    "extensions without end",
    head("Transfer-Encoding: chunked") + `1;${"x".repeat(4_000)}\r\na\r\n`.repeat(5),
    "invalid-http",
  ],
  [
    "trailers without end",
    `${head("Transfer-Encoding: chunked")}0\r\n${"a: b\r\n".repeat(20_000)}`,
    "headers-too-large",
  ],
  ["interim responses without end", "HTTP/1.1 103 x\r\n\r\n".repeat(5_000), "headers-too-large"],
  ["headers without end", `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(20_000)}`, "headers-too-large"],
  ["a body beyond the limit", "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", "body-too-large"],
];

for (const [why, text, code] of broken) {
  test(`${why} is ${code}`, () => {
    assert.throws(
      () => parse(text),
      (error) => error instanceof ResponseError && error.code === code,
    );
  });
}

const BLANKS = " ".repeat(60_000);
const hostile: [what: string, text: string][] = [
  ["blanks in Connection", head(`Connection: a${BLANKS}b`)],
  ["blanks before Content-Length's end", head(`Content-Length:${BLANKS}1${BLANKS}`.slice(0, 60_000))],
  ["blanks and CR in Transfer-Encoding", head(`Transfer-Encoding: ${" \r".repeat(25_000)}`)],
  ["commas in Connection", head(`Connection: ${",".repeat(60_000)}`)],
  ["Connection again and again", head(...Array.from({ length: 4_000 }, () => "Connection: a"))],
  ["folds without end", head("Connection: a", ...Array.from({ length: 15_000 }, () => " "))],
  ["colons", head(":".repeat(60_000))],
  ["a chunk for each byte", `${head("Transfer-Encoding: chunked")}${"1\r\na\r\n".repeat(20_000)}0\r\n\r\n`],
];

for (const [what, text] of hostile) {
  for (const size of [text.length, 1]) {
    test(`${what}, ${size === 1 ? "byte by byte" : "in one piece"}, take no time to speak of`, () => {
      const bytes = Buffer.from(text, "latin1");
      const parser = new ResponseParser();
      parser.begin(false);
      const before = process.cpuUsage();
      try {
        for (let at = 0; at < bytes.length; at += size) if (parser.feed(bytes.subarray(at, at + size))) break;
      } catch (error) {
        assert.ok(error instanceof ResponseError, String(error));
      }
      // CPU time, for it runs beside other tests. What is quadratic in 60 KB takes seconds.
      const { user } = process.cpuUsage(before);
      assert.ok(user < 1_000_000, `${user / 1_000} ms`);
    });
  }
}

test("a large body in small pieces takes time in proportion to its length", () => {
  const parser = new ResponseParser();
  parser.begin(false);
  parser.feed(Buffer.from(head("Content-Length: 3000000")));
  const piece = Buffer.alloc(50, "x");
  const before = process.cpuUsage();
  for (let count = 0; count < 60_000; count++) parser.feed(piece);
  assert.equal(parser.body.length, 3_000_000);
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 2_000_000, `${(user + system) / 1_000} ms`);
});

test("what responses take in part is bounded over all connections, and given back", () => {
  const memory = new ResponseMemory(10_000);
  const parsers = [0, 1, 2].map(() => new ResponseParser(new Reading(8_000, memory)));
  const begin = (parser: ResponseParser | undefined): void => {
    parser?.begin(false);
    parser?.feed(Buffer.from(`${head("Content-Length: 4500")}${"x".repeat(4_000)}`));
  };
  begin(parsers[0]);
  begin(parsers[1]);
  assert.throws(() => begin(parsers[2]), { code: "response-memory" });
  for (const parser of parsers) parser.release();
  assert.equal(memory.left, 10_000);
  begin(parsers[2]);
});

test("a body's codings are told, those of its transfer last", () => {
  const codings = (...lines: string[]): string => {
    const parser = new ResponseParser();
    parser.begin(false);
    parser.feed(Buffer.from(head(...lines)));
    return parser.codings;
  };
  assert.equal(codings("Content-Length: 1"), "");
  assert.equal(codings("Content-Encoding: GZip", "Content-Length: 1"), "gzip");
  assert.equal(codings("Content-Encoding: identity, br", "Content-Encoding: gzip"), "br,gzip");
  assert.equal(codings("Content-Encoding: br", "Transfer-Encoding: gzip, chunked"), "br,gzip");
});

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

test("a head's text is kept for its headers, and that of a long head is not", () => {
  const headersOf = (padding: number): string[] => {
    const parser = new ResponseParser();
    parser.begin(false);
    const head = `HTTP/1.1 204 No Content\r\nX-Pad: ${"x".repeat(padding)}\r\nRetry-After: 1\r\n\r\n`;
    assert.ok(parser.feed(Buffer.from(head)));
    assert.equal(parser.status, 204);
    return parser.headers.all().map(([name]) => name);
  };
  assert.deepEqual(headersOf(100), ["x-pad", "retry-after"]);
  assert.deepEqual(headersOf(9_000), []);
});
