import { type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, visit, type Node as YamlNode } from "yaml";
import { exactNumber } from "../plan/exactJson.ts";
import { jsonPath, type Problem } from "../plan/problems.ts";

/** A text in JSON, JSON with comments, or YAML, as parsed. */
export interface PlanDocument {
  value: unknown;
  /** The same, but `JSON.stringify` writes each number exactly as it was written. */
  exact: unknown;
  /** The position of each value, as `line:column`, by its JSON path; empty if the text is JSON. */
  places: ReadonlyMap<string, string>;
}

/**
 * Parses a plan's text. It is YAML if the name ends in .yaml or .yml, or if it has no known ending and the text does
 * not begin like JSON. Otherwise it is JSON, in which comments and trailing commas are allowed. Returns the problems if
 * parsing fails.
 */
export function parsePlanDocument(text: string, shownAs: string): PlanDocument | Problem[] {
  const isYaml = /\.ya?ml$/i.test(shownAs) || (!/\.jsonc?$/i.test(shownAs) && !/^\s*(\{|\[|\/[/*])/.test(text));
  return isYaml ? parseYaml(text, shownAs) : parseJson(text, shownAs);
}

function parseJson(text: string, shownAs: string): PlanDocument | Problem[] {
  const errors: ParseError[] = [];
  try {
    const root = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
    const [first] = errors;
    if (root && !first) {
      return { value: jsonValue(root, text, false), exact: jsonValue(root, text, true), places: new Map() };
    }
    const found = `text that is not JSON (${first ? printParseErrorCode(first.error) : "it is empty"})`;
    return [{ where: `${shownAs}:${placeIn(text, first?.offset ?? 0)}`, found, expected: "one JSON object" }];
  } catch {
    // The parser is recursive: deep nesting overflows the stack.
    return [{ where: shownAs, found: "text that is nested too deeply", expected: "one JSON object" }];
  }
}

/** A node's value. If a field occurs twice, the last one counts, as in JSON.parse. */
function jsonValue(node: Node, text: string, exact: boolean): unknown {
  const children = node.children ?? [];
  if (node.type === "array") return children.map((child) => jsonValue(child, text, exact));
  if (node.type === "object") {
    return Object.fromEntries(
      children.flatMap(({ children: [key, value] = [] }) =>
        key && value ? [[key.value, jsonValue(value, text, exact)]] : [],
      ),
    );
  }
  const isExact = exact && node.type === "number";
  return isExact ? exactNumber(text.slice(node.offset, node.offset + node.length)) : node.value;
}

function placeIn(text: string, offset: number): string {
  const lines = text.slice(0, offset).split("\n");
  return `${lines.length}:${(lines.at(-1)?.length ?? 0) + 1}`;
}

/** A number as JSON writes it. */
const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

function parseYaml(text: string, shownAs: string): PlanDocument | Problem[] {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, merge: true, prettyErrors: true });
  if (document.errors.length > 0) {
    return document.errors.map(({ linePos, message }) => ({
      where: `${shownAs}:${linePos?.[0].line ?? 1}:${linePos?.[0].col ?? 1}`,
      found: `text that is not YAML (${message.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "")})`,
      expected: "one YAML mapping",
    }));
  }
  const places = new Map<string, string>();
  const root = document.contents as YamlNode | null;
  if (root) addPlaces(root, [], lineCounter, places);
  try {
    const value: unknown = document.toJS();
    visit(document, {
      Scalar(_, node) {
        if (typeof node.value === "number" && JSON_NUMBER.test(node.source ?? "")) {
          node.value = exactNumber(node.source ?? "");
        }
      },
    });
    return { value, exact: document.toJS(), places };
  } catch (error) {
    // Aliases without an anchor, or aliases that would expand the text far beyond its size.
    const found = `text that is not YAML (${(error as Error).message})`;
    return [{ where: shownAs, found, expected: "one YAML mapping" }];
  }
}

function addPlaces(node: YamlNode, path: PropertyKey[], lines: LineCounter, places: Map<string, string>): void {
  const { line, col } = lines.linePos(node.range?.[0] ?? 0);
  if (!places.has(jsonPath(path))) places.set(jsonPath(path), `${line}:${col}`);
  if (isSeq(node))
    for (const [index, item] of node.items.entries()) addPlaces(item as YamlNode, [...path, index], lines, places);
  if (!isMap(node)) return;
  for (const pair of node.items) {
    if (!isPair(pair) || !isScalar(pair.key)) continue;
    const own = [...path, String(pair.key.value)];
    const at = lines.linePos((pair.key as YamlNode).range?.[0] ?? 0);
    places.set(jsonPath(own), `${at.line}:${at.col}`);
    if (pair.value) addPlaces(pair.value as YamlNode, own, lines, places);
  }
}

/** Adds to a document's problems the line and column that they refer to, if known. */
export function placed(problems: readonly Problem[], places: ReadonlyMap<string, string>, shownAs: string): Problem[] {
  return problems.map((problem) => {
    for (let path = problem.where; path.startsWith("$"); path = path.replace(/(\.[^.[\]]*|\[[^[\]]*\])$/, "")) {
      const place = places.get(path);
      if (place !== undefined) return { ...problem, where: `${shownAs}:${place} (${problem.where})` };
      // A key may contain a path's own characters, such as a bracket: then no shorter path is found.
      if (path === "$" || !/(\.[^.[\]]*|\[[^[\]]*\])$/.test(path)) break;
    }
    return problem;
  });
}
