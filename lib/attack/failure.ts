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

/** A request that took longer than the plan's timeout, or was cut off by an abort of the run. */
export class CutOff extends Error {
  override readonly name = "CutOff";
  readonly code: "UND_ERR_CONNECT_TIMEOUT" | "UND_ERR_HEADERS_TIMEOUT" | "UND_ERR_BODY_TIMEOUT" | "ABORTED";

  constructor(code: CutOff["code"]) {
    super(code);
    this.code = code;
  }
}
