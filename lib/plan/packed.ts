import { deflateRawSync, inflateRawSync } from "node:zlib";

/** A list whose elements may be unpacked when they are read. An array is one. */
export interface List<T> extends Iterable<T> {
  readonly length: number;
  at(place: number): T | undefined;
}

/** Some elements of a list, or all, as they are stored: as compressed blocks of JSON. */
export interface Packed {
  /** Number of elements in the whole list. */
  length: number;
  /** Which elements of the list it has, in ascending order; by default all. */
  places?: number[];
  perBlock: number;
  /** Each is a JSON array, deflated, in base64. */
  blocks: string[];
}

/** Length of a block before compression, in characters: a block is unpacked to read one of its elements. */
const BLOCK_LENGTH = 16 * 1024;

/** Blocks that stay unpacked, so that a list of up to 1 MB can be read in any order: about 3 MB in memory. */
const MAX_UNPACKED = 64;

/** Elements from which the mean length is taken. */
const SAMPLES = 200;

/** Packs a list, or its elements at these places. */
export function pack<T>(list: List<T>, places?: readonly number[]): Packed {
  const count = places?.length ?? list.length;
  const elementAt = (index: number): T | undefined => list.at(places?.[index] ?? index);
  const perBlock = Math.max(1, Math.floor(BLOCK_LENGTH / meanLength(elementAt, count)));
  const blocks: string[] = [];
  for (let from = 0; from < count; from += perBlock) {
    const length = Math.min(perBlock, count - from);
    const block = JSON.stringify(Array.from({ length }, (_, index) => elementAt(from + index)));
    blocks.push(deflateRawSync(block, { level: 1 }).toString("base64"));
  }
  return { length: list.length, ...(places && { places: [...places] }), perBlock, blocks };
}

function meanLength(elementAt: (index: number) => unknown, count: number): number {
  const step = Math.max(1, Math.floor(count / SAMPLES));
  let length = 0;
  for (let index = 0; index < count; index += step) length += JSON.stringify(elementAt(index)).length;
  return Math.max(1, length / Math.ceil(count / step));
}

/** A packed list: it unpacks a block when it reads one of its elements. Its iterator returns the elements that it has. */
export class PackedList<T> implements List<T> {
  readonly length: number;
  readonly #places: Uint32Array | undefined;
  readonly #perBlock: number;
  readonly #blocks: readonly string[];
  readonly #unpacked = new Map<number, readonly T[]>();

  constructor({ length, places, perBlock, blocks }: Packed) {
    this.length = length;
    this.#places = places && Uint32Array.from(places);
    this.#perBlock = perBlock;
    this.#blocks = blocks;
  }

  /** The element at a place of the whole list. Throws a RangeError if it has none there. */
  at(place: number): T {
    const index = this.#places ? indexIn(this.#places, place) : place;
    const element = this.#block(Math.floor(index / this.#perBlock))[index % this.#perBlock];
    if (element === undefined) throw new RangeError(`the assignment's lines lack number ${place} of ${this.length}`);
    return element;
  }

  *[Symbol.iterator](): Generator<T> {
    for (const block of this.#blocks.keys()) yield* this.#block(block);
  }

  #block(number: number): readonly T[] {
    const known = this.#unpacked.get(number);
    if (known) return known;
    const bytes = Buffer.from(this.#blocks[number] ?? "", "base64");
    const block = bytes.length === 0 ? [] : (JSON.parse(inflateRawSync(bytes).toString("utf8")) as T[]);
    const [oldest] = this.#unpacked.keys();
    if (oldest !== undefined && this.#unpacked.size >= MAX_UNPACKED) this.#unpacked.delete(oldest);
    this.#unpacked.set(number, block);
    return block;
  }
}

/** Where a value is in ascending values; -1 if it is not. */
function indexIn(values: Uint32Array, value: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return values[low] === value ? low : -1;
}
