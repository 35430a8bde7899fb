import assert from "node:assert/strict";
import { test } from "node:test";
import { classOf } from "../../lib/answers/classes.ts";
import { classifyFailure } from "../../lib/http/failure.ts";

function failed(code: string, more: { cause?: Error } = {}): Error {
  return Object.assign(new Error(code), { code, ...more });
}

/** What the system says (man 2 connect, send, recv), Node and OpenSSL, and the class that a report has. */
const rows: [code: string, name: string][] = [
  ...[
    "ECONNREFUSED",
    "ECONNRESET",
    "ECONNABORTED",
    "EPIPE",
    "ETIMEDOUT",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "EHOSTDOWN",
    "ENETDOWN",
    "EACCES",
    "EPERM",
    "EINVAL",
    "EADDRNOTAVAIL",
    "EADDRINUSE",
    "EAFNOSUPPORT",
    "EMFILE",
    "ENFILE",
    "ENOBUFS",
    "ENOMEM",
    "ENOENT",
    "ENOTFOUND",
    "EAI_AGAIN",
    "CERT_HAS_EXPIRED",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "INVALID_CA",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "ERR_SSL_WRONG_VERSION_NUMBER",
    "ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR",
    "EPROTO",
    "invalid-http",
  ].map((code): [string, string] => [code, code]),
  ["ERR_STREAM_DESTROYED", "connection-closed"],
  ["ERR_SOCKET_CLOSED", "connection-closed"],
  ["ERR_INVALID_CHAR", "invalid-request"],
  ["ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL", "http2-not-offered"],
  ["EXDEV", "unknown-failure"],
];

test("every failure has a class of the table, whatever its code", () => {
  for (const [code, name] of rows) {
    assert.equal(classifyFailure(failed(code)), name, code);
    assert.ok(classOf(name), name);
  }
  assert.equal(classifyFailure(new Error("no code")), "unknown-failure");
  assert.equal(classifyFailure("no error"), "unknown-failure");
});

test("a failure's own code counts before its cause's", () => {
  assert.equal(classifyFailure(new Error("x", { cause: failed("ECONNREFUSED") })), "ECONNREFUSED");
  assert.equal(classifyFailure(failed("ECONNRESET", { cause: failed("EPIPE") })), "ECONNRESET");
});
