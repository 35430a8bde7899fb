import type { Placeholder, Template } from "../plan/placeholders.ts";

/** Digits of an id that is made for each request: the n-th has ID_BASE + n. */
export const ID_BASE = 100_000_000_000;
export const ID_DIGITS = 12;

/** What placeholders are filled from. */
export interface RenderInput {
  /** A number in [0, 1), of a seeded series. */
  random(): number;
  /** The chain's newest block, where it is known. */
  block: number;
  row: Record<string, string>;
}

/** Fills a template in. An id is left as `ID_BASE`'s digits, to be written over for each request. */
export function render({ pieces }: Template, input: RenderInput): string {
  return pieces.map((piece) => (typeof piece === "string" ? piece : fill(piece, input))).join("");
}

function fill(placeholder: Placeholder, { random, block, row }: RenderInput): string {
  switch (placeholder.kind) {
    case "id":
      return String(ID_BASE);
    case "address":
      return `0x${hex(40, random)}`;
    case "hex":
      return `0x${hex(placeholder.digits, random)}`;
    case "integer":
      return String(between(placeholder.from, placeholder.to, random));
    case "block":
      return `0x${Math.max(0, block + between(placeholder.from, placeholder.to, random)).toString(16)}`;
    case "data":
      return row[placeholder.field] ?? "";
  }
}

function hex(digits: number, random: () => number): string {
  return Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join("");
}

function between(from: number, to: number, random: () => number): number {
  return from + Math.floor(random() * (to - from + 1));
}
