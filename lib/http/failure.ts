import { classOf } from "../answers/classes.ts";

/** The class of a failure with an unknown reason. */
const UNKNOWN = "unknown-failure";

/** Node error codes that share one class. */
const SAME_AS: readonly [codes: RegExp, name: string][] = [
  [/^ERR_(STREAM_(DESTROYED|WRITE_AFTER_END|PREMATURE_CLOSE)|SOCKET_CLOSED)$/, "connection-closed"],
  [/^ERR_SSL_.*ALERT_NO_APPLICATION_PROTOCOL$/, "http2-not-offered"],
  [/^ERR_(INVALID_HTTP_TOKEN|INVALID_CHAR|UNESCAPED_CHARACTERS)$/, "invalid-request"],
];

/**
 * The class of a request without a complete response: the error code of the operating system, Node or OpenSSL if there
 * is one (`ECONNREFUSED`), otherwise a name of Volley's (`connection-closed`). An unlisted code becomes
 * `unknown-failure`, so that a target cannot create unlimited classes.
 */
export function classifyFailure(error: unknown): string {
  const code = codeOf(error);
  if (code === undefined) return UNKNOWN;
  const name = SAME_AS.find(([codes]) => codes.test(code))?.[1] ?? code;
  return classOf(name) ? name : UNKNOWN;
}

/** The code of an error or of its cause. */
function codeOf(error: unknown): string | undefined {
  for (let each = error; each instanceof Error; each = each.cause) {
    const { code } = each as NodeJS.ErrnoException;
    if (typeof code === "string") return code;
  }
  return undefined;
}
