import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Problem } from "./problems.ts";
import { show } from "./problems.ts";
import type { Target } from "./schema.ts";

/** Targets that could be read, and what could not. */
export interface ParsedTargets {
  targets: Target[];
  problems: Problem[];
}

/**
 * Reads a target file. Which of vegeta's two formats it has is told by its first character: JSON begins with `{`.
 * Problems name the file as `shownAs`; a file that cannot be read is a problem of `namedAt`, the place that names it.
 */
export function readTargetFile(path: string, shownAs: string, namedAt: string): ParsedTargets {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const found = code === "ENOENT" ? `no file ${shownAs}` : `${shownAs}, which cannot be read (${code})`;
    return { targets: [], problems: [{ where: namedAt, found, expected: "a target file, relative to the plan" }] };
  }
  const parsed = text.trimStart().startsWith("{")
    ? parseJsonTargets(text, shownAs)
    : parseHttpTargets(text, shownAs, dirname(path));
  if (parsed.targets.length === 0 && parsed.problems.length === 0) {
    parsed.problems.push({ where: shownAs, found: "an empty file", expected: "at least one target" });
  }
  return parsed;
}

const REQUEST_LINE = /^[A-Z]+\s/;

/**
 * Vegeta's http format: a line `METHOD URL`, headers, and `@file` for a body; comments begin with `#`, and a blank line
 * ends a target. Besides that the body may stand in the file itself, after a blank line and beginning with `{` or `[`,
 * as it does in an HTTP message.
 *
 * `shownAs` names the file in problems; body files are relative to `folder`.
 */
export function parseHttpTargets(text: string, shownAs: string, folder: string): ParsedTargets {
  const parser = new HttpTargetsParser(text, shownAs, folder);
  return parser.parse();
}

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

  constructor(text: string, shownAs: string, folder: string) {
    this.#lines = text.split(/\r?\n/);
    this.#shownAs = shownAs;
    this.#folder = folder;
  }

  parse(): ParsedTargets {
    for (; this.#index < this.#lines.length; this.#index++) {
      const line = (this.#lines[this.#index] ?? "").trim();
      if (line === "") this.#inHeaders = false;
      else if (!line.startsWith("#")) this.#readLine(line);
    }
    return { targets: this.#targets, problems: this.#problems };
  }

  #readLine(line: string): void {
    const current = this.#current;
    if (REQUEST_LINE.test(line)) {
      this.#readRequestLine(line);
    } else if (!current) {
      this.#problem(show(line), "a line such as `POST https://host/path`");
    } else if (line.startsWith("@") && current.body === undefined) {
      this.#readBodyFile(current, line.slice(1).trim());
    } else if (this.#inHeaders) {
      const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*(.+)$/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) current.headers.push([name, value]);
      else this.#problem(show(line), "a header such as `Content-Type: application/json`");
    } else if (/^[[{]/.test(line) && current.body === undefined) {
      this.#readBody(current);
    } else {
      this.#problem(show(line), "a request line, a header, `@` and a body file, or a JSON body after a blank line");
    }
  }

  #readRequestLine(line: string): void {
    const [method = "", url = "", ...rest] = line.split(/\s+/);
    this.#current = { method, url, headers: [], weight: 1 };
    this.#inHeaders = true;
    if (rest.length > 0) this.#problem(show(line), "a method and a URL, and nothing after them");
    else if (!isHttpUrl(url)) this.#problem(show(url), "an absolute http or https URL");
    else this.#targets.push(this.#current);
  }

  #readBodyFile(target: Target, path: string): void {
    try {
      target.body = readFileSync(resolve(this.#folder, path), "utf8");
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      this.#problem(`a body file that cannot be read (${code})`, "a readable file");
    }
  }

  /** Reads a body that is written out, to the next blank or request line. */
  #readBody(target: Target): void {
    const start = this.#index;
    for (;;) {
      const next = this.#lines[this.#index + 1] ?? "";
      if (next.trim() === "" || REQUEST_LINE.test(next)) break;
      this.#index++;
    }
    target.body = this.#lines
      .slice(start, this.#index + 1)
      .join("\n")
      .trim();
    if (!isJson(target.body)) this.#problem(show(target.body), "a body of valid JSON", start);
  }

  #problem(found: string, expected: string, index = this.#index): void {
    this.#problems.push({ where: `${this.#shownAs}:${index + 1}`, found, expected });
  }
}

/** Vegeta's json format: one object a line, `{"method", "url", "body" (base64), "header": {name: [values]}}`. */
export function parseJsonTargets(text: string, shownAs: string): ParsedTargets {
  const targets: Target[] = [];
  const problems: Problem[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const where = `${shownAs}:${index + 1}`;
    const found = parseJsonTarget(line);
    if (Array.isArray(found)) problems.push(...found.map((each) => ({ where, ...each })));
    else targets.push(found);
  }
  return { targets, problems };
}

function parseJsonTarget(line: string): Target | Omit<Problem, "where">[] {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return [{ found: show(line), expected: "a target as JSON, one on each line" }];
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [{ found: show(value), expected: "an object with method and url" }];
  }
  const { method, url, body, header = {}, ...unknown } = value as Record<string, unknown>;
  const problems: Omit<Problem, "where">[] = [];
  if (typeof method !== "string" || !/^[A-Z]+$/.test(method)) {
    problems.push({ found: `method ${show(method)}`, expected: "an HTTP method in capitals" });
  }
  if (typeof url !== "string" || !isHttpUrl(url)) {
    problems.push({ found: `url ${show(url)}`, expected: "an absolute http or https URL" });
  }
  if (body !== undefined && (typeof body !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(body))) {
    problems.push({ found: `body ${show(body)}`, expected: "the body in base64" });
  }
  const headers: Target["headers"] = [];
  for (const [name, values] of Object.entries(header as Record<string, unknown>)) {
    if (Array.isArray(values) && values.every((each) => typeof each === "string")) {
      headers.push(...values.map((value): [string, string] => [name, value]));
    } else problems.push({ found: `header ${name} ${show(values)}`, expected: "a list of strings" });
  }
  for (const key of Object.keys(unknown)) {
    problems.push({ found: `an unknown field "${key}"`, expected: "method, url, body and header" });
  }
  if (problems.length > 0) return problems;
  return {
    method: method as string,
    url: url as string,
    headers,
    ...(typeof body === "string" && { body: Buffer.from(body, "base64").toString("utf8") }),
    weight: 1,
  };
}

/** Whether text is an absolute http or https URL without credentials in it. */
export function isHttpUrl(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username === "" && password === "";
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
