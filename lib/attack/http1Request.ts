import { Buffer } from "node:buffer";
import type { IdPlace } from "../answers/ids.ts";
import type { IdPlaces } from "../http/request.ts";
import { hasControl, isMethod, isToken } from "../plan/values.ts";
import type { Rendered } from "./render.ts";
import { hostOf } from "./requests.ts";

/** A header with its value rendered. */
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
  /** Names and values in turn. */
  list: readonly string[];
  ids: IdPlaces["headers"];
  closes: boolean;
}

export function isClose({ name, value }: Header): boolean {
  return name.toLowerCase() === "connection" && value.bytes.toLowerCase() === "close";
}

/** Methods that say how long their body is even where there is none, as Go's client does. */
const WITH_BODY = new Set(["POST", "PUT", "PATCH"]);

/** The request's bytes over HTTP/1.1. The one place that puts a head together, and it refuses what would split one. */
export function http1Request({ method, host, path, head: { headers, closes }, body }: Message): {
  bytes: Buffer;
  ids: IdPlace[];
} {
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
  head += "\r\n";
  if (body) add(body);
  return { bytes: Buffer.from(head, "latin1"), ids };
}

function refuseUnless(isLegal: boolean, what: string): void {
  if (!isLegal) throw new RangeError(`${what} holds a character that would split or break the request`);
}
