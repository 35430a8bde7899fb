import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { isLoopback } from "../plan/hosts.ts";
import { isHttpUrl, isTargetUrl, TARGET_URL } from "../plan/httpUrl.ts";
import { isJsonRpc } from "../plan/jsonRpcBody.ts";
import { InputError, show } from "../plan/problems.ts";
import { parseTargets } from "../plan/targets.ts";

/** A plan to start from, with notes that its author must know. */
export interface FirstPlan {
  plan: Record<string, unknown>;
  notes: string[];
}

/** One request of a source, and how often it occurred. */
interface Found {
  method: string;
  url: string;
  type?: string;
  body?: string;
  count: number;
}

/** The rate of a plan whose source has none: low enough for any gateway. */
const FIRST_RPS = 10;

/** How many requests of a source become targets at most: the most frequent ones. */
const MAX_TARGETS = 50;

const CALL = { jsonrpc: "2.0", method: "eth_blockNumber", params: [], id: 1 };

/**
 * A first plan from a URL, or from a file: a vegeta target file, a HAR file, a k6 script or an access log, recognised
 * by its content. File names are relative to `folder`. Throws an InputError if the source is none of these.
 */
export function firstPlan(source: string, folder: string, origin?: string): FirstPlan {
  if (isTargetUrl(source)) return { plan: planOf([{ url: source, body: CALL }], [source]), notes: [] };
  let text: string;
  try {
    text = readFileSync(source, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    const found = `no file that can be read (${(error as NodeJS.ErrnoException).code})`;
    throw new InputError(source, [{ where: source, found, expected: `a file, or ${TARGET_URL}` }]);
  }
  const har = harRequests(text);
  if (har) return fromRequests(har, ["headers were left out: cookies and keys do not belong in a plan"]);
  if (/\bk6\/http\b/.test(text)) {
    return fromRequests(k6Requests(text), ["requests whose URL or body the script computes were left out"]);
  }
  const logged = logRequests(text);
  if (logged.length > 0) return fromLog(source, logged, origin);
  const { value, problems } = parseTargets({ text, shownAs: source, folder: dirname(source) });
  if (problems.length > 0) throw new InputError(source, problems);
  const name = relative(folder, resolve(source));
  return {
    plan: planOf(
      name,
      value.map(({ url }) => url),
    ),
    notes: [],
  };
}

function planOf(targets: unknown, urls: readonly string[], rps = FIRST_RPS): Record<string, unknown> {
  const hosts = [...new Set(urls.filter((url) => URL.canParse(url)).map((url) => new URL(url).hostname))];
  const [first = "first"] = hosts;
  const name =
    first
      .replaceAll(/[^A-Za-z0-9._-]/g, "-")
      .replace(/^[^A-Za-z0-9]+/, "")
      .slice(0, 50) || "first";
  return {
    name,
    chains: [{ name, rps, targets }],
    duration: "1m",
    // At the first rate, a minute has too few requests for a p99.
    slo: { success: 0.99, p95Ms: 1_000 },
    allowedHosts: hosts.filter((host) => !isLoopback(host)),
  };
}

function fromRequests(requests: readonly Found[], notes: readonly string[], rps?: number): FirstPlan {
  const merged = new Map<string, Found>();
  for (const each of requests) {
    const key = JSON.stringify([each.method, each.url, each.body]);
    merged.set(key, { ...each, count: (merged.get(key)?.count ?? 0) + each.count });
  }
  const most = [...merged.values()].sort((a, b) => b.count - a.count).slice(0, MAX_TARGETS);
  if (most.length === 0) {
    const expected = "requests with a URL; they may be built at run time, which only their program knows";
    throw new InputError("volley init", [{ where: "<source>", found: "no request", expected }]);
  }
  const left = merged.size - most.length;
  const targets = most.map(({ method, url, type, body, count }) => ({
    method,
    url,
    ...(type !== undefined && { headers: { "Content-Type": type } }),
    ...(body !== undefined && { body }),
    ...((body === undefined || !isJsonRpc(body)) && { expect: "http" }),
    ...(count > 1 && { weight: count }),
  }));
  const more = left > 0 ? [`${left} rarer requests were left out`] : [];
  return {
    plan: planOf(
      targets,
      most.map(({ url }) => url),
      rps,
    ),
    notes: [...notes, ...more],
  };
}

interface HarRequest {
  method?: unknown;
  url?: unknown;
  postData?: { text?: unknown; mimeType?: unknown };
}

/** The requests of a HAR file (HTTP Archive 1.2); undefined if the text is not one. */
function harRequests(text: string): Found[] | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  let entries: unknown;
  try {
    entries = (JSON.parse(text) as { log?: { entries?: unknown } }).log?.entries;
  } catch {
    return undefined;
  }
  if (!Array.isArray(entries)) return undefined;
  return entries.flatMap((entry: { request?: HarRequest }): Found[] => {
    const { method, url, postData } = entry?.request ?? {};
    if (typeof method !== "string" || typeof url !== "string" || !isHttpUrl(url)) return [];
    const { text: body, mimeType: type } = postData ?? {};
    return [{ method, url, count: 1, ...(typeof body === "string" && { body, type: String(type ?? "text/plain") }) }];
  });
}

