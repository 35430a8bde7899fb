import type { Target } from "./schema.ts";

/** A lookup as later stages read it. */
export interface Lookup extends Pick<Target, "method" | "url" | "headers"> {
  name: string;
  body: string;
  pointer: string;
  everyMs: number;
}

/** The target from which a lookup's request is made. */
export function lookupTarget({ method, url, headers, body }: Lookup): Target {
  return { method, url, headers, body, weight: 1 };
}
