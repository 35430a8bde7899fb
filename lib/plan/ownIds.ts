import { type Node, parseTree } from "jsonc-parser";
import type { Target } from "./schema.ts";

/**
 * Gives a target's JSON-RPC calls ids of their own: the placeholder takes the place of each call's id, and nothing else of
 * the body changes. A call without an id is a notification, and stays one.
 */
export function withOwnIds(target: Target): void {
  if (target.body !== undefined) target.body = numberCalls(target.body);
}

function numberCalls(body: string): string {
  // Digits in the placeholders' places make JSON of it in which everything stands where it stood.
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
    // No JSON, or nested too deeply for the parser: no call with an id that could be found.
    return undefined;
  }
}

/** The value of an object's field; of a field that is there twice the last one, as JSON.parse has it. */
function fieldOf(call: Node, field: string): Node | undefined {
  return call.children?.findLast(({ children }) => children?.[0]?.value === field)?.children?.[1];
}
