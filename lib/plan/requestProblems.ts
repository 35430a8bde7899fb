import { chainSchedule } from "./assign.ts";
import { controlAt, jsonPath, type Problem, show } from "./problems.ts";
import { type Piece, type RequestTemplate, requestTemplate, type Slot } from "./requestTemplate.ts";
import type { Chain, Plan, Target } from "./schema.ts";
import { Turns } from "./turns.ts";
import { hasControl, isMethod, isToken, unfitFor } from "./values.ts";

type Found = Omit<Problem, "where">;

/** What the plan says about all requests. */
type Transport = Pick<Plan, "http" | "keepalive">;

/** The reasons why a plan's requests cannot be sent as written, for every row of its data. */
export function requestProblems(plan: Pick<Plan, "chains"> & Transport): Problem[] {
  return plan.chains.flatMap((chain, index) => {
    const where = jsonPath(["chains", index, "targets"]);
    return chainProblems(chain, plan).map((found) => ({ where, ...found }));
  });
}

/** The same for one chain; a mistake that many targets share is reported once. */
export function chainProblems(chain: Chain, transport: Transport): Found[] {
  const problems = new Map<string, Found>();
  const slots = new Map<string, Slot>();
  for (const target of chain.targets) {
    for (const found of targetProblems(target, transport, slots)) {
      const key = `${found.found}\n${found.expected}`;
      if (!problems.has(key)) problems.set(key, found);
    }
  }
  return [...problems.values(), ...dataProblems(chain, [...slots.values()])];
}

/**
 * What would split or break a target's head, or frame its body differently, whatever its placeholders are filled with.
 */
export function headProblems({ method, url, headers }: Target, transport: Transport): Found[] {
  const problems: Found[] = [];
  if (!isMethod(method))
    problems.push({ found: `the method ${show(method)}`, expected: "an HTTP method, such as POST" });
  if (hasControl(url) || url.includes("\t")) {
    problems.push({ found: `a control character in the URL ${show(url)}`, expected: "%0A and the like in its place" });
  }
  for (const [name, value] of headers) {
    if (!isToken(name)) {
      problems.push({
        found: `a header named ${show(name)}`,
        expected: "letters, digits and dashes, as in Content-Type",
      });
    } else if (hasControl(value)) {
      const found = `a control character in the header ${name} (${controlAt(value)})`;
      problems.push({ found, expected: "a value on one line, without line breaks, NUL and the like" });
    }
    const framing = framingExpectation(name.toLowerCase(), value.trim().toLowerCase(), transport);
    if (framing !== undefined) problems.push({ found: `the header ${name}: ${show(value)}`, expected: framing });
  }
  const hosts = headers.filter(([name]) => name.toLowerCase() === "host");
  if (hosts.length > 1) problems.push({ found: `${hosts.length} Host headers`, expected: "one at most" });
  return problems;
}

function targetProblems(target: Target, transport: Transport, slots: Map<string, Slot>): Found[] {
  const broken = headProblems(target, transport);
  if (broken.length > 0) return broken;
  const template = templateOf(target);
  if (!template) return [{ found: show(target.url), expected: "an absolute http, https, ws or wss URL" }];
  for (const slot of slotsOf(template)) slots.set(`${slot.writing} ${JSON.stringify(slot.placeholder)}`, slot);
  return [...lengthProblems(target, template), ...slotProblems(slotsOf(template))];
}

/** A target split at its placeholders; undefined if its URL is invalid. */
export function templateOf(target: Target): RequestTemplate | undefined {
  try {
    return requestTemplate(target);
  } catch {
    return undefined;
  }
}

/** The places of all placeholders. */
export function slotsOf({ authority, path, headers, body = [] }: RequestTemplate): Slot[] {
  const all: Piece[][] = [authority, path, body, ...headers.map(([, value]) => value)];
  return all.flat().filter((piece) => typeof piece !== "string");
}

/** Random values that would make the JSON invalid. */
function slotProblems(slots: readonly Slot[]): Found[] {
  return slots.flatMap(({ placeholder, writing }): Found[] => {
    if (writing !== "json-value" && writing !== "json-digits") return [];
    if (placeholder.kind === "address" || placeholder.kind === "hex" || placeholder.kind === "block") {
      const found = "a hexadecimal placeholder in JSON without quotes around it";
      return [{ found, expected: '"{{randomHex 64}}", "{{blockNumber}}" or the like, in quotes' }];
    }
    if (placeholder.kind === "integer" && placeholder.from < 0 && writing === "json-digits") {
      return [
        { found: "a {{randomInt}} below 0 within a number", expected: "a range from 0 on, or a number by itself" },
      ];
    }
    return [];
  });
}

