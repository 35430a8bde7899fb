import { randomUUID } from "node:crypto";
import { type Json, pathProblem, read, type Scope } from "./paths.ts";

/** A call of an intrinsic function in a payload template, or one of its arguments. */
type Expression =
  | { kind: "call"; name: string; args: Expression[] }
  | { kind: "text"; text: string }
  | { kind: "path"; path: string };

/** The intrinsic functions that the definition uses, and how many arguments each takes at least and at most. */
const FUNCTIONS: Record<string, [least: number, most: number]> = {
  "States.Format": [1, Number.POSITIVE_INFINITY],
  "States.UUID": [0, 0],
};

/** Whether the value of a template's field is a call of an intrinsic function. */
export function isIntrinsic(text: string): boolean {
  return text.startsWith("States.");
}

/** What is wrong with a call of an intrinsic function, as text; undefined if nothing is. */
export function intrinsicProblem(text: string): string | undefined {
  try {
    parse(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The value of a call of an intrinsic function. Throws a PathError if a path in it leads to nothing. */
export function evaluate(text: string, scope: Scope): Json {
  return resultOf(parse(text), scope);
}

function resultOf(expression: Expression, scope: Scope): Json {
  if (expression.kind === "text") return expression.text;
  if (expression.kind === "path") return read(expression.path, scope);
  if (expression.name === "States.UUID") return randomUUID();
  const [format, ...values] = expression.args.map((each) => resultOf(each, scope));
  const waiting = values.values();
  return String(format).replaceAll("{}", () => {
    const value = waiting.next().value;
    return typeof value === "string" ? value : JSON.stringify(value);
  });
}

function parse(text: string): Expression {
  const [expression, rest] = parseOne(text);
  if (rest !== "") throw new Error(`an intrinsic function and nothing after it, not ${JSON.stringify(rest)}`);
  return expression;
}

/** Parses the expression at the beginning of a text; returns it with the rest of the text. */
function parseOne(text: string): [expression: Expression, rest: string] {
  const literal = /^'((?:[^'\\]|\\.)*)'/.exec(text);
  if (literal) {
    const [whole, inside = ""] = literal;
    return [{ kind: "text", text: inside.replaceAll(/\\(.)/g, "$1") }, text.slice(whole.length)];
  }
  if (text.startsWith("$")) {
    const [path = ""] = /^[^,)\s]+/.exec(text) ?? [];
    const problem = pathProblem(path);
    if (problem) throw new Error(problem);
    return [{ kind: "path", path }, text.slice(path.length)];
  }
  return parseCall(text);
}

function parseCall(text: string): [expression: Expression, rest: string] {
  const [opening, name = ""] = /^([\w.]+)\(\s*/.exec(text) ?? [];
  const counts = FUNCTIONS[name];
  if (opening === undefined || !counts) throw new Error(`one of ${Object.keys(FUNCTIONS).join(", ")}`);
  const args: Expression[] = [];
  let rest = text.slice(opening.length);
  while (!rest.startsWith(")")) {
    const [arg, after] = parseOne(rest);
    args.push(arg);
    const separator = /^\s*(?:,\s*(?!\))|(?=\)))/.exec(after);
    if (!separator) throw new Error(`a comma or a bracket after an argument of ${name}`);
    rest = after.slice(separator[0].length);
  }
  const [least, most] = counts;
  if (args.length < least || args.length > most) throw new Error(`${name} with another number of arguments`);
  const [format] = args;
  const places = format?.kind === "text" ? format.text.split("{}").length - 1 : args.length - 1;
  if (name === "States.Format" && places !== args.length - 1) throw new Error(`${name} with a value for each {}`);
  return [{ kind: "call", name, args }, rest.slice(1)];
}
