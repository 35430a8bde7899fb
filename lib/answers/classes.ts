/** Who is responsible for a request that did not become a relay, as far as its class shows. */
export type Fault =
  /** The gateway itself, or the path to it. */
  | "gateway"
  /** What the gateway calls in turn: the chain's node. */
  | "upstream"
  /** The request: the plan asks for something that does not exist or is not allowed. */
  | "request"
  /** The generator, or the host that it runs on. */
  | "generator"
  /** Nobody: the gateway relayed what the chain's node had to say. */
  | "answer";

/** A class of outcomes. */
export interface OutcomeClass {
  /** Its stable names; a trailing `…` matches any rest. */
  names: readonly string[];
  fault: Fault;
  meaning: string;
}

/** HTTP/2's error codes by number (RFC 9113, section 7), as parts of class names. */
export const HTTP2_ERRORS: readonly string[] = [
  "no-error",
  "protocol-error",
  "internal-error",
  "flow-control-error",
  "settings-timeout",
  "stream-closed",
  "frame-size-error",
  "refused-stream",
  "cancel",
  "compression-error",
  "connect-error",
  "enhance-your-calm",
  "inadequate-security",
  "http-1-1-required",
];

/**
 * All classes; the first match counts. Volley's own names are in kebab-case; a code of the operating system, Node or
 * OpenSSL keeps its name (`ECONNREFUSED`, `CERT_HAS_EXPIRED`). docs/classes.md is this table in words.
 */