/** Headers about the connection or the message's framing that contradict what a worker does. */
const FRAMING = new Map([
  ["transfer-encoding", "no Transfer-Encoding: a body is sent whole, with its Content-Length"],
  ["trailer", "no Trailer: a body is sent whole, with nothing after it"],
  ["expect", "no Expect: a body is sent together with its head"],
  ["upgrade", "no Upgrade: the protocol is the plan's http"],
  ["http2-settings", "no HTTP2-Settings: HTTP/2 is agreed on in the TLS handshake"],
]);

/** Headers that HTTP/2 does not allow (RFC 9113, section 8.2.2), besides those about framing. */
export const NOT_IN_HTTP2 = new Set(["connection", "keep-alive", "proxy-connection"]);

function framingExpectation(header: string, value: string, { http, keepalive }: Transport): string | undefined {
  if (http === "2" && NOT_IN_HTTP2.has(header)) return `no ${header} header: over HTTP/2 there is none`;
  if (header === "te" && value !== "trailers") return "trailers, or no TE header: other codings are not read";
  if (header !== "connection" || value === "close" || (value === "keep-alive" && keepalive)) return FRAMING.get(header);
  return keepalive
    ? "close, keep-alive or no Connection header"
    : 'close, as "keepalive": false in the plan says, or no Connection header';
}

/** A Content-Length that is not the body's. */
function lengthProblems({ headers }: Target, { body = [] }: RequestTemplate): Found[] {
  const bytes = fixedLength(body);
  const expected =
    bytes === undefined
      ? "no Content-Length: it is counted for each request, with its placeholders filled in"
      : `${bytes}, the length of the body, or no Content-Length`;
  return headers.flatMap(([name, value]) =>
    name.toLowerCase() === "content-length" && value.trim() !== String(bytes)
      ? [{ found: `the header ${name}: ${show(value)}`, expected }]
      : [],
  );
}

/** The length of a body that placeholders cannot change; undefined for any other. */
function fixedLength(body: readonly Piece[]): number | undefined {
  return body.every((piece) => typeof piece === "string")
    ? body.reduce((sum, piece) => sum + piece.length, 0)
    : undefined;
}

/** Values of the data that do not fit where the targets use them. */
function dataProblems({ data = [] }: Chain, slots: readonly Slot[]): Found[] {
  const [head] = data;
  return slots.flatMap(({ placeholder, writing }): Found[] => {
    if (placeholder.kind !== "data") return [];
    const { field } = placeholder;
    // A field that no row has is reported with the names of the existing ones.
    if (!Object.hasOwn(head ?? {}, field)) return [];
    let first: Found | undefined;
    let count = 0;
    let number = 0;
    for (const row of data) {
      number++;
      const value = row[field];
      const expected = value === undefined ? `a field "${field}" in each row` : unfitFor(value, writing);
      if (expected === undefined) continue;
      count++;
      const text = writing === "header" ? "a value that is not shown" : show(value);
      first ??= { found: `${text} in row ${number} of the data, for {{data.${field}}}`, expected };
    }
    if (!first) return [];
    const more = count === 1 ? "" : ` (and ${count - 1} more like it)`;
    return [{ found: `${first.found}${more}`, expected: first.expected }];
  });
}

/** Too few rows to take each of them once. */
export function rowProblems(plan: Plan): Problem[] {
  return plan.chains.flatMap((chain, index): Problem[] => {
    if (chain.dataOrder !== "once" || !chain.data) return [];
    const where = jsonPath(["chains", index, "dataOrder"]);
    if (plan.profile.type === "search") {
      return [
        { where, found: '"once" in a search', expected: '"cycle": how many requests it takes is not known before' },
      ];
    }
    const requests = chainSchedule(plan, chain, "measure").count + chainSchedule(plan, chain, "warmup").count;
    const needed = new Turns(chain, plan.seed).rowsOf(requests);
    if (needed <= chain.data.length) return [];
    const found = `${chain.data.length} rows for ${needed} requests that take one each`;
    return [{ where, found, expected: `${needed} rows, a lower rate, or "cycle"` }];
  });
}
