/**
 * The class of a request that got no complete response: a stable key, which is the system's or undici's own error code
 * where there is one (`ECONNREFUSED`, `ECONNRESET`, `UND_ERR_SOCKET`, …).
 */
export function classifyFailure(error: unknown): string {
  for (let each = error; each instanceof Error; each = each.cause) {
    const { code } = each as NodeJS.ErrnoException;
    if (typeof code === "string") return code;
  }
  return error instanceof Error ? error.name : "unknown";
}
