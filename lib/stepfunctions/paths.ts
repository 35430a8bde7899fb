import { compile, type JSONPathQuery } from "json-p3";

/** The scope of a path: a state's input and the context object (`$$`). */
export interface Scope {
  input: unknown;
  context: unknown;
}

/** Data that passes through a state machine. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A path that matches nothing in the data: Step Functions' `States.Runtime`. */
export class PathError extends Error {
  override readonly name = "States.Runtime";
}

const compiled = new Map<string, JSONPathQuery>();

/**
 * Compiles a path's query, without the context's second `$`. Throws json-p3's syntax error if the path is malformed.
 */
function query(path: string): JSONPathQuery {
  const text = path.startsWith("$$") ? path.slice(1) : path;
  let found = compiled.get(text);
  if (!found) {
    found = compile(text);
    compiled.set(text, found);
  }
  return found;
}

/** What is wrong with a path, as text; undefined if nothing is. Only paths to a single value are supported. */
export function pathProblem(path: string): string | undefined {
  try {
    return query(path).singularQuery() ? undefined : "a path to a single place";
  } catch (error) {
    return `a JSONPath (${(error as Error).message})`;
  }
}

/** The value at a path; undefined if there is none. */
export function find(path: string, { input, context }: Scope): Json | undefined {
  const root = path.startsWith("$$") ? context : input;
  return query(path)
    .query(root as Json)
    .values()[0] as Json | undefined;
}

/** The value at a path. Throws a PathError if there is none. */
export function read(path: string, scope: Scope): Json {
  const value = find(path, scope);
  if (value === undefined) throw new PathError(`the path ${path} leads to nothing in ${JSON.stringify(scope.input)}`);
  return value;
}

/**
 * Puts a value into an input at a reference path such as `$.error`, creating missing objects; `$` replaces everything.
 */
export function place(path: string, input: Json, value: Json): Json {
  const steps = [...path.matchAll(/\.([A-Za-z_][\w-]*)|\['([^']+)'\]/g)].map((match) => match[1] ?? match[2] ?? "");
  if (steps.length === 0) return value;
  const isObject = (data: Json | undefined): data is { [key: string]: Json } =>
    typeof data === "object" && data !== null && !Array.isArray(data);
  const root: { [key: string]: Json } = isObject(input) ? { ...input } : {};
  let at = root;
  for (const step of steps.slice(0, -1)) {
    const next = at[step];
    const copy = isObject(next) ? { ...next } : {};
    at[step] = copy;
    at = copy;
  }
  at[steps.at(-1) as string] = value;
  return root;
}
