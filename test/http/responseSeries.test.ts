import assert from "node:assert/strict";
import { test } from "node:test";
import { ResponseMemory } from "../../lib/http/gathered.ts";
import { Reading, ResponseParser } from "../../lib/http/response.ts";

/* Responses one after another, their sizes and their memory. response.test.ts holds what one response means. */

const MAX_BODY_BYTES = 1_000;

/** nginx's head of a JSON-RPC answer, the same for all answers of one second. */
const HEAD =
  "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 28 Nov 2026 10:00:00 GMT\r\n" +
  "Content-Type: application/json\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n";

/** Feeds pieces to a response; gives its body and whether the connection can be used again; undefined while it lasts. */
function next(parser: ResponseParser, pieces: readonly string[], isHead = false): [string, boolean] | undefined {
  parser.begin(isHead);
  const isWhole = pieces.map((piece) => parser.feed(Buffer.from(piece))).at(-1);
  return isWhole ? [parser.body.toString(), parser.reusable] : undefined;
}

/** A response in two pieces, for each place where it can be cut. */
function cuts(text: string): [string, string][] {
  return Array.from({ length: text.length - 1 }, (_, index) => [text.slice(0, index + 1), text.slice(index + 1)]);
}

test("responses with one and the same head have each their own body, wherever their bytes are cut", () => {
  const parser = new ResponseParser();
  assert.deepEqual(next(parser, [`${HEAD}first`]), ["first", true]);
  for (const pieces of cuts(`${HEAD}other`)) {
    assert.deepEqual(next(parser, pieces), ["other", true], JSON.stringify(pieces[0]));
  }
});

test("a head that differs from the last one in a byte is read as it stands", () => {
  const parser = new ResponseParser();
  next(parser, [`${HEAD}first`]);
  assert.deepEqual(next(parser, [HEAD.replace("h: 5", "h: 3"), "two"]), ["two", true]);
  assert.deepEqual(next(parser, [`${HEAD.replace("keep-alive", "close     ")}third`]), ["third", false]);
  const echoes = `HTTP/1.1 200 OK\r\nConnection: close\r\nX-Echo: `;
  next(parser, [`${HEAD}first`]);
  assert.deepEqual(next(parser, [echoes, `${HEAD}fifth`]), ["fifth", false], "a head within a value of another one");
});

test("an answer to HEAD has no body, and the answer to GET with the same head has one", () => {
  const parser = new ResponseParser();
  assert.deepEqual(next(parser, [HEAD], true), ["", true]);
  assert.deepEqual(next(parser, [`${HEAD}first`]), ["first", true]);
  assert.deepEqual(next(parser, [HEAD], true), ["", true]);
  assert.equal(next(parser, [HEAD]), undefined);
});

test("chunks are read alike wherever their bytes are cut", () => {
  const parser = new ResponseParser();
  const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const pieces of cuts(`${head}4;x=1\r\nabcd\r\n3\r\nefg\r\n0\r\nA: b\r\n\r\n`)) {
    assert.deepEqual(next(parser, pieces), ["abcdefg", true], JSON.stringify(pieces[0]));
  }
});

test("a response has begun with its first byte, be it of an interim head, and not before", () => {
  const parser = new ResponseParser();
  parser.begin(false);
  assert.deepEqual([parser.hasBegun, parser.status, parser.codings, parser.close()], [false, 0, "", false]);
  parser.feed(Buffer.from("H"));
  assert.deepEqual([parser.hasBegun, parser.status, parser.close()], [true, 0, false]);
  parser.begin(false);
  assert.equal(parser.hasBegun, false, "what came before belongs to another request");
  parser.feed(Buffer.from("HTTP/1.1 103 Early Hints\r\n\r\n"));
  assert.deepEqual([parser.hasBegun, parser.status], [true, 0]);
  parser.begin(false);
  parser.feed(Buffer.from(HEAD));
  assert.deepEqual([parser.hasBegun, parser.status, parser.body.toString()], [true, 200, ""]);
});