export const CLASSES: readonly OutcomeClass[] = [
  { names: ["EADDRNOTAVAIL"], fault: "generator", meaning: "no ephemeral port left on this host (port exhaustion)" },
  { names: ["EMFILE", "ENFILE"], fault: "generator", meaning: "no file descriptor left on this host" },
  { names: ["file-limit"], fault: "generator", meaning: "a subscriber whose worker may open no more files" },
  { names: ["ENOBUFS", "ENOMEM"], fault: "generator", meaning: "no memory left on this host for a socket" },
  { names: ["EACCES", "EPERM"], fault: "generator", meaning: "this host does not allow the connection" },
  {
    names: ["EINVAL", "EAFNOSUPPORT", "EADDRINUSE", "EBADF", "ENOTCONN", "ENOTSOCK"],
    fault: "generator",
    meaning: "this host's system refused a call",
  },
  { names: ["ENETDOWN"], fault: "generator", meaning: "this host's network is down" },
  { names: ["aborted"], fault: "generator", meaning: "in flight when the run was aborted" },
  { names: ["lost"], fault: "generator", meaning: "sent by a worker that did not live to tell how it ended" },
  { names: ["internal-error"], fault: "generator", meaning: "Volley failed at it: report it as a fault of Volley's" },
  { names: ["ENOTFOUND", "EAI_…"], fault: "gateway", meaning: "the host's name does not resolve" },
  { names: ["ENOENT"], fault: "request", meaning: "no such unix socket" },
  {
    names: ["forbidden-address"],
    fault: "request",
    meaning: "an address that may not be loaded, or a name that leads to one",
  },
  { names: ["forbidden-host"], fault: "request", meaning: "a host that neither the plan nor the deployment allows" },
  { names: ["ECONNREFUSED"], fault: "gateway", meaning: "nobody listens there" },
  { names: ["EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN"], fault: "gateway", meaning: "no route to the host" },
  { names: ["ETIMEDOUT"], fault: "gateway", meaning: "the system gave the connection up: the host does not answer" },
  { names: ["ECONNRESET"], fault: "gateway", meaning: "the connection was reset before the response began" },
  { names: ["ECONNABORTED"], fault: "gateway", meaning: "the system aborted the connection" },
  { names: ["EPIPE"], fault: "gateway", meaning: "the connection was closed while the request was written" },
  { names: ["reset-in-response"], fault: "gateway", meaning: "the connection was reset within the response" },
  { names: ["connection-closed"], fault: "gateway", meaning: "the connection was closed before the response began" },
  { names: ["truncated-response"], fault: "gateway", meaning: "the connection was closed within the response" },
  { names: ["connect-timeout"], fault: "gateway", meaning: "no connection within the plan's timeout" },
  { names: ["headers-timeout"], fault: "gateway", meaning: "no response within the plan's timeout" },
  { names: ["body-timeout"], fault: "gateway", meaning: "the response did not end within the plan's timeout" },
  {
    names: ["body-too-large"],
    fault: "generator",
    meaning: "a body above the plan's limits.maxBodyBytes, as it came or decoded",
  },
  {
    names: ["response-memory"],
    fault: "generator",
    meaning: "a worker had 256 MiB of responses in part, and took no more",
  },
  { names: ["headers-too-large"], fault: "gateway", meaning: "heads or trailers of more than 64 KiB" },
  {
    names: ["invalid-http"],
    fault: "gateway",
    meaning: "bytes that are no HTTP/1.1, or that could be read in two ways",
  },
  { names: ["invalid-http2"], fault: "gateway", meaning: "frames that break HTTP/2" },
  { names: ["http2-flooded"], fault: "gateway", meaning: "HTTP/2 pings or settings without end" },
  { names: ["http2-not-offered"], fault: "gateway", meaning: "a server that does not offer HTTP/2 (ALPN)" },
  {
    names: ["http2-goaway", "http2-goaway-…"],
    fault: "gateway",
    meaning: "the server closed the HTTP/2 connection and did not process it",
  },
  { names: ["http2-stream-…"], fault: "gateway", meaning: "the server reset this request's HTTP/2 stream alone" },
  {
    names: ["ws-upgrade-…"],
    fault: "gateway",
    meaning: "the WebSocket's handshake was answered with this HTTP status instead of 101",
  },
  { names: ["invalid-ws-handshake"], fault: "gateway", meaning: "an answer to the handshake that opens no WebSocket" },
  { names: ["invalid-ws"], fault: "gateway", meaning: "frames that break the WebSocket protocol" },
  { names: ["ws-no-pong"], fault: "gateway", meaning: "a WebSocket on which no ping was answered for 20 s" },
  {
    names: ["ws-closed-…"],
    fault: "gateway",
    meaning: "the WebSocket was closed with this code before the answer (1006: without a close frame)",
  },
  {
    names: [
      ...["CERT_…", "CRL_…", "DEPTH_…", "SELF_…", "UNABLE_…", "HOSTNAME_…", "ERROR_IN_…", "ERR_TLS_…", "ERR_SSL_…"],
      ...["EPROTO", "INVALID_CA", "INVALID_PURPOSE", "PATH_LENGTH_EXCEEDED"],
    ],
    fault: "gateway",
    meaning: "TLS: the certificate, the name or the protocol",
  },
  { names: ["invalid-request"], fault: "request", meaning: "a request that HTTP does not allow; it was not sent" },
  { names: ["invalid-encoding"], fault: "gateway", meaning: "a body that is not encoded as Content-Encoding says" },
  { names: ["unknown-failure"], fault: "generator", meaning: "no whole response, for a reason without a class" },
  { names: ["http-429"], fault: "gateway", meaning: "too many requests, by HTTP status" },
  { names: ["http-403"], fault: "gateway", meaning: "refused, by the gateway or by a CDN or firewall before it" },
  { names: ["http-408"], fault: "gateway", meaning: "the gateway gave up waiting for the request" },
  {
    names: ["http-502", "http-504", "http-52…", "http-530"],
    fault: "upstream",
    meaning: "the gateway could not reach what is behind it in time",
  },
  { names: ["http-5…"], fault: "gateway", meaning: "the gateway failed (503: it is overloaded or closed)" },
  {
    names: ["http-1…", "http-3…", "http-4…"],
    fault: "request",
    meaning: "refused or moved; redirects are never followed",
  },
  { names: ["http-…"], fault: "gateway", meaning: "a status that HTTP does not know" },
  { names: ["rpc-rate-limited"], fault: "gateway", meaning: "a rate limit inside the body, by its code or its text" },
  { names: ["rpc-parse-error"], fault: "request", meaning: "JSON-RPC code −32700" },
  { names: ["rpc-invalid-request"], fault: "request", meaning: "JSON-RPC code −32600" },
  { names: ["rpc-method-not-found"], fault: "request", meaning: "JSON-RPC code −32601" },
  { names: ["rpc-invalid-params"], fault: "request", meaning: "JSON-RPC code −32602, or its text" },
  {
    names: ["rpc-transaction-refused"],
    fault: "request",
    meaning: "a transaction that the node refuses: its nonce, its funds, its gas",
  },
  {
    names: ["rpc-query-too-large"],
    fault: "request",
    meaning: "a query for more blocks, results or calls than the node gives at once",
  },
  { names: ["rpc-revert"], fault: "request", meaning: "a reverted execution that the plan does not accept" },
  { names: ["rpc-internal-error"], fault: "upstream", meaning: "JSON-RPC code −32603" },
  {
    names: ["rpc-node-behind"],
    fault: "upstream",
    meaning: "a node that is behind, by its own words (under a code that others limit rates with)",
  },
  { names: ["rpc-server-error"], fault: "upstream", meaning: "any other JSON-RPC code from −32000 to −32099" },
  { names: ["rpc-error"], fault: "upstream", meaning: "a JSON-RPC error of any other code, or of none" },
  { names: ["null-result"], fault: "upstream", meaning: "a null where the method has a result" },
  { names: ["no-result"], fault: "gateway", meaning: "neither a result nor an error" },
  { names: ["id-mismatch"], fault: "gateway", meaning: "the id of another request, or none" },
  { names: ["invalid-json"], fault: "gateway", meaning: "a body that is not JSON, or JSON cut short" },
  { names: ["empty-body"], fault: "gateway", meaning: "no body" },
  { names: ["not-json-rpc"], fault: "gateway", meaning: "JSON, but no response object" },
  { names: ["batch-part-missing"], fault: "gateway", meaning: "a batch in whose response a call has no answer" },
  { names: ["batch-not-list"], fault: "gateway", meaning: "a batch whose response is one object" },
  { names: ["batch-extra"], fault: "gateway", meaning: "a batch in whose response there are more answers than calls" },
  { names: ["stale-block"], fault: "upstream", meaning: "a block further behind the highest one than the plan allows" },
  { names: ["check-failed"], fault: "upstream", meaning: "a response that is not as the plan's check asks" },
  {
    names: ["answer-null"],
    fault: "answer",
    meaning: "a null of a method that has nothing to answer, or that the plan accepts",
  },
  { names: ["answer-revert"], fault: "answer", meaning: "an execution that reverted" },
  {
    names: ["answer-code"],
    fault: "answer",
    meaning: "a JSON-RPC error that the plan accepts, by its code or a check",
  },
  {
    names: ["answer-status"],
    fault: "answer",
    meaning: "an HTTP status that the plan accepts of a target that is no JSON-RPC",
  },
];

function fits({ names }: OutcomeClass, name: string): boolean {
  return names.some((each) => (each.endsWith("…") ? name.startsWith(each.slice(0, -1)) : name === each));
}

/** The class of this name, or undefined if it is not in the table. */
export function classOf(name: string): OutcomeClass | undefined {
  return CLASSES.find((each) => fits(each, name));
}

/** Who is responsible for a class; the gateway if the class is not in the table. */
export function faultOf(name: string): Fault {
  return classOf(name)?.fault ?? "gateway";
}
