import { bodyOf } from "./body.ts";
import { jsonTemplate } from "./jsonTemplate.ts";
import { type Placeholder, parseTemplate } from "./placeholders.ts";
import type { Target } from "./schema.ts";
import { bytesOf, hasControl, type Writing } from "./values.ts";

/** A placeholder in its place in a request. */
export interface Slot {
  placeholder: Placeholder;
  writing: Writing;
  /** Which call of a batch it belongs to, counted from 0; 0 outside batches, and in the URL and the headers. */
  part: number;
}

/** Literal bytes as latin1 text, or a placeholder. */
export type Piece = string | Slot;

/** A target split into the parts of its request that never change and the places of the rest. */
export interface RequestTemplate {
  method: string;
  scheme: string;
  /** Host and port, as they are written. */
  authority: Piece[];
  /** Path and query as they are sent. */
  path: Piece[];
  headers: [name: string, value: Piece[]][];
  body: Piece[] | undefined;
  /** Calls of a batch; 1 otherwise. */
  parts: number;
  /** Whether what a response must be depends only on ids: all other placeholders are in parameters. */
  sameExpectation: boolean;
}

/** Splits a target. Throws a RangeError for an invalid URL; `requestProblems` reports everything else. */
export function requestTemplate(target: Target): RequestTemplate {
  const body = bodyTemplate(target);
  return {
    method: target.method,
    ...urlTemplate(target.url),
    headers: target.headers.map(([name, value]) => [name, textPieces(value.replace(BLANK_ENDS, ""), "header")]),
    ...body,
  };
}

/** White space around a header's value is not part of it (RFC 9110, section 5.5). */
const BLANK_ENDS = /^[ \t]+|[ \t]+$/g;

function textPieces(text: string, writing: Writing): Piece[] {
  return parseTemplate(text).pieces.map((piece) =>
    typeof piece === "string" ? bytesOf(piece) : { placeholder: piece, writing, part: 0 },
  );
}

type BodyTemplate = Pick<RequestTemplate, "body" | "parts" | "sameExpectation">;

function bodyTemplate(target: Target): BodyTemplate {
  if (target.body === undefined) {
    const bytes = bodyOf(target);
    return { body: bytes && [bytes.toString("latin1")], parts: 1, sameExpectation: true };
  }
  const { pieces } = parseTemplate(target.body);
  const json = jsonTemplate(pieces);
  if (!json) {
    const body = textPieces(target.body, isForm(target) ? "form" : "text");
    return { body, parts: 1, sameExpectation: body.every((piece) => typeof piece === "string") };
  }
  const places = json.places.values();
  let sameExpectation = true;
  const body = json.pieces.map((piece): Piece => {
    const place = typeof piece === "string" ? undefined : places.next().value;
    if (typeof piece === "string" || !place) return bytesOf(String(piece));
    if (piece.kind !== "id" && place.field !== "params") sameExpectation = false;
    const writing = place.inString ? "json-string" : place.alone ? "json-value" : "json-digits";
    return { placeholder: piece, writing, part: place.part };
  });
  return { body, parts: Math.max(1, json.parts), sameExpectation };
}

function isForm({ headers }: Target): boolean {
  return headers.some(
    ([name, value]) => name.toLowerCase() === "content-type" && /^[^;]*\bform-urlencoded/i.test(value),
  );
}

/**
 * Splits a URL as it is written, not as the WHATWG parser would rewrite it: gateways see paths and queries as they are
 * in the plan. Like Go's net/url, it escapes what a path must not contain, changes only blanks in the query, and drops
 * the fragment.
 */
function urlTemplate(url: string): Pick<RequestTemplate, "scheme" | "authority" | "path"> {
  const [scheme, rest] = schemeAndRest(url);
  const authority: Piece[] = [];
  const path: Piece[] = [];
  let region: Region = "authority";
  for (const piece of parseTemplate(rest).pieces) {
    if (typeof piece !== "string") {
      if (region === "authority") authority.push({ placeholder: piece, writing: "host", part: 0 });
      else if (region !== "fragment") path.push({ placeholder: piece, writing: "url", part: 0 });
      continue;
    }
    for (const [own, text] of regionsOf(piece, region)) {
      region = own;
      if (region === "authority") authority.push(bytesOf(text));
      else if (region !== "fragment") path.push(...ESCAPES[region](text, path.length === 0));
    }
  }
  return { scheme, authority, path: path.length > 0 ? path : ["/"] };
}

function schemeAndRest(url: string): [scheme: string, rest: string] {
  const [, scheme, rest] = /^((?:https?|wss?):)\/\/([^/?#\\].*)$/i.exec(url) ?? [];
  if (scheme !== undefined && rest !== undefined && !hasControl(url) && !url.includes("\t")) {
    return [scheme.toLowerCase(), rest];
  }
  throw new RangeError(
    `not an absolute URL of http, https, ws or wss without control characters: ${JSON.stringify(url)}`,
  );
}

type Region = "authority" | "path" | "query" | "fragment";

/** What ends each region of a URL. */
const ENDS: Record<Region, RegExp> = { authority: /[/?#\\]/, path: /[?#]/, query: /#/, fragment: /$^/ };

/** Splits a text that begins in one region of a URL at the start of each further region. */
function regionsOf(text: string, first: Region): [Region, string][] {
  const end = text.search(ENDS[first]);
  if (end === -1) return [[first, text]];
  const next = ({ "?": "query", "#": "fragment" } as const)[text[end] as "?" | "#"] ?? "path";
  return [[first, text.slice(0, end)], ...regionsOf(text.slice(end), next)];
}

/** How the literal text of a path and a query is written; `isFirst` if it directly follows the host. */
const ESCAPES = {
  path: (text: string, isFirst: boolean): Piece[] => [(isFirst && !text.startsWith("/") ? "/" : "") + escapePath(text)],
  query: (text: string, isFirst: boolean): Piece[] => [(isFirst ? "/" : "") + bytesOf(text.replaceAll(" ", "%20"))],
};

/** Percent-encodes what a path must not contain unescaped. */
function escapePath(text: string): string {
  return bytesOf(text).replace(
    /[^A-Za-z0-9\-_.~$&+,/:;=@!'()*[\]%]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}
