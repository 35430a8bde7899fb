import { classOf } from "./classes.ts";

/** The class of a failure whose reason has none. */
const UNKNOWN = "unknown-failure";

/**
 * The class of a request that got no complete response: the system's or undici's own error code where the table of
 * classes has it (`ECONNREFUSED`, `ECONNRESET`, `UND_ERR_SOCKET`, …).
 */
export function classifyFailure(error: unknown): string {
  for (let each = error; each instanceof Error; each = each.cause) {
    const { code } = each as NodeJS.ErrnoException;
    if (typeof code === "string") return classOf(code) ? code : UNKNOWN;
  }
  return UNKNOWN;
}
