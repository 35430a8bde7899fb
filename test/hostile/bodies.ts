import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { RELAY } from "../support/servers.ts";
import type { Dice } from "./dice.ts";

const DEEP = 50_000;

const BODIES: readonly string[] = [
  RELAY,
  RELAY,
  "",
  "null",
  "[]",
  "{}",
  '{"jsonrpc":"2.0","id":1,"result":null}',
  '{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"limit exceeded"}}',
  '{"jsonrpc":"2.0","id":1,"error":"x"}',
  `{"jsonrpc":"2.0","id":${"[".repeat(DEEP)}${"]".repeat(DEEP)},"result":1}`,
  `{"jsonrpc":"2.0","id":1,"result":${'{"a":'.repeat(DEEP)}1${"}".repeat(DEEP)}}`,
  '{"toString":1,"valueOf":1,"__proto__":{"result":1},"id":1}',
  `{"jsonrpc":"2.0","id":1${"0".repeat(20_000)},"result":1}`,
  `{"jsonrpc":"2.0","id":1,"result":"${"\\u0000".repeat(5_000)}"}`,
  `[${Array.from({ length: 500 }, () => RELAY).join()}]`,
  `"${"\ud83d".repeat(100)}"`,
];

const ZEROS = "0".repeat(6_000_000);
const ENCODED: readonly [coding: string, encode: (body: string) => Buffer][] = [
  ["gzip", gzipSync],
  ["deflate", deflateSync],
  ["deflate", deflateRawSync],
  ["br", (body) => brotliCompressSync(body)],
  ["zstd", zstdCompressSync],
  ["gzip, br", (body) => brotliCompressSync(gzipSync(body))],
];
const BOMBS = ENCODED.map(([coding, encode]) => ({ coding, bytes: encode(ZEROS) }));

/** A body, and the coding that its head is to name. */
export function hostileBody(dice: Dice): { bytes: Buffer; coding?: string } {
  if (dice.chance(0.05)) return { bytes: dice.bytes(dice.below(2_000)) };
  if (dice.chance(0.03)) return dice.one(BOMBS);
  const body = dice.one(BODIES);
  if (dice.chance(0.75)) return { bytes: Buffer.from(body) };
  const [coding, encode] = dice.one(ENCODED);
  const bytes = encode(body);
  if (dice.chance(0.3)) return { bytes: mutated(bytes, dice), coding };
  return { bytes, coding: dice.chance(0.1) ? dice.one(["compress", "gzip", "br", "x".repeat(50)]) : coding };
}

/** The same bytes with some changed, left out, doubled or put in. */
export function mutated(bytes: Buffer, dice: Dice): Buffer {
  let changed = Buffer.from(bytes);
  for (let count = 1 + dice.below(4); count > 0; count--) {
    const at = dice.below(changed.length + 1);
    const length = dice.below(Math.min(64, changed.length - at + 1));
    const [before, piece, after] = [
      changed.subarray(0, at),
      changed.subarray(at, at + length),
      changed.subarray(at + length),
    ];
    const between = dice.one([
      () => Buffer.alloc(0),
      () => Buffer.concat([piece, piece]),
      () => dice.bytes(length),
      () => Buffer.concat([piece, Buffer.from(dice.one(["\r", "\n", "\0", " ", "\r\n\r\n", ":", "\xff"]), "latin1")]),
    ])();
    changed = Buffer.concat([before, between, after]);
  }
  return changed;
}
