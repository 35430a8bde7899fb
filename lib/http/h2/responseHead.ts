import { NOT_IN_HTTP2 } from "../../plan/requestProblems.ts";
import { codingsOf } from "../head.ts";
import type { HpackDecoder } from "./hpackDecoder.ts";

/** The decoded head of a response. */
export interface ResponseHead {
  status: number;
  /** The body's length as the head states it; -1 if it does not. */
  length: number;
  /** The codings applied to the body, first to last, in lower case; empty for none. */
  codings: string;
  /** Names and values in turn, with `:status`. */
  fields: readonly string[];
}

/** Headers about a connection, which HTTP/2 forbids (RFC 9113, section 8.2.2). */
const OF_CONNECTIONS = new Set([...NOT_IN_HTTP2, "transfer-encoding", "upgrade"]);

/** Whether HTTP/2 forbids a header in any message. */
export function isForbidden(name: string, value: string): boolean {
  return OF_CONNECTIONS.has(name) || (name === "te" && value.toLowerCase() !== "trailers");
}

/** Reads a response's head; undefined if it is malformed (RFC 9113, sections 8.1.1 and 8.3.2). */
export function readResponseHead(fields: readonly string[]): ResponseHead | undefined {
  const status = readStatus(fields[0], fields[1]);
  if (status === undefined || !areWellFormed(fields, 2)) return undefined;
  const lengths = valuesOf(fields, "content-length");
  if (lengths.length > 1 || !lengths.every((value) => /^\d+$/.test(value))) return undefined;
  const codings = codingsOf(valuesOf(fields, "content-encoding").join().toLowerCase()).join();
  return { status, length: Number(lengths[0] ?? -1), codings, fields };
}

/** A head's status, which comes before all other fields. */
function readStatus(name: string | undefined, value = ""): number | undefined {
  // HTTP/2 does not switch protocols (RFC 9113, section 8.6).
  return name === ":status" && /^[1-9]\d\d$/.test(value) && value !== "101" ? Number(value) : undefined;
}

function valuesOf(fields: readonly string[], name: string): string[] {
  return fields.filter((_, at) => at % 2 === 1 && fields[at - 1] === name);
}

/** Whether fields from `from` on, of a head or of trailers, are allowed there. */
export function areWellFormed(fields: readonly string[], from = 0): boolean {
  for (let at = from; at < fields.length; at += 2) {
    const name = fields[at] as string;
    if (name.startsWith(":") || /[A-Z]/.test(name) || isForbidden(name, fields[at + 1] as string)) return false;
  }
  return true;
}

/** The longest block, in bytes, of which a copy is kept. */
const MOST_KEPT = 8 * 1024;

/**
 * The last head of an origin's responses, encoded and decoded: most heads are byte-identical until the server's clock
 * shows the next second, and an identical head need not be decoded again.
 */
export class LastHead {
  #bytes: Buffer | undefined;
  #isStateless = false;
  #head: ResponseHead | undefined;

  /** The head that these bytes mean to a connection's decoder, if they are those of the last one. */
  of(bytes: Buffer, [from, to]: readonly [from: number, to: number], decoder: HpackDecoder): ResponseHead | undefined {
    const last = this.#bytes;
    if (last?.length !== to - from || !(this.#isStateless || decoder.hasNoTable)) return undefined;
    return bytes.compare(last, 0, last.length, from, to) === 0 ? this.#head : undefined;
  }

  /** Keeps a head that was just decoded, if its bytes will mean the same again. */
  keep(bytes: Buffer, head: ResponseHead, decoder: HpackDecoder): void {
    if (bytes.length > MOST_KEPT || !(decoder.isStateless || decoder.hasNoTable)) return;
    this.#bytes = Buffer.from(bytes);
    this.#isStateless = decoder.isStateless;
    this.#head = head;
  }
}
