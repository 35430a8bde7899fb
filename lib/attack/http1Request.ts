import { Buffer } from "node:buffer";
import type { IdPlace } from "../answers/ids.ts";
import type { IdPlaces } from "../http/request.ts";
import { hasControl, isMethod, isToken, textOfBytes } from "../plan/values.ts";
import type { Rendered } from "./render.ts";

/** A header with a rendered value. */
interface Header {
  name: string;
  value: Rendered;
}

/** A request's parts, rendered. */
interface Message {
  method: string;
  host: string;
  path: Rendered;
  head: Head;
  body: Rendered | undefined;
}

/** A request's headers, rendered. */
export interface Head {
  headers: readonly Header[];
  /** Alternating names and values. */
  list: readonly string[];
  ids: IdPlaces["headers"];
  closes: boolean;
}

export function isClose({ name, value }: Header): boolean {
  return name.toLowerCase() === "connection" && value.bytes.toLowerCase() === "close";
}

/** Methods that get a Content-Length even without a body, as in Go's client. */
const WITH_BODY = new Set(["POST", "PUT", "PATCH"]);

/** Writes a target's requests as HTTP/1.1. Requests that differ only in their bodies share one head. */
export class Http1Writer {
  #last: { message: Message; head: Rendered } | undefined;

  /**
   * A request's bytes, and the positions of ids in them. Throws a RangeError for characters that would split its head.
   */
  write(message: Message): { bytes: Buffer; ids: readonly IdPlace[] } {
    const head = this.#headOf(message);
    const { body } = message;
    if (!body) return { bytes: Buffer.from(head.bytes, "latin1"), ids: head.ids };
    const own = body.ids.map(({ at, part }) => ({ at: head.bytes.length + at, part }));
    return {
      bytes: Buffer.from(head.bytes + body.bytes, "latin1"),
      ids: own.length === 0 ? head.ids : [...head.ids, ...own],
    };
  }

  #headOf(message: Message): Rendered {
    if (this.#last && hasSameHead(message, this.#last.message)) return this.#last.head;
    const head = http1Head(message);
    this.#last = { message, head };
    return head;
  }
}

/** Parts that do not vary are rendered once, so comparing references is enough. */
function hasSameHead(one: Message, other: Message): boolean {
  return (
    one.path === other.path &&
    one.head === other.head &&
    one.host === other.host &&
    one.method === other.method &&
    one.body?.bytes.length === other.body?.bytes.length
  );
}

/** A request's HTTP/1.1 head. Heads are built only here, and characters that would split one are refused. */
function http1Head({ method, host, path, head: { headers, closes }, body }: Message): Rendered {
  let head = "";
  const ids: IdPlace[] = [];
  const add = ({ bytes, ids: own }: Rendered): void => {
    for (const { at, part } of own) ids.push({ at: head.length + at, part });
    head += bytes;
  };
  const line = ({ name, value }: Header): void => {
    refuseUnless(isToken(name), "a header's name");
    refuseUnless(!hasControl(value.bytes), `the value of the header ${name}`);
    head += `${name}: `;
    add(value);
    head += "\r\n";
  };
  refuseUnless(isMethod(method), "a method");
  refuseUnless(/^\/[!-~\x80-\xff]*$/.test(path.bytes), "a path");
  head += `${method} `;
  add(path);
  head += " HTTP/1.1\r\n";
  const hosts = headers.filter(({ name }) => name.toLowerCase() === "host");
  if (hosts.length === 0) head += `Host: ${hostOf(host)}\r\n`;
  for (const header of hosts) line(header);
  for (const header of headers) if (!hosts.includes(header)) line(header);
  if (body || WITH_BODY.has(method)) head += `Content-Length: ${body?.bytes.length ?? 0}\r\n`;
  if (closes && !headers.some(isClose)) head += "Connection: close\r\n";
  return { bytes: `${head}\r\n`, ids };
}

/** Host and port for the Host header: as written, in ASCII. */
function hostOf(authority: string): string {
  return /^[!-~]*$/.test(authority) ? authority : new URL(`http://${textOfBytes(authority)}`).host;
}

function refuseUnless(isLegal: boolean, what: string): void {
  if (!isLegal) throw new RangeError(`${what} holds a character that would split or break the request`);
}
