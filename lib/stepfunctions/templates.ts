import { evaluate, intrinsicProblem, isIntrinsic } from "./intrinsics.ts";
import { type Json, pathProblem, read, type Scope } from "./paths.ts";

/**
 * Fills in a payload template: a field whose name ends in `.$` takes the value at its path or of its intrinsic function,
 * and loses that suffix.
 */
export function fill(template: unknown, scope: Scope): Json {
  if (Array.isArray(template)) return template.map((each) => fill(each, scope));
  if (typeof template !== "object" || template === null) return template as Json;
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) =>
      key.endsWith(".$") ? [key.slice(0, -2), valueAt(String(value), scope)] : [key, fill(value, scope)],
    ),
  );
}

/** The value of a template's field: at a path, or of an intrinsic function. */
function valueAt(text: string, scope: Scope): Json {
  return isIntrinsic(text) ? evaluate(text, scope) : read(text, scope);
}

/** What is wrong with the value of a field whose name ends in `.$`, as text; undefined if nothing is. */
export function valueProblem(text: string): string | undefined {
  return isIntrinsic(text) ? intrinsicProblem(text) : pathProblem(text);
}