const STRING = String.raw`(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|${"`"}([^${"`"}\\$]*)${"`"})`;

/** Requests of a k6 script whose URL is a literal: http.get(url), http.post(url, body) and the like. */
function k6Requests(text: string): Found[] {
  const call = new RegExp(
    String.raw`\bhttp\.(get|post|put|patch|del|head|options)\(\s*${STRING}\s*(,\s*${STRING})?\s*([,)])`,
    "g",
  );
  return [...text.matchAll(call)].flatMap((match): Found[] => {
    const [, name = "", ...rest] = match;
    const url = plain(rest.slice(0, 3));
    const body = rest[3] === undefined ? undefined : plain(rest.slice(4, 7));
    const takesBody = /^(post|put|patch|del)$/.test(name);
    // A comma after the URL and no literal: the script computes the body.
    if (!isHttpUrl(url) || (takesBody && body === undefined && rest.at(-1) === ",")) return [];
    const method = name === "del" ? "DELETE" : name.toUpperCase();
    const type = body !== undefined && isJsonRpc(body) ? { type: "application/json" } : {};
    return [{ method, url, count: 1, ...(body !== undefined && { body }), ...type }];
  });
}

/** The text of a JavaScript literal: the group that matched, with the usual escapes resolved. */
function plain(groups: readonly (string | undefined)[]): string {
  const text = groups.find((each) => each !== undefined) ?? "";
  return text.replace(/\\(.)/g, (_, letter: string) => ({ n: "\n", t: "\t", r: "\r" })[letter] ?? letter);
}

interface Logged {
  method: string;
  path: string;
  atMs: number;
}

/** A line of the common or combined log format: the time in brackets, the request in quotation marks. */
const LOG_LINE = /\[(\d\d)\/(\w{3})\/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)\] "([A-Z]+) (\/\S*) HTTP\/[\d.]+"/;

function logRequests(text: string): Logged[] {
  return text.split("\n").flatMap((line): Logged[] => {
    const [, day, month, year, time, hours, minutes, method, path] = LOG_LINE.exec(line) ?? [];
    if (method === undefined || path === undefined) return [];
    return [{ method, path, atMs: Date.parse(`${day} ${month} ${year} ${time} GMT${hours}${minutes}`) }];
  });
}

/** A plan from an access log: its requests without a body, weighted by frequency, at the log's mean rate. */
function fromLog(source: string, logged: readonly Logged[], origin: string | undefined): FirstPlan {
  if (origin === undefined) {
    const expected = "--origin with the server's, such as https://gateway.example: a log has paths alone";
    throw new InputError(source, [
      { where: source, found: `an access log of ${show(logged.length)} requests`, expected },
    ]);
  }
  const bodiless = logged.filter(({ method }) => method === "GET" || method === "HEAD");
  const times = bodiless.map(({ atMs }) => atMs);
  const first = times.reduce((least, each) => Math.min(least, each), Number.POSITIVE_INFINITY);
  const last = times.reduce((most, each) => Math.max(most, each), Number.NEGATIVE_INFINITY);
  const rps = last > first ? Number((bodiless.length / ((last - first) / 1_000)).toPrecision(3)) : FIRST_RPS;
  const found = bodiless.map(({ method, path }) => ({ method, url: `${origin}${path}`, count: 1 }));
  const skipped = logged.length - bodiless.length;
  const notes = skipped > 0 ? [`${skipped} requests with a body were left out: an access log does not have it`] : [];
  return fromRequests(found, notes, rps);
}
