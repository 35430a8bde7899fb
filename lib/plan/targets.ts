import { isUtf8 } from "node:buffer";
import { resolve } from "node:path";
import { isExactNumber, parseExactJson } from "./exactJson.ts";
import { isTargetUrl, TARGET_URL } from "./httpUrl.ts";
import { jsonTemplate } from "./jsonTemplate.ts";
import { parseTemplate } from "./placeholders.ts";
import { readBytes, type TextFile } from "./planFiles.ts";
import { hidden, type Mistake, type Parsed, type Problem, show } from "./problems.ts";
import type { Target } from "./schema.ts";
import { hasControl, isMethod, isToken } from "./values.ts";

/** How much of a comment becomes a target's name, in characters. */
const MAX_NAME_LENGTH = 100;

/** Parses a file of targets in one of vegeta's two formats. The first character decides: JSON begins with `{`. */
export function parseTargets({ text, shownAs, folder }: TextFile): Parsed<Target[]> {
  const first = text.trimStart()[0];
  if (first === "[") {
    const expected = "a JSON object on each line, without a list around them (vegeta's json format)";
    return { value: [], problems: [{ where: shownAs, found: "a JSON list", expected }] };
  }
  const parsed = first === "{" ? parseJsonTargets(text, shownAs) : parseHttpTargets(text, shownAs, folder);
  if (parsed.value.length === 0 && parsed.problems.length === 0) {
    parsed.problems.push({ where: shownAs, found: "a file without targets", expected: "at least one target" });
  }
  return parsed;
}

/**
 * Parses vegeta's http format: a line `METHOD URL`, headers, and `@file` for a body; comments begin with `#`, and a
 * blank line ends a target. In addition, the body may be in the file itself, after a blank line and beginning with `{`
 * or `[`, as in an HTTP message; and the comment on the line before a target is its name.
 *
 * `shownAs` names the file in problems; body files are relative to `folder`.
 */
export function parseHttpTargets(text: string, shownAs: string, folder: string): Parsed<Target[]> {
  const parser = new HttpTargetsParser(text, shownAs, folder);
  return parser.parse();
}

