import { ID_BASE, type IdPlace } from "../answers/ids.ts";
import type { Piece, Slot } from "../plan/requestTemplate.ts";
import { writeValue } from "../plan/values.ts";
import { bits, seedOf } from "../schedule/random.ts";

/** The inputs for the n-th request's placeholders, besides the seed. */
export interface RenderInput {
  n: number;
  /** The chain's newest block, if it is known. */
  block: number;
  row: Record<string, string>;
  /** The latest values of the chain's lookups. */
  lookups?: Readonly<Record<string, string>>;
}

/** Bytes as latin1 characters, and the positions where ids are written. */
export interface Rendered {
  bytes: string;
  ids: IdPlace[];
}

/**
 * A part of a request, such as its path or a header's value. A part whose only placeholders are ids is filled in once.
 */
export class Part {
  readonly #pieces: readonly Piece[];
  /** By piece, so that random values of different placeholders are independent. */
  readonly #seeds: readonly number[];
  readonly #fixed: Rendered | undefined;

  constructor(pieces: readonly Piece[], seed: number) {
    this.#pieces = pieces;
    this.#seeds = pieces.map((_, place) => seedOf(String(place), seed));
    const varies = pieces.some((piece) => typeof piece !== "string" && piece.placeholder.kind !== "id");
    if (!varies) this.#fixed = this.#fill({ n: 0, block: 0, row: {} });
  }

  /** Whether it differs between requests in more than its ids. */
  get varies(): boolean {
    return this.#fixed === undefined;
  }

  /**
   * Fills it in. Each id is left as the digits of `ID_BASE`, with its position in `ids`, to be overwritten for each
   * request.
   */
  render(input: RenderInput): Rendered {
    return this.#fixed ?? this.#fill(input);
  }

  #fill(input: RenderInput): Rendered {
    let bytes = "";
    const ids: IdPlace[] = [];
    for (const [place, piece] of this.#pieces.entries()) {
      if (typeof piece === "string") bytes += piece;
      else {
        if (piece.placeholder.kind === "id") ids.push({ at: bytes.length, part: piece.part });
        bytes += fill(piece, this.#seeds[place] as number, input);
      }
    }
    return { bytes, ids };
  }
}

/** A lookup's value before its first call has returned one: it fits everywhere. */
const NO_VALUE = "0";

function fill({ placeholder, writing }: Slot, seed: number, { n, block, row, lookups = {} }: RenderInput): string {
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
    case "lookup":
      return writeValue(lookups[placeholder.name] ?? NO_VALUE, writing);
  }
}

/** Every byte in hexadecimal. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Hexadecimal digits; every group of eight is a different permutation of n, so no two requests have the same. */
function hex(digits: number, n: number, seed: number): string {
  let text = "";
  for (let word = 0; text.length < digits; word++) {
    const own = bits(n, seed + word);
    for (let shift = 24; shift >= 0; shift -= 8) text += HEX[(own >>> shift) & 0xff];
  }
  return text.slice(0, digits);
}

function between({ from, to }: { from: number; to: number }, n: number, seed: number): number {
  const share = (bits(n, seed) * 2 ** 21 + (bits(n, seed + 1) >>> 11)) / 2 ** 53;
  return from + Math.floor(share * (to - from + 1));
}
