import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createSecureServer, type Http2SecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { requireProgram } from "./programs.ts";
import { RELAY } from "./servers.ts";

/** A server with TLS that speaks HTTP/2 and HTTP/1.1 and answers every request with the same relay. */
export interface TlsServer {
  origin: string;
  /** The certificate's file, for NODE_EXTRA_CA_CERTS. */
  certificate: string;
  server: Http2SecureServer;
  /** Requests by HTTP version. */
  requests: Record<string, number>;
  /** Connections that were opened. */
  connections: number;
}

/** Makes a key and a certificate of its own for `localhost` and 127.0.0.1 in a folder; gives their files. */
export function makeCertificate(openssl: string, folder: string, days = 2): { key: string; certificate: string } {
  const [key, request, certificate] = [`${folder}/key.pem`, `${folder}/request.pem`, `${folder}/cert.pem`];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key];
  execFileSync(openssl, ["req", "-new", ...curve, ...subject, "-out", request], { stdio: "pipe" });
  const signed = ["-in", request, "-signkey", key, "-copy_extensions", "copy", "-days", String(days)];
  execFileSync(openssl, ["x509", "-req", ...signed, "-out", certificate], { stdio: "pipe" });
  return { key, certificate };
}

/**
 * Starts it with a certificate of its own for `localhost`, which is valid for so many days or, below 0, has expired; it
 * ends with the test. Skips the test without openssl.
 */
export async function startTlsServer(
  test: Pick<TestContext, "after" | "skip">,
  folder: string,
  days = 2,
): Promise<TlsServer | undefined> {
  const openssl = requireProgram(test, "openssl", "openssl");
  if (openssl === undefined) return undefined;
  const { key, certificate } = makeCertificate(openssl, folder, days);
  const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(certificate), allowHTTP1: true });
  const started: TlsServer = { origin: "", certificate, server, requests: {}, connections: 0 };
  const sockets = new Set<{ destroy(): void }>();
  server.on("secureConnection", (socket) => {
    started.connections++;
    sockets.add(socket);
    socket.on("error", () => {});
  });
  server.on("sessionError", () => {});
  server.on("request", (request, response) => {
    started.requests[request.httpVersion] = (started.requests[request.httpVersion] ?? 0) + 1;
    request.resume();
    request.on("end", () => {
      response.writeHead(200, { "Content-Type": "application/json" });
      response.end(RELAY);
    });
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  test.after(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  started.origin = `https://localhost:${(server.address() as AddressInfo).port}`;
  return started;
}
