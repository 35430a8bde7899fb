import { type Node, parseTree } from "jsonc-parser";
import type { Target } from "./schema.ts";

/**
 * Gives a target's JSON-RPC calls unique ids: the placeholder replaces each call's id, and nothing else in the body
 * changes. A call without an id is a notification, and stays one.
 */
export function withOwnIds(target: Target): void {
  if (target.body !== undefined) target.body = numberCalls(target.body);
}

function numberCalls(body: string): string {
  // With digits in place of the placeholders, the body is JSON in which all offsets stay the same.
  const masked = body.replace(/\{\{[^{}]*\}\}/g, (placeholder) => "1".repeat(placeholder.length));
  const root = treeOf(masked);
  const calls = root?.type === "array" ? (root.children ?? []) : root ? [root] : [];
  let numbered = body;
  for (const call of calls.toReversed()) {
    const id = fieldOf(call, "id");
    if (!id || !fieldOf(call, "method")) continue;
    numbered = `${numbered.slice(0, id.offset)}{{id}}${numbered.slice(id.offset + id.length)}`;
  }
  return numbered;
}

function treeOf(text: string): Node | undefined {
  try {
    JSON.parse(text);
    return parseTree(text);
  } catch {
    // Not JSON, or nested too deeply for the parser: no call with an id can be found.
    return undefined;
  }
}

/** The value of an object's field. If the field occurs twice, the last one counts, as in JSON.parse. */
function fieldOf(call: Node, field: string): Node | undefined {
  return call.children?.findLast(({ children }) => children?.[0]?.value === field)?.children?.[1];
}
