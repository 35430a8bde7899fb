import { ResponseError } from "./responseError.ts";

/** How the end of a body is determined (RFC 9112, section 6.3). */
export type Framing = "none" | "length" | "chunked" | "until-close";

/** A parsed response head. */
export interface Head {
  status: number;
  /** Whether the connection can carry another request after this response. */
  reusable: boolean;
  framing: Framing;
  /** The body's length if the framing is a length, as the head states it, even if that exceeds all limits. */
  length: number;
  /** The codings applied to the body, first to last, in lower case; empty for none. */
  codings: string;
  /** The head as it came; empty if it is long, so that many connections do not keep much of it. */
  text: string;
}

/** The longest head, in bytes, of which the text is kept. */
const MOST_TEXT = 8 * 1024;

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const COLON = 0x3a;

/** Bytes allowed in a header name (RFC 9110, section 5.6.2). */
const IS_TOKEN = new Uint8Array(256);
for (const each of Buffer.from("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
  IS_TOKEN[each] = 1;

/** Supported transfer codings besides chunked. */
const TRANSFER_CODINGS = new Set(["gzip", "x-gzip", "deflate"]);

/** Lengths of the header names that are parsed, so that most other headers are skipped quickly. */
const IS_READ = new Set(["connection", "content-length", "content-encoding", "transfer-encoding"].map((n) => n.length));

/**
 * The index after the empty line that ends the head in `bytes`; −1 if it has not arrived yet. Searches from `from`.
 * Lines end with CR LF or with a lone LF (RFC 9112, section 2.2).
 */
export function headEnd(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(LF, from); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return -1;
}

/**
 * Parses a head, the first `end` bytes, in linear time. `isHead` means that it responds to a HEAD request. Throws a
 * ResponseError of the class invalid-http for what RFC 9112 forbids if it could be parsed in more than one way.
 */
export function readHead(bytes: Buffer, end: number, isHead: boolean): Head {
  const text = bytes.toString("latin1", 0, end);
  // A CR not at the end of a line, or NUL: RFC 9112, section 2.2, and RFC 9110, section 5.5.
  if (/\r(?!\n)|\0/.test(text)) throw new ResponseError("invalid-http", "the head has a CR or NUL within a line");
  const firstEnd = text.indexOf("\n");
  const { minor, status } = readStatusLine(text.slice(0, firstEnd));
  const fields = readFields(text.toLowerCase(), firstEnd + 1);
  const head: Head = {
    status,
    reusable: isKept(minor, fields.connection),
    framing: "none",
    length: 0,
    codings: "",
    text: "",
  };
  if (end <= MOST_TEXT) head.text = text;
  if (status < 200 || status === 204 || status === 304 || isHead) return head;
  const coding = fields["content-encoding"];
  if (coding !== undefined) head.codings = codingsOf(coding).join();
  readFraming(head, minor, fields["transfer-encoding"], fields["content-length"]);
  return head;
}

function readStatusLine(line: string): { minor: string; status: number } {
  const [, minor, status] = /^HTTP\/1\.(\d) ([1-9]\d\d)(?: [^\r]*)?\r?$/.exec(line) ?? [];
  if (minor === undefined) throw new ResponseError("invalid-http", "the status line is not HTTP/1.1's");
  return { minor, status: Number(status) };
}

/** The headers that determine the framing and the connection, in lower case; repeated ones are joined as one list. */
type Fields = Partial<Record<string, string>>;

function readFields(text: string, from: number): Fields {
  const fields: Fields = {};
  /** The header that a line starting with a blank continues (obs-fold): "" for one that is skipped. */
  let name: string | undefined;
  let at = from;
  for (;;) {
    const lineEnd = text.indexOf("\n", at);
    const end = text.charCodeAt(lineEnd - 1) === CR ? lineEnd - 1 : lineEnd;
    if (end <= at) return fields;
    let valueAt = at;
    if (isBlank(text.charCodeAt(at))) {
      if (name === undefined) throw new ResponseError("invalid-http", "the head begins with a blank");
    } else {
      valueAt = endOfName(text, at) + 1;
      name = IS_READ.has(valueAt - 1 - at) ? text.slice(at, valueAt - 1) : "";
      if (fields[name] !== undefined) fields[name] += ",";
    }
    // One blank before each line of a value: a fold is equivalent to a blank.
    if (name !== "") fields[name] = `${fields[name] ?? ""} ${withoutBlanks(text.slice(valueAt, end))}`;
    at = lineEnd + 1;
  }
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** The index of the colon after a header's name. Throws if the line is not a header. */
function endOfName(text: string, from: number): number {
  let at = from;
  while (IS_TOKEN[text.charCodeAt(at)] === 1) at++;
  if (at === from || text.charCodeAt(at) !== COLON) throw new ResponseError("invalid-http", "a line is no header");
  return at;
}

/** Text without leading and trailing blanks; `trim` removes more than HTTP's two. */
function withoutBlanks(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

/** The members of a list, trimmed, without empty ones. */
function membersOf(list: string | undefined): string[] {
  if (list === undefined) return [];
  return list
    .split(",")
    .map(withoutBlanks)
    .filter((member) => member !== "");
}

/** What stands among content codings and changes no byte: "identity", and what servers write there by mistake. */
const NOTHING_DONE = new Set(["identity", "none", "utf-8", "utf8"]);

/** Content codings that change bytes. */
export function codingsOf(list: string | undefined): string[] {
  return membersOf(list).filter((coding) => !NOTHING_DONE.has(coding));
}

/** Whether the connection stays open after the response (RFC 9112, section 9.3). */
function isKept(minor: string, connection: string | undefined): boolean {
  // The two cases of nearly all heads.
  if (connection === undefined) return minor !== "0";
  if (connection === " keep-alive") return true;
  const options = membersOf(connection);
  return !options.includes("close") && (minor !== "0" || options.includes("keep-alive"));
}

const NO_CODINGS: readonly string[] = [];

/** RFC 9112, section 6.3. */
function readFraming(head: Head, minor: string, encoding: string | undefined, length: string | undefined): void {
  const codings = encoding === undefined ? NO_CODINGS : membersOf(encoding);
  // A lone "identity" predates RFC 7230, and does nothing.
  if (codings.length > 0 && codings.join() !== "identity") {
    const isChunked = codings.at(-1) === "chunked";
    const others = isChunked ? codings.slice(0, -1) : codings;
    // Two ways to determine the end, on which a proxy and its client may disagree: "ought to be handled as an error".
    if (length !== undefined) throw new ResponseError("invalid-http", "both Transfer-Encoding and Content-Length");
    if (!others.every((coding) => TRANSFER_CODINGS.has(coding)))
      throw new ResponseError("invalid-http", "an unknown transfer coding, or chunked before another one");
    head.framing = isChunked ? "chunked" : "until-close";
    head.codings = [...codingsOf(head.codings), ...others].join();
    // HTTP/1.0 has no transfer codings: data after such a response cannot be trusted (RFC 9112, section 6.1).
    if (!isChunked || minor === "0") head.reusable = false;
  } else if (length !== undefined) {
    head.framing = "length";
    head.length = readLength(length);
  } else {
    head.framing = "until-close";
    head.reusable = false;
  }
}

/** A Content-Length, which may be repeated if all values are equal. */
function readLength(list: string): number {
  if (/^ \d+$/.test(list)) return Number(list);
  const lengths = new Set(list.split(",").map(withoutBlanks));
  const [length = ""] = lengths;
  if (lengths.size > 1) throw new ResponseError("invalid-http", "there are several Content-Lengths");
  if (!/^\d+$/.test(length)) throw new ResponseError("invalid-http", "Content-Length is not a number");
  return Number(length);
}
