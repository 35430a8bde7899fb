import { ID_DIGITS, type IdPlace } from "../../answers/ids.ts";
import type { WireRequest } from "../request.ts";
import { FLAG, FRAME, FRAME_HEAD_BYTES, MAX_PAYLOAD, writeFrameHead } from "./frames.ts";
import { isForbidden } from "./responseHead.ts";
import { staticField, staticName } from "./staticTable.ts";

/** A request's header block, framed; the streams of its frames are still 0. */
export interface RequestBlock {
  bytes: Buffer;
  /** Where its frames begin. */
  frames: readonly number[];
  /** Where ids are written for each request. */
  ids: readonly IdPlace[];
}

/** A request without its ids' values, as far as its block depends on it. */
interface Known {
  path: string;
  method: string;
  bodyBytes: number | undefined;
  block: RequestBlock;
}

/** A literal without indexing, and one that no proxy may index either (RFC 7541, sections 6.2.2 and 6.2.3). */
const WITHOUT_INDEX = 0x00;
const NEVER_INDEXED = 0x10;

/** Headers that are secret: a table could reveal them to whoever can try values. */
const SECRET = new Set(["authorization", "proxy-authorization", "cookie"]);

/**
 * Sets the size of our dynamic table, which we never use, to 0, in a connection's first block: then no settings of the
 * server ever require it (RFC 7541, section 4.2).
 */
const NO_TABLE = "\x20";

/** The header blocks of an origin's requests. Requests of one target share a block, except for what varies in them. */
export class RequestBlocks {
  readonly #scheme: string;
  readonly #authority: string;
  readonly #known = new WeakMap<readonly string[], Known>();

  constructor(origin: string) {
    const { protocol, host } = new URL(origin);
    this.#scheme = protocol.slice(0, -1);
    this.#authority = host;
  }

  /** A request's block; undefined if HTTP/2 forbids one of its headers. */
  of(request: WireRequest): RequestBlock | undefined {
    const { path, method, headers, body } = request;
    const known = this.#known.get(headers);
    if (known && known.path === path && known.method === method && known.bodyBytes === body?.length) return known.block;
    const block = this.#make(request, "");
    if (block) this.#known.set(headers, { path, method, bodyBytes: body?.length, block });
    return block;
  }

  /** The same for a connection's first request. */
  firstOf(request: WireRequest): RequestBlock | undefined {
    return this.#make(request, NO_TABLE);
  }

  #make(request: WireRequest, prefix: string): RequestBlock | undefined {
    const { method, path, headers, body, ids } = request;
    const fields = new FieldWriter(prefix);
    const host = headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
    const idsOf = (index: number): readonly IdPlace[] => ids.headers.find((each) => each.index === index)?.ids ?? [];
    if (host === -1) fields.write(":authority", this.#authority);
    else fields.write(":authority", headers[host + 1] as string, idsOf(host + 1));
    fields.write(":scheme", this.#scheme);
    fields.write(":method", method);
    fields.write(":path", path, ids.path);
    for (let index = 0; index < headers.length; index += 2) {
      if (index === host) continue;
      const [name, value] = [(headers[index] as string).toLowerCase(), headers[index + 1] as string];
      if (isForbidden(name, value)) return undefined;
      fields.write(name, value, idsOf(index + 1));
    }
    if (body) fields.write("content-length", String(body.length));
    return framed(fields, body === null);
  }
}

/** Writes the fields of a block, without Huffman's code, so that ids can be written into it. */
class FieldWriter {
  /** The block's bytes as latin1. */
  text: string;
  readonly ids: IdPlace[] = [];

  constructor(prefix: string) {
    this.text = prefix;
  }

  write(name: string, value: string, ids: readonly IdPlace[] = []): void {
    const whole = ids.length === 0 ? staticField(name, value) : undefined;
    if (whole !== undefined) {
      this.#integer(whole, 7, 0x80);
      return;
    }
    const index = staticName(name) ?? 0;
    this.#integer(index, 4, SECRET.has(name) ? NEVER_INDEXED : WITHOUT_INDEX);
    if (index === 0) this.#string(name);
    this.#integer(value.length, 7, 0);
    for (const { at, part } of ids) this.ids.push({ at: this.text.length + at, part });
    this.text += value;
  }

  #string(text: string): void {
    this.#integer(text.length, 7, 0);
    this.text += text;
  }

  /** An integer after the bits `flags` of its first byte (RFC 7541, section 5.1). */
  #integer(value: number, prefix: number, flags: number): void {
    const most = (1 << prefix) - 1;
    if (value < most) {
      this.text += String.fromCharCode(flags | value);
      return;
    }
    this.text += String.fromCharCode(flags | most);
    let rest = value - most;
    for (; rest >= 0x80; rest >>>= 7) this.text += String.fromCharCode((rest & 0x7f) | 0x80);
    this.text += String.fromCharCode(rest);
  }
}

/** Cuts a block into frames, never within an id. */
function framed({ text, ids }: FieldWriter, isEnd: boolean): RequestBlock {
  const pieces: Buffer[] = [];
  const frames: number[] = [];
  const places: IdPlace[] = [];
  let length = 0;
  for (let at = 0; at < text.length; ) {
    const most = at + MAX_PAYLOAD;
    const cut = ids.find((id) => id.at > at && id.at < most && id.at + ID_DIGITS > most)?.at ?? most;
    const end = Math.min(text.length, cut);
    const head = Buffer.alloc(FRAME_HEAD_BYTES);
    const type = at === 0 ? FRAME.headers : FRAME.continuation;
    const flags = (at === 0 && isEnd ? FLAG.endStream : 0) | (end === text.length ? FLAG.endHeaders : 0);
    writeFrameHead(head, 0, { type, flags, stream: 0, length: end - at });
    frames.push(length);
    const shift = length + FRAME_HEAD_BYTES - at;
    for (const id of ids) if (id.at >= at && id.at < end) places.push({ at: id.at + shift, part: id.part });
    pieces.push(head, Buffer.from(text.slice(at, end), "latin1"));
    length += FRAME_HEAD_BYTES + end - at;
    at = end;
  }
  return { bytes: Buffer.concat(pieces), frames, ids: places };
}