/** The beginning of a target: capitals and a blank, as in vegeta, or any other method if a URL follows. */
const REQUEST_LINE = /^(?:[A-Z]+\s|[!#$%&'*+.^_`|~0-9A-Za-z-]+\s+[Hh][Tt][Tt][Pp][Ss]?:\/\/)/;

/** A method, a URL whose placeholders may contain blanks, and the rest of the line. */
const REQUEST_PARTS = /^(\S+)\s+((?:\{\{[^{}]*\}\}|\S)*)\s*(.*)$/;

class HttpTargetsParser {
  readonly #lines: string[];
  readonly #shownAs: string;
  readonly #folder: string;
  readonly #targets: Target[] = [];
  readonly #problems: Problem[] = [];
  /** The line that is being read. */
  #index = 0;
  #current: Target | undefined;
  #inHeaders = false;
  /** The comment on the line before. */
  #comment: string | undefined;

  constructor(text: string, shownAs: string, folder: string) {
    // A body keeps its line endings; all other lines are trimmed.
    this.#lines = text.split("\n");
    this.#shownAs = shownAs;
    this.#folder = folder;
  }

  parse(): Parsed<Target[]> {
    for (; this.#index < this.#lines.length; this.#index++) {
      const line = (this.#lines[this.#index] ?? "").trim();
      if (line.startsWith("#")) {
        this.#comment = line;
        continue;
      }
      if (line === "") this.#inHeaders = false;
      else this.#readLine(line);
      this.#comment = undefined;
    }
    return { value: this.#targets, problems: this.#problems };
  }

  #readLine(line: string): void {
    const current = this.#current;
    if (REQUEST_LINE.test(line)) {
      this.#readRequestLine(line);
    } else if (!current) {
      this.#problem(show(line), "a line such as `POST https://host/path`");
    } else if (line.startsWith("@") && !hasBody(current)) {
      this.#readBodyFile(current, line.slice(1).trim());
    } else if (this.#inHeaders) {
      const header = headerOf(line);
      if (header) current.headers.push(header);
      else this.#problem(shownHeader(line), "a header such as `Content-Type: application/json`");
    } else if (/^[[{]/.test(line) && !hasBody(current)) {
      this.#readBody(current);
    } else {
      this.#problem(show(line), "a request line, a header, `@` and a body file, or a JSON body after a blank line");
    }
  }

  #readRequestLine(line: string): void {
    const [, method = "", url = "", rest = ""] = REQUEST_PARTS.exec(line) ?? [];
    const name = nameIn(this.#comment);
    this.#current = { ...(name !== undefined && { name }), method, url, headers: [], weight: 1 };
    this.#inHeaders = true;
    if (rest !== "") {
      this.#problem(show(line), "a method and a URL, and nothing after them; a blank in a URL is written %20");
    } else if (!isTargetUrl(url)) {
      this.#problem(show(url), TARGET_URL);
    } else {
      this.#targets.push(this.#current);
    }
  }

  #readBodyFile(target: Target, path: string): void {
    const bytes = readBytes(resolve(this.#folder, path));
    if (typeof bytes !== "string") Object.assign(target, bodyFields(bytes));
    else this.#problem(`a body file that cannot be read (${bytes})`, "a readable file, relative to the target file");
  }

  /** Reads a body in the file itself: to the end of its JSON, or else up to the next blank or request line. */
  #readBody(target: Target): void {
    const start = this.#index;
    const end = jsonEnd(this.#lines, start) ?? this.#paragraphEnd();
    this.#index = end;
    target.body = this.#lines
      .slice(start, end + 1)
      .join("\n")
      .trim();
    if (isJson(target.body)) return;
    this.#problem(show(target.body), "a body of valid JSON", start);
    // Reported here, so that its consequences are not reported too.
    if (this.#targets.at(-1) === target) this.#targets.pop();
  }

  #paragraphEnd(): number {
    let end = this.#index;
    for (;;) {
      const next = (this.#lines[end + 1] ?? "").trim();
      if (next === "" || REQUEST_LINE.test(next)) return end;
      end++;
    }
  }

  #problem(found: string, expected: string, index = this.#index): void {
    this.#problems.push({ where: `${this.#shownAs}:${index + 1}`, found, expected });
  }
}

/** A header of vegeta's http format, whose values are not empty. */
function headerOf(line: string): [name: string, value: string] | undefined {
  const colon = line.indexOf(":");
  const name = line.slice(0, colon).trim();
  const value = line.slice(colon + 1).trim();
  return colon > 0 && isToken(name) && value !== "" ? [name, value] : undefined;
}

/** A line that should be a header, without its value, which may be a secret. */
function shownHeader(line: string): string {
  const [name = ""] = /^[^\s:]*(?:\s*:)?/.exec(line) ?? [];
  return show(name.length < line.length ? `${name} …` : line);
}

/**
 * The name that a comment gives its target; undefined for a rule such as `# -----`, and for a URL, which may contain
 * keys.
 */
function nameIn(comment: string | undefined): string | undefined {
  const text = comment?.replace(/^[#\s]+/, "").trim() ?? "";
  if (!/[\p{L}\p{N}]/u.test(text) || text.includes("://") || hasControl(text)) return undefined;
  return text.slice(0, MAX_NAME_LENGTH);
}

function hasBody({ body, bodyBase64 }: Target): boolean {
  return body !== undefined || bodyBase64 !== undefined;
}

/** Bytes as a target holds them: as text, whose placeholders are filled in, if they are UTF-8; otherwise in base64. */
function bodyFields(bytes: Buffer): Pick<Target, "body" | "bodyBase64"> {
  return isUtf8(bytes) ? { body: bytes.toString("utf8") } : { bodyBase64: bytes.toString("base64") };
}

/**
 * The line in which JSON that begins at line `start` ends; it may contain blank lines. Undefined if it does not end.
 */
function jsonEnd(lines: readonly string[], start: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let index = start; index < lines.length; index++) {
    for (const [token] of (lines[index] ?? "").matchAll(/\\.|["{}[\]]/g)) {
      if (token === '"') inString = !inString;
      else if (inString || token.startsWith("\\")) continue;
      else depth += token === "{" || token === "[" ? 1 : -1;
    }
    // A JSON string cannot continue on the next line.
    if (inString) return undefined;
    if (depth === 0) return index;
  }
  return undefined;
}

/** Whether a body is JSON once its placeholders are filled in. */
function isJson(text: string): boolean {
  const { pieces } = parseTemplate(text);
  if (jsonTemplate(pieces)) return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Parses vegeta's json format: one object per line, `{"method", "url", "body" (base64), "header": {name: [values]}}`. A
 * `name` is also allowed; vegeta ignores it.
 */
export function parseJsonTargets(text: string, shownAs: string): Parsed<Target[]> {
  const value: Target[] = [];
  const problems: Problem[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const where = `${shownAs}:${index + 1}`;
    const found = parseJsonTarget(line);
    if (!Array.isArray(found)) value.push(found);
    else for (const mistake of found) problems.push({ where, ...mistake });
  }
  return { value, problems };
}

function parseJsonTarget(line: string): Target | Mistake[] {
  const fields = objectOf(line);
  if (!fields) return [{ found: show(line), expected: "a target as a JSON object on one line" }];
  const { method, url, body, header, name, ...unknown } = fields;
  const mistakes = [...methodMistakes(method), ...urlMistakes(url)];
  if (body !== undefined && body !== null && (typeof body !== "string" || !BASE64.test(body))) {
    mistakes.push({ found: `body ${show(body)}`, expected: "the body in base64" });
  }
  if (name !== undefined && typeof name !== "string") mistakes.push({ found: `name ${show(name)}`, expected: "text" });
  const headers = headerLists(header, "header", mistakes);
  for (const key of Object.keys(unknown)) {
    mistakes.push({ found: `an unknown field ${show(key)}`, expected: "method, url, body, header and name" });
  }
  if (mistakes.length > 0) return mistakes;
  return {
    ...(typeof name === "string" && { name }),
    method: method as string,
    url: url as string,
    headers,
    // As in vegeta, an empty body counts as no body.
    ...(typeof body === "string" && body !== "" && bodyFields(Buffer.from(body, "base64"))),
    weight: 1,
  };
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** A line's JSON object, its numbers with all their digits; undefined if the line is not one. */
export function objectOf(line: string): Record<string, unknown> | undefined {
  let value: unknown;
  try {
    value = parseExactJson(line);
  } catch {
    return undefined;
  }
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value) && !isExactNumber(value);
  return isObject ? (value as Record<string, unknown>) : undefined;
}

/**
 * Parses headers: an object of names, each with a value or a list of values, or null for no headers. Adds to
 * `mistakes`.
 */
export function headerLists(value: unknown, field: string, mistakes: Mistake[]): Target["headers"] {
  if (value === undefined || value === null) return [];
  if (typeof value !== "object" || Array.isArray(value) || isExactNumber(value)) {
    mistakes.push({ found: `${field} ${show(value)}`, expected: "an object of names and values" });
    return [];
  }
  return Object.entries(value).flatMap(([name, own]) => {
    const values = [own].flat();
    if (values.every((each) => typeof each === "string")) return values.map((each): [string, string] => [name, each]);
    mistakes.push({ found: `${field} ${show(name)}: ${hidden(own)}`, expected: "text, or a list of texts" });
    return [];
  });
}

/** What is wrong with a method. */
export function methodMistakes(method: unknown): Mistake[] {
  if (typeof method === "string" && isMethod(method)) return [];
  return [{ found: `method ${show(method)}`, expected: "an HTTP method, such as POST" }];
}

/** What is wrong with a URL. */
export function urlMistakes(url: unknown): Mistake[] {
  if (typeof url === "string" && isTargetUrl(url)) return [];
  return [{ found: `url ${show(url)}`, expected: TARGET_URL }];
}
