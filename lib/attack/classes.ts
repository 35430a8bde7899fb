/** Who is to be asked about a request that did not become a relay, as far as its class tells. */
export type Fault =
  /** The gateway itself, or the way to it. */
  | "gateway"
  /** What the gateway asks in turn: the chain's node. */
  | "upstream"
  /** The request: the plan asks for something that is not there, or not allowed. */
  | "request"
  /** The generator, or the host that it runs on. */
  | "generator";

/** A class of errors (no whole response) or of invalid responses. */
export interface OutcomeClass {
  /** Its stable name, or the pattern of its names. */
  name: RegExp;
  fault: Fault;
  meaning: string;
}

/** All classes, the first that fits counts. docs/classes.md is this table in words. */
export const CLASSES: readonly OutcomeClass[] = [
  { name: /^EADDRNOTAVAIL$/, fault: "generator", meaning: "no ephemeral port left on this host (port exhaustion)" },
  { name: /^E[MN]FILE$/, fault: "generator", meaning: "no file descriptor left on this host" },
  { name: /^ABORTED$/, fault: "generator", meaning: "in flight when the run was aborted" },
  { name: /^lost$/, fault: "generator", meaning: "sent by a worker that did not live to tell how it ended" },
  { name: /^internal-error$/, fault: "generator", meaning: "Volley failed at it: report it as a fault of Volley's" },
  { name: /^(ENOTFOUND|EAI_\w+)$/, fault: "gateway", meaning: "the host's name does not resolve" },
  { name: /^FORBIDDEN_ADDRESS$/, fault: "request", meaning: "a name that resolves to a metadata or loopback address" },
  { name: /^ECONNREFUSED$/, fault: "gateway", meaning: "nobody listens there" },
  { name: /^ECONNRESET$/, fault: "gateway", meaning: "the connection was reset before the response began" },
  { name: /^RESET_IN_RESPONSE$/, fault: "gateway", meaning: "the connection was reset within the response" },
  { name: /^UND_ERR_SOCKET$/, fault: "gateway", meaning: "the connection was closed before the response began" },
  { name: /^TRUNCATED_RESPONSE$/, fault: "gateway", meaning: "the connection was closed within the response" },
  { name: /^UND_ERR_CONNECT_TIMEOUT$/, fault: "gateway", meaning: "no connection within the plan's timeout" },
  { name: /^UND_ERR_HEADERS_TIMEOUT$/, fault: "gateway", meaning: "no response within the plan's timeout" },
  { name: /^UND_ERR_BODY_TIMEOUT$/, fault: "gateway", meaning: "the response did not end within the plan's timeout" },
  { name: /^UND_ERR_RES_EXCEEDED_MAX_SIZE$/, fault: "gateway", meaning: "a body of more than 4 MiB" },
  { name: /^UND_ERR_HEADERS_OVERFLOW$/, fault: "gateway", meaning: "a head of more than 64 KiB" },
  { name: /^INVALID_HTTP$/, fault: "gateway", meaning: "bytes that are no HTTP/1.1" },
  {
    name: /^HTTP2_GOAWAY/,
    fault: "gateway",
    meaning: "the server closed the HTTP/2 connection and did not process it",
  },
  { name: /^HTTP2_STREAM_/, fault: "gateway", meaning: "the server reset this request's HTTP/2 stream alone" },
  {
    name: /^(CERT_|DEPTH_|SELF_|UNABLE_|ERR_TLS|ERR_SSL|EPROTO|HOSTNAME_)/,
    fault: "gateway",
    meaning: "TLS: the certificate, the name or the protocol",
  },
  { name: /^http-429$/, fault: "gateway", meaning: "too many requests, by HTTP status" },
  {
    name: /^http-(502|504|52\d)$/,
    fault: "upstream",
    meaning: "the gateway could not reach what is behind it in time",
  },
  { name: /^http-5\d\d$/, fault: "gateway", meaning: "the gateway failed (503: it is overloaded or closed)" },
  { name: /^http-[134]\d\d$/, fault: "request", meaning: "refused or moved; redirects are never followed" },
  { name: /^rpc-rate-limited$/, fault: "gateway", meaning: "a rate limit inside HTTP 200 (code −32005 or 429)" },
  { name: /^rpc-parse-error$/, fault: "request", meaning: "JSON-RPC code −32700" },
  { name: /^rpc-invalid-request$/, fault: "request", meaning: "JSON-RPC code −32600" },
  { name: /^rpc-method-not-found$/, fault: "request", meaning: "JSON-RPC code −32601" },
  { name: /^rpc-invalid-params$/, fault: "request", meaning: "JSON-RPC code −32602" },
  { name: /^rpc-internal-error$/, fault: "upstream", meaning: "JSON-RPC code −32603" },
  { name: /^rpc-server-error$/, fault: "upstream", meaning: "a JSON-RPC code from −32000 to −32099" },
  { name: /^rpc-error$/, fault: "upstream", meaning: "a JSON-RPC error of any other code" },
  { name: /^null-result$/, fault: "upstream", meaning: "a result that is null" },
  { name: /^no-result$/, fault: "gateway", meaning: "neither a result nor an error" },
  { name: /^id-mismatch$/, fault: "gateway", meaning: "the id of another request, or none" },
  { name: /^invalid-json$/, fault: "gateway", meaning: "a body that is not JSON, or JSON cut short" },
  { name: /^empty-body$/, fault: "gateway", meaning: "no body" },
  { name: /^not-json-rpc$/, fault: "gateway", meaning: "JSON, but no response object" },
  { name: /^batch-part-missing$/, fault: "gateway", meaning: "a batch in whose response a call has no answer" },
  { name: /^stale-block$/, fault: "upstream", meaning: "a block further behind the highest one than the plan allows" },
  { name: /^check-failed$/, fault: "upstream", meaning: "a response that is not as the plan's check asks" },
];

/** Who is to be asked about a class; the gateway where the class is not in the table. */
export function faultOf(name: string): Fault {
  return CLASSES.find((each) => each.name.test(name))?.fault ?? "gateway";
}
