/** The length in bits of each byte's code; the last one is the end of the string's (RFC 7541, appendix B). */
const CODE_BITS: readonly number[] = [
  ...[
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
    28, 28, 28,
  ],
  ...[6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10],
  ...[13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6],
  ...[15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28],
  ...[
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22,
    23, 23, 24,
  ],
  ...[
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23,
    22, 22, 23,
  ],
  ...[
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28,
    27, 27, 27,
  ],
  ...[
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27,
    27, 27, 26,
  ],
  ...[30],
];

const END = 256;

/** Symbols in the order of their codes: the code is canonical. */
const SYMBOLS: readonly number[] = CODE_BITS.map((_, symbol) => symbol).sort(
  (a, b) => (CODE_BITS[a] as number) - (CODE_BITS[b] as number) || a - b,
);

/** A tree of two cells a node: the next node, or the complement of a symbol. */
const TREE = new Int16Array(2 * SYMBOLS.length);

function plantTree(): void {
  let nodes = 1;
  let code = 0;
  let bits = 0;
  for (const symbol of SYMBOLS) {
    const length = CODE_BITS[symbol] as number;
    code <<= length - bits;
    bits = length;
    let node = 0;
    for (let bit = length - 1; bit > 0; bit--) {
      const cell = 2 * node + ((code >> bit) & 1);
      if (TREE[cell] === 0) TREE[cell] = nodes++;
      node = TREE[cell] as number;
    }
    TREE[2 * node + (code & 1)] = ~symbol;
    code++;
  }
}
plantTree();

/**
 * Decodes a string of HPACK's Huffman code, whose bytes become latin1 characters; undefined if it contains the code of
 * its end, or does not end with the first bits of that code (RFC 7541, section 5.2).
 */
export function decodeHuffman(bytes: Buffer, from: number, to: number): string | undefined {
  let text = "";
  let node = 0;
  /** Bits since the last symbol, and whether all of them are 1. */
  let padding = 0;
  let isOnes = true;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    for (let bit = 7; bit >= 0; bit--) {
      const value = (byte >> bit) & 1;
      const next = TREE[2 * node + value] as number;
      padding++;
      isOnes &&= value === 1;
      if (next >= 0) {
        node = next;
        continue;
      }
      if (~next === END) return undefined;
      text += String.fromCharCode(~next);
      node = 0;
      padding = 0;
      isOnes = true;
    }
  }
  return padding < 8 && isOnes ? text : undefined;
}
