import { bits, seedOf } from "../plan/random.ts";
import type { Piece, Slot } from "../plan/requestTemplate.ts";
import { writeValue } from "../plan/values.ts";

/** Digits of an id that is made for each request: the n-th has ID_BASE + n. */
export const ID_BASE = 100_000_000_000;
export const ID_DIGITS = 12;

/** Where an id that is made for each request stands. */
export interface IdPlace {
  /** Its first digit, as an offset in the bytes concerned. */
  at: number;
  /** Which call of a batch it is the id of, counted from 0. */
  part: number;
}

/** What the placeholders of the n-th request are filled from. */
export interface RenderInput {
  n: number;
  seed: number;
  /** The chain's newest block, where it is known. */
  block: number;
  row: Record<string, string>;
}

/** Bytes as characters, and where ids are to be written into them. */
export interface Rendered {
  bytes: string;
  ids: IdPlace[];
}

/** Fills a template in. Each id is left as `ID_BASE`'s digits, and its place noted, to be written for each request. */
export function render(pieces: readonly Piece[], input: RenderInput): Rendered {
  let bytes = "";
  const ids: IdPlace[] = [];
  for (const [place, piece] of pieces.entries()) {
    if (typeof piece === "string") bytes += piece;
    else {
      if (piece.placeholder.kind === "id") ids.push({ at: bytes.length, part: piece.part });
      bytes += fill(piece, place, input);
    }
  }
  return { bytes, ids };
}

function fill({ placeholder, writing }: Slot, place: number, { n, seed: partSeed, block, row }: RenderInput): string {
  const seed = seedOf(String(place), partSeed);
  switch (placeholder.kind) {
    case "id":
      return String(ID_BASE);
    case "address":
      return `0x${hex(40, n, seed)}`;
    case "hex":
      return `0x${hex(placeholder.digits, n, seed)}`;
    case "integer":
      return String(between(placeholder, n, seed));
    case "block":
      return `0x${Math.max(0, block + between(placeholder, n, seed)).toString(16)}`;
    case "data":
      return writeValue(row[placeholder.field] ?? "", writing);
  }
}

/** Digits of which each eight are another permutation of n: no two requests have the same. */
function hex(digits: number, n: number, seed: number): string {
  let text = "";
  for (let word = 0; text.length < digits; word++)
    text += bits(n, seed + word)
      .toString(16)
      .padStart(8, "0");
  return text.slice(0, digits);
}

function between({ from, to }: { from: number; to: number }, n: number, seed: number): number {
  const share = (bits(n, seed) * 2 ** 21 + (bits(n, seed + 1) >>> 11)) / 2 ** 53;
  return from + Math.floor(share * (to - from + 1));
}
