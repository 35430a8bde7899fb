import type { Target } from "./schema.ts";

/** The bytes of a target's body, with its placeholders not filled in; undefined if it has no body. */
export function bodyOf({ body, bodyBase64 }: Pick<Target, "body" | "bodyBase64">): Buffer | undefined {
  if (bodyBase64 !== undefined) return Buffer.from(bodyBase64, "base64");
  return body === undefined ? undefined : Buffer.from(body);
}
