import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { decodeApart, decodeAtOnce } from "../../lib/http/decode.ts";
import { ResponseError } from "../../lib/http/responseError.ts";

const BODY = Buffer.from('{"jsonrpc":"2.0","id":1,"result":"0x10d4f"}');
const HALVES = [BODY.subarray(0, 20), BODY.subarray(20)];

/** A frame that decoders skip (RFC 8878, section 3.1.2), as pzstd writes one before each of its frames. */
const SKIPPED = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);

/** What a body becomes on the sending thread and in the thread pool: its text, a class, or undefined for "not at once". */
async function decoded(body: Buffer, codings: string, mostBytes = 100): Promise<(string | undefined)[]> {
  const classOf = (error: unknown): string => {
    assert.ok(error instanceof ResponseError, String(error));
    return error.code;
  };
  let atOnce: string | undefined;
  try {
    atOnce = decodeAtOnce(body, codings, mostBytes)?.toString();
  } catch (error) {
    atOnce = classOf(error);
  }
  return [atOnce, await decodeApart(body, codings, mostBytes).then(String, classOf)];
}

test("a body in one part is decoded at once, of each coding and of several", async () => {
  for (const [codings, body] of [
    ["gzip", gzipSync(BODY)],
    ["x-gzip", gzipSync(BODY)],
    ["deflate", deflateSync(BODY)],
    ["deflate", deflateRawSync(BODY)],
    ["br", brotliCompressSync(BODY)],
    ["zstd", zstdCompressSync(BODY)],
    ["zstd,gzip", gzipSync(zstdCompressSync(BODY))],
  ] as const) {
    assert.deepEqual(await decoded(body, codings), [String(BODY), String(BODY)], codings);
  }
});

test("a gzip body of several members is all of them (RFC 1952, section 2.2)", async () => {
  const members = Buffer.concat(HALVES.map((each) => gzipSync(each)));
  assert.deepEqual(await decoded(members, "gzip"), [String(BODY), String(BODY)]);
});

test("a zstd body of several frames is all of them, whatever is to be skipped between them", async () => {
  const [first, second] = HALVES.map((each) => zstdCompressSync(each)) as [Buffer, Buffer];
  for (const frames of [
    [first, second],
    [SKIPPED, first, SKIPPED, second, SKIPPED],
    [first, zstdCompressSync(""), second],
  ]) {
    assert.deepEqual(await decoded(Buffer.concat(frames), "zstd"), [undefined, String(BODY)]);
  }
  const page = Buffer.concat([first, Buffer.from("<html>")]);
  assert.deepEqual(await decoded(page, "zstd"), [undefined, "invalid-encoding"]);
});

test("frames together are held to the limit of a body, and their number is limited", async () => {
  const frame = zstdCompressSync(Buffer.alloc(60));
  const two = Buffer.concat([frame, frame]);
  assert.deepEqual((await decoded(two, "zstd", 119))[1], "body-too-large");
  assert.equal((await decoded(two, "zstd", 120))[1]?.length, 120);
  const many = (count: number) => decoded(Buffer.concat(Array.from({ length: count }, () => SKIPPED)), "zstd");
  assert.equal((await many(1_000))[1], "");
  assert.equal((await many(1_001))[1], "invalid-encoding");
});

test("a body that is cut short, or is not in its coding, is invalid-encoding", async () => {
  for (const [codings, body] of [
    ["gzip", gzipSync(BODY).subarray(0, -8)],
    ["gzip", BODY],
    ["deflate", deflateSync(BODY).subarray(0, -6)],
    ["br", brotliCompressSync(BODY).subarray(0, -3)],
    ["zstd", zstdCompressSync(BODY).subarray(0, -3)],
    ["compress", BODY],
  ] as const) {
    assert.deepEqual(await decoded(body, codings), ["invalid-encoding", "invalid-encoding"], codings);
  }
});

test("a body that decodes to more than the limit is body-too-large, and one as long as the limit is read", async () => {
  const { length } = BODY;
  for (const [codings, body] of [
    ["gzip", gzipSync(BODY)],
    ["br", brotliCompressSync(BODY)],
    ["zstd", zstdCompressSync(BODY)],
  ] as const) {
    assert.deepEqual(await decoded(body, codings, length - 1), ["body-too-large", "body-too-large"], codings);
    assert.deepEqual(await decoded(body, codings, length), [String(BODY), String(BODY)], codings);
  }
});

test("what takes long is not decoded at once: many bytes, encoded or decoded", async () => {
  const large = Buffer.alloc(2 * 2 ** 20, "x");
  assert.equal(decodeAtOnce(gzipSync(large), "gzip", 4 * 2 ** 20), undefined);
  assert.equal((await decodeApart(gzipSync(large), "gzip", 4 * 2 ** 20)).length, large.length);
  assert.equal(decodeAtOnce(gzipSync(large, { level: 0 }), "gzip", 2 ** 18), undefined);
});
