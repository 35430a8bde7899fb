import { CODE } from "./frames.ts";
import { Http2Error } from "./http2Error.ts";
import { decodeHuffman } from "./huffman.ts";
import { STATIC_TABLE } from "./staticTable.ts";

/** The dynamic table's size until the server has acknowledged a smaller one (RFC 9113, section 6.5.2). */
const FIRST_TABLE_BYTES = 4_096;

/** What each field counts beside its bytes (RFC 7541, section 4.1). */
const FIELD_BYTES = 32;

/** Bits of an integer's bytes after the first; more than four such bytes would exceed all that is allowed. */
const MAX_SHIFT = 28;

type Field = readonly [name: string, value: string];

/** Decodes a connection's header blocks (RFC 7541), in the order in which they arrive. */
export class HpackDecoder {
  /** The dynamic table, newest last. */
  readonly #table: Field[] = [];
  #tableBytes = 0;
  #capacity = FIRST_TABLE_BYTES;
  #limit = FIRST_TABLE_BYTES;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #to = 0;
  #fields: string[] = [];
  #fieldBytes = 0;
  /** Whether the last block neither used nor changed the dynamic table: its bytes mean the same on any connection. */
  isStateless = true;

  /** The server has acknowledged the size of the table that this side allows. */
  limitTable(bytes: number): void {
    this.#limit = bytes;
  }

  /** Whether the dynamic table has no room: what blocks put into it is dropped at once, and bytes mean the same again. */
  get hasNoTable(): boolean {
    return this.#capacity === 0;
  }

  /**
   * Decodes the block from `from` to `to`: names and values in turn, their bytes as latin1. Undefined if the fields take
   * more than `most` bytes, each counted with 32 more. Throws an Http2Error if the block cannot be decoded.
   */
  decode(bytes: Buffer, [from, to]: readonly [from: number, to: number], most: number): string[] | undefined {
    this.#bytes = bytes;
    this.#at = from;
    this.#to = to;
    this.#fields = [];
    this.#fieldBytes = 0;
    this.isStateless = true;
    while (this.#at < to && ((bytes[this.#at] as number) & 0xe0) === 0x20) this.#resize();
    while (this.#at < to) {
      const field = this.#field(bytes[this.#at] as number);
      this.#fieldBytes += sizeOf(field);
      if (this.#fieldBytes <= most) this.#fields.push(field[0], field[1]);
    }
    return this.#fieldBytes <= most ? this.#fields : undefined;
  }

  /** The next field by its representation's first byte (RFC 7541, section 6). */
  #field(first: number): Field {
    if (first >= 0x80) return this.#indexed(this.#integer(7));
    if (first < 0x40) {
      if (first >= 0x20) refuse("a change of the table's size after a field");
      return this.#literal(4);
    }
    const field = this.#literal(6);
    this.#add(field);
    return field;
  }

  #indexed(index: number): Field {
    const fixed = STATIC_TABLE[index - 1];
    if (fixed) return fixed;
    this.isStateless = false;
    return this.#table[this.#table.length - (index - STATIC_TABLE.length)] ?? refuse("an index that does not exist");
  }

  #literal(prefix: number): Field {
    const index = this.#integer(prefix);
    const name = index === 0 ? this.#string() : this.#indexed(index)[0];
    return [name, this.#string()];
  }

  #add(field: Field): void {
    this.isStateless = false;
    this.#table.push(field);
    this.#tableBytes += sizeOf(field);
    this.#evict();
  }

  #resize(): void {
    this.isStateless = false;
    const capacity = this.#integer(5);
    if (capacity > this.#limit) refuse("a table larger than allowed");
    this.#capacity = capacity;
    this.#evict();
  }

  #evict(): void {
    while (this.#tableBytes > this.#capacity) this.#tableBytes -= sizeOf(this.#table.shift() as Field);
  }

  /** An integer whose first byte has `prefix` bits for it (RFC 7541, section 5.1). */
  #integer(prefix: number): number {
    const most = (1 << prefix) - 1;
    let value = this.#byte() & most;
    if (value < most) return value;
    for (let shift = 0; shift < MAX_SHIFT; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return refuse("an integer that is too large");
  }

  #string(): string {
    if (this.#at >= this.#to) refuse("a field in part");
    const isHuffman = (this.#bytes[this.#at] as number) >= 0x80;
    const length = this.#integer(7);
    const from = this.#at;
    if (length > this.#to - from) refuse("a string in part");
    this.#at += length;
    if (!isHuffman) return this.#bytes.toString("latin1", from, this.#at);
    return decodeHuffman(this.#bytes, from, this.#at) ?? refuse("a string that is not Huffman's code");
  }

  #byte(): number {
    if (this.#at >= this.#to) refuse("an integer in part");
    return this.#bytes[this.#at++] as number;
  }
}

function sizeOf([name, value]: Field): number {
  return name.length + value.length + FIELD_BYTES;
}

function refuse(message: string): never {
  throw new Http2Error(CODE.compression, `a header block has ${message}`);
}
