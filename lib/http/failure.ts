import { classOf } from "../answers/classes.ts";

/** The class of a failure with an unknown reason. */
const UNKNOWN = "unknown-failure";

/** nghttp2's error code for a flood of frames that require responses: pings, settings. */
const NGHTTP2_ERR_FLOODED = -904;

/** Node error codes that share one class. */
const SAME_AS: readonly [codes: RegExp, name: string][] = [
  [
    /^ERR_(STREAM_(DESTROYED|WRITE_AFTER_END|PREMATURE_CLOSE)|SOCKET_CLOSED|HTTP2_INVALID_SESSION)$/,
    "connection-closed",
  ],
  [/^ERR_HTTP2_GOAWAY_SESSION$/, "http2-goaway"],
  [/^ERR_SSL_.*ALERT_NO_APPLICATION_PROTOCOL$/, "http2-not-offered"],
  [/^ERR_HTTP2_(ERROR|TOO_MANY_INVALID_FRAMES|TOO_MANY_CUSTOM_SETTINGS|MAX_PENDING_SETTINGS_ACK)$/, "invalid-http2"],
  [
    /^ERR_(HTTP2_.*(HEADER|PSEUDOHEADER|TRAILER).*|INVALID_HTTP_TOKEN|INVALID_CHAR|UNESCAPED_CHARACTERS)$/,
    "invalid-request",
  ],
];

/**
 * The class of a request without a complete response: the error code of the operating system, Node or OpenSSL if there
 * is one (`ECONNREFUSED`), otherwise a name of Volley's (`connection-closed`). An unlisted code becomes
 * `unknown-failure`, so that a target cannot create unlimited classes.
 */
export function classifyFailure(error: unknown): string {
  const code = codeOf(error);
  if (code === undefined) return UNKNOWN;
  if (code === "ERR_HTTP2_ERROR" && (error as NodeJS.ErrnoException).errno === NGHTTP2_ERR_FLOODED)
    return "http2-flooded";
  const name = SAME_AS.find(([codes]) => codes.test(code))?.[1] ?? code;
  return classOf(name) ? name : UNKNOWN;
}

/** The code of an error or of its cause. */
function codeOf(error: unknown): string | undefined {
  let found: string | undefined;
  for (let each = error; each instanceof Error; each = each.cause) {
    const { code } = each as NodeJS.ErrnoException;
    if (typeof code !== "string") continue;
    found = code;
    // A stream that was still waiting for its connection only reports this code; the cause has the reason.
    if (code !== "ERR_HTTP2_STREAM_CANCEL") break;
  }
  return found;
}
