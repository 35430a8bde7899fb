import assert from "node:assert/strict";
import { test } from "node:test";
import { batchId, ID_DIGITS } from "../../../lib/answers/ids.ts";
import { HpackDecoder } from "../../../lib/http/h2/hpackDecoder.ts";
import { RequestBlocks } from "../../../lib/http/h2/requestBlock.ts";
import { type WireRequest, writeIds } from "../../../lib/http/request.ts";

const BLOCKS = (): RequestBlocks => new RequestBlocks("https://example.com");
const FRAME_HEAD_BYTES = 9;

function request(parts: Partial<WireRequest>): WireRequest {
  const ids = { http1: [], body: [], path: [], headers: [] };
  return {
    ...{ origin: "https://example.com", path: "/", method: "POST", headers: [], body: null },
    ...{ bytes: 0, http1: Buffer.alloc(0), closes: false, parts: 1, ids },
    ...parts,
  };
}

/** The fields of framed header blocks, and the length of each frame's payload. */
function read(bytes: Buffer): { fields: string[] | undefined; lengths: number[] } {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + FRAME_HEAD_BYTES + bytes.readUIntBE(at, 3);
    pieces.push(bytes.subarray(at + FRAME_HEAD_BYTES, end));
    at = end;
  }
  const block = Buffer.concat(pieces);
  const fields = new HpackDecoder().decode(block, [0, block.length], 1_000_000);
  return { fields, lengths: pieces.map(({ length }) => length) };
}

test("a request's headers are lower-case and in order, after the pseudo-headers; Host is :authority", () => {
  const block = BLOCKS().of(request({ path: "/x", headers: ["X-A", "b", "Host", "other", "X-A", "c"] }));
  assert.ok(block);
  assert.deepEqual(read(block.bytes).fields, [
    ...[":authority", "other", ":scheme", "https", ":method", "POST", ":path", "/x", "x-a", "b", "x-a", "c"],
  ]);
});

test("a connection's first block sets the table's size to 0; later ones use no table either", () => {
  const blocks = BLOCKS();
  const first = blocks.firstOf(request({}))?.bytes;
  const later = blocks.of(request({}))?.bytes;
  assert.equal(first?.[FRAME_HEAD_BYTES], 0x20);
  assert.deepEqual(first?.subarray(FRAME_HEAD_BYTES + 1), later?.subarray(FRAME_HEAD_BYTES));
});

test("secrets are literals that no proxy may index", () => {
  const block = BLOCKS().of(request({ headers: ["Authorization", "x"] }))?.bytes;
  assert.equal(block?.subarray(-4).toString("hex"), "1f080178");
});

test("requests of one target share a block unless path, method or the body's length differ", () => {
  const blocks = BLOCKS();
  const headers = ["x-a", "b"];
  const of = (parts: Partial<WireRequest>) => blocks.of(request({ headers, ...parts }));
  const known = of({ body: Buffer.from("a") });
  assert.equal(of({ body: Buffer.from("b") }), known);
  assert.notEqual(of({ body: Buffer.from("bb") }), known);
  assert.notEqual(of({ path: "/x", body: Buffer.from("bb") }), known);
  assert.equal(of({ method: "GET" })?.bytes[4], 5, "END_STREAM and END_HEADERS");
});

test("a long block goes on in CONTINUATION frames, and no id is cut", () => {
  for (let shift = 0; shift < 2 * ID_DIGITS; shift++) {
    const value = "v".repeat(16_300 + shift) + "0".repeat(ID_DIGITS) + "w".repeat(20_000);
    const ids = { http1: [], body: [], path: [], headers: [{ index: 1, ids: [{ at: 16_300 + shift, part: 0 }] }] };
    const block = BLOCKS().of(request({ headers: ["x-a", value], ids }));
    assert.ok(block);
    writeIds(block.bytes, block.ids, 12_345, 1);
    const { fields, lengths } = read(block.bytes);
    assert.equal(fields?.at(-1)?.slice(16_300 + shift, 16_300 + shift + ID_DIGITS), String(batchId(12_345, 0, 1)));
    assert.equal(fields?.at(-1)?.length, value.length);
    assert.ok(lengths.length === 3 && lengths.every((length) => length <= 16_384), lengths.join());
    assert.equal(block.frames.length, 3);
  }
});

test("headers that HTTP/2 forbids make a request invalid", () => {
  for (const headers of [
    ["Connection", "close"],
    ["TE", "gzip"],
    ["Transfer-Encoding", "chunked"],
  ])
    assert.equal(BLOCKS().of(request({ headers })), undefined);
  assert.ok(BLOCKS().of(request({ headers: ["TE", "trailers"] })));
});
