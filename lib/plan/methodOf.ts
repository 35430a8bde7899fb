import type { Target } from "./schema.ts";

/** What a target calls: its JSON-RPC method, how many calls a batch has, or its HTTP method. */
export function methodOf(target: Target | undefined): string {
  if (target?.body === undefined) return target?.method ?? "?";
  try {
    const body = JSON.parse(target.body) as { method?: unknown } | { method?: unknown }[] | null;
    if (!Array.isArray(body)) return typeof body?.method === "string" ? body.method : target.method;
    const methods = [...new Set(body.map((call) => String(call?.method)))];
    return `batch of ${body.length}: ${methods.slice(0, 3).join(", ")}${methods.length > 3 ? ", …" : ""}`;
  } catch {
    // A body with placeholders need not be JSON before they are filled in.
    return /"method"\s*:\s*"(\w+)"/.exec(target.body)?.[1] ?? target.method;
  }
}

/** The methods of all calls of a target; of plain HTTP its HTTP method. */
export function calledMethods(target: Target): string[] {
  if (target.body === undefined) return [target.method];
  try {
    const body = JSON.parse(target.body) as { method?: unknown } | { method?: unknown }[] | null;
    const methods = [body].flat().flatMap((call) => (typeof call?.method === "string" ? [call.method] : []));
    return methods.length > 0 ? methods : [target.method];
  } catch {
    // A body with placeholders need not be JSON before they are filled in.
    const methods = [...target.body.matchAll(/"method"\s*:\s*"(\w+)"/g)].map(([, method = ""]) => method);
    return methods.length > 0 ? methods : [target.method];
  }
}