/** What a body of some bytes ends in, when it comes in pieces of one framing. */
function sized(bytes: number, framing: "length" | "chunked" | "until-close", pieces: number): string {
  const parser = new ResponseParser(new Reading(MAX_BODY_BYTES));
  const size = bytes / pieces;
  const piece = "x".repeat(size);
  const line =
    framing === "length" ? `Content-Length: ${bytes}` : framing === "chunked" ? "Transfer-Encoding: chunked" : "A: b";
  const body = framing === "chunked" ? `${size.toString(16)}\r\n${piece}\r\n` : piece;
  try {
    parser.begin(false);
    parser.feed(Buffer.from(`HTTP/1.1 200 OK\r\n${line}\r\n\r\n`));
    for (let count = 0; count < pieces; count++) parser.feed(Buffer.from(body));
    if (framing === "chunked") parser.feed(Buffer.from("0\r\n\r\n"));
    return `${parser.body.length} bytes`;
  } catch (error) {
    return (error as Error).message;
  }
}

test("a body as long as the limit is read, and one byte more is told with the limit, in each framing", () => {
  for (const framing of ["length", "chunked", "until-close"] as const) {
    for (const pieces of [1, 4]) {
      assert.equal(sized(MAX_BODY_BYTES, framing, pieces), `${MAX_BODY_BYTES} bytes`, `${framing}, ${pieces}`);
      const longer = sized(MAX_BODY_BYTES + pieces, framing, pieces);
      assert.equal(longer, `the body is longer than ${MAX_BODY_BYTES} bytes`, `${framing}, ${pieces}`);
    }
  }
});

test("a head may have 64 KiB, whatever follows it in the same bytes", () => {
  const filled = (bytes: number): string => {
    const start = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nX: ";
    return `${start}${"x".repeat(bytes - start.length - 4)}\r\n\r\n`;
  };
  const body = "y".repeat(100_000);
  const longest = filled(64 * 1_024);
  assert.equal(next(new ResponseParser(), [longest + body])?.[0], body);
  assert.equal(next(new ResponseParser(), [longest.slice(0, 9), longest.slice(9) + body])?.[0], body);
  assert.throws(() => next(new ResponseParser(), [filled(64 * 1_024 + 1)]), { code: "headers-too-large" });
});

test("a response that comes in one piece is read without a copy: it needs no memory", () => {
  const memory = new ResponseMemory(0);
  const parser = new ResponseParser(new Reading(MAX_BODY_BYTES, memory));
  for (const text of [`${HEAD}first`, `${HEAD}again`, "HTTP/1.1 204 No Content\r\n\r\n"]) {
    const fed = Buffer.from(text);
    parser.begin(false);
    assert.ok(parser.feed(fed));
    const { body } = parser;
    assert.equal(body.length === 0 || body.buffer === fed.buffer, true);
  }
  assert.throws(() => next(parser, [HEAD.slice(0, 20), HEAD.slice(20)]), { code: "response-memory" });
});

test("what a response in pieces held is free once it is read or given up", () => {
  const memory = new ResponseMemory(10_000);
  const parser = new ResponseParser(new Reading(MAX_BODY_BYTES, memory));
  next(parser, [HEAD.slice(0, 20), `${HEAD.slice(20)}first`]);
  assert.equal(memory.left, 10_000, "a head in two pieces, once it is read");
  next(parser, [HEAD.slice(0, 20)]);
  assert.ok(memory.left < 10_000);
  parser.release();
  assert.equal(memory.left, 10_000, "a part of a head");
  next(parser, [`${HEAD}fi`]);
  assert.ok(memory.left < 10_000);
  assert.deepEqual(next(parser, [`${HEAD}an`, "ew!"]), ["anew!", true]);
  parser.release();
  assert.equal(memory.left, 10_000);
});
