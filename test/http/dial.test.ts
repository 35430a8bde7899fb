import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createSecureServer } from "node:http2";
import { type AddressInfo, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { Recorder } from "../../lib/attack/recorder.ts";
import { Sender } from "../../lib/attack/sender.ts";
import { HostGuard } from "../../lib/guard/hostGuard.ts";
import type { ConnectionOptions } from "../../lib/http/connection.ts";
import { secureOf } from "../../lib/http/secure.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import type { Series } from "../../lib/results/chunk.ts";
import { systemClock } from "../../lib/store/clock.ts";
import { temporaryFolder } from "../support/folder.ts";
import { CALL } from "../support/plans.ts";
import { prepared } from "../support/prepared.ts";
import { requireProgram } from "../support/programs.ts";
import { jsonResponse, RELAY } from "../support/servers.ts";
import { startTlsServer } from "../support/tls.ts";

const guard = new HostGuard({ allowed: ["gw.example"], loopback: true });
const OPTIONS: ConnectionOptions = { http: "1.1", keepalive: true, timeoutMs: 1_000, guard };

async function send(origin: string, options: Partial<ConnectionOptions> = {}): Promise<Series> {
  const sender = new Sender(systemClock, { ...OPTIONS, ...options });
  const recorder = new Recorder("ethereum", "measure", 1_000);
  const request = prepared({ method: "POST", url: `${origin}/`, headers: [], body: JSON.stringify(CALL), weight: 1 });
  const nowMs = systemClock.nowMs();
  sender.send({ request, n: 0, recorder, dueMs: 0, dueAtMs: nowMs }, nowMs);
  await sender.drained();
  sender.close();
  return recorder.take() ?? assert.fail("nothing was recorded");
}

async function secure(tls: Partial<NonNullable<Plan["tls"]>>, secrets: Record<string, string> = {}) {
  return secureOf({ insecure: false, ...tls }, async (reference) => secrets[reference] ?? assert.fail(reference));
}

for (const http of ["1.1", "2"] as const) {
  test(`HTTP/${http}: a certificate is trusted by its CA, taken unseen, or refused by its class`, async (t) => {
    const folder = temporaryFolder(t);
    const tls = await startTlsServer(t, folder);
    if (!tls) return;
    const pem = readFileSync(tls.certificate, "utf8").replaceAll("\n", "\\n");
    assert.deepEqual((await send(tls.origin, { http })).errors, { DEPTH_ZERO_SELF_SIGNED_CERT: 1 });
    const trusting = [
      await secure({ ca: tls.certificate }),
      await secure({ ca: "env://CA" }, { "env://CA": pem }),
      await secure({ insecure: true }),
    ];
    for (const each of trusting) assert.equal((await send(tls.origin, { http, secure: each })).valid, 1);
    const other = await secure({ ca: tls.certificate, serverName: "other.example" });
    assert.deepEqual((await send(tls.origin, { http, secure: other })).errors, { ERR_TLS_CERT_ALTNAME_INVALID: 1 });
    const { port } = new URL(tls.origin);
    const address = `https://127.0.0.1:${port}`;
    const named = await secure({ ca: tls.certificate, serverName: "localhost" });
    assert.equal((await send(address, { http, secure: named })).valid, 1);
  });

  test(`HTTP/${http}: connections go where the plan sends them, and the certificate stays the target's`, async (t) => {
    const folder = temporaryFolder(t);
    const tls = await startTlsServer(t, folder);
    if (!tls) return;
    const { port } = new URL(tls.origin);
    const trusting = await secure({ ca: tls.certificate });
    const to = `127.0.0.1:${port}`;
    const options = { http, secure: trusting };
    assert.equal((await send("https://localhost", { ...options, resolve: { "localhost:443": to } })).valid, 1);
    const { errors } = await send("https://gw.example", { ...options, resolve: { "gw.example": to } });
    assert.deepEqual(errors, { ERR_TLS_CERT_ALTNAME_INVALID: 1 });
    // An address has no name to ask for, and the certificate is held against it all the same.
    const resolve = { "127.0.0.9": `localhost:${port}` };
    const byAddress = await send("https://127.0.0.9", { ...options, resolve });
    assert.deepEqual(byAddress.errors, { ERR_TLS_CERT_ALTNAME_INVALID: 1 });
  });

  test(`HTTP/${http}: an expired certificate has its class`, async (t) => {
    const tls = await startTlsServer(t, temporaryFolder(t), -1);
    if (!tls) return;
    const trusting = await secure({ ca: tls.certificate });
    assert.deepEqual((await send(tls.origin, { http, secure: trusting })).errors, { CERT_HAS_EXPIRED: 1 });
  });
}

test("a server without HTTP/2 is http2-not-offered, whether it says so or goes on without", async (t) => {
  const folder = temporaryFolder(t);
  const tls = await startTlsServer(t, folder);
  if (!tls) return;
  const files = { key: readFileSync(`${folder}/key.pem`), cert: readFileSync(tls.certificate) };
  const start = async (options: TlsOptions): Promise<string> => {
    const server = createTlsServer({ ...files, ...options }, (socket) => {
      socket.on("error", () => {});
      socket.on("data", () => socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
    });
    server.on("tlsClientError", () => {});
    server.listen(0, "localhost");
    await once(server, "listening");
    t.after(() => server.close());
    return `https://localhost:${(server.address() as AddressInfo).port}`;
  };
  const trusting = { http: "2" as const, secure: await secure({ insecure: true }) };
  for (const options of [{}, { ALPNProtocols: ["http/1.1"] }]) {
    const { errors } = await send(await start(options), trusting);
    assert.deepEqual(errors, { "http2-not-offered": 1 });
  }
});

test("a client certificate is shown to a server that asks for one, and its key is nowhere but in the process", async (t) => {
  const folder = temporaryFolder(t);
  const tls = await startTlsServer(t, folder);
  if (!tls) return;
  const files = { key: readFileSync(`${folder}/key.pem`), cert: readFileSync(tls.certificate) };
  const server = createSecureServer({
    ...files,
    ca: files.cert,
    requestCert: true,
    rejectUnauthorized: true,
    allowHTTP1: true,
  });
  server.on("sessionError", () => {});
  server.on("request", (_, response) => response.end(RELAY));
  server.listen(0, "localhost");
  await once(server, "listening");
  t.after(() => server.close());
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`;
  const own = { ca: tls.certificate, cert: tls.certificate, key: "env://KEY" };
  const key = { "env://KEY": files.key.toString() };
  for (const http of ["1.1", "2"] as const) {
    const series = await send(origin, { http, secure: await secure(own, key) });
    assert.equal(series.valid, 1, JSON.stringify(series.errors));
    const { errors } = await send(origin, { http, secure: await secure({ ca: tls.certificate }) });
    assert.match(Object.keys(errors).join(), /^(ERR_SSL_|ECONNRESET|connection-closed)/);
  }
  await assert.rejects(secure({ ...own, key: "env://KEY" }, { "env://KEY": "no PEM at all" }), (error: Error) => {
    assert.doesNotMatch(error.message, /no PEM at all/);
    return /expected ca, cert and key in PEM format/.test(error.message);
  });
});

async function startUnixServer(t: TestContext, path: string): Promise<void> {
  const server = createServer((socket) => socket.on("data", () => socket.write(jsonResponse(RELAY))));
  server.listen(path);
  await once(server, "listening");
  t.after(() => server.close());
}

test("all connections go to a unix socket, and one that is not there has its class", async (t) => {
  const path = `${temporaryFolder(t)}/gw.sock`;
  await startUnixServer(t, path);
  assert.equal((await send("http://gw.example", { unixSocket: path })).valid, 1);
  const { errors } = await send("http://gw.example", { unixSocket: `${path}.missing` });
  assert.deepEqual(errors, { ENOENT: 1 });
  const forbidden = await send("http://other.example", { unixSocket: path });
  assert.deepEqual(forbidden.errors, { "forbidden-host": 1 });
});

test("TCP asks whether a quiet server is still there", async (t) => {
  const ss = requireProgram(t, "ss", "iproute2");
  if (ss === undefined) return;
  const server = createServer(() => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const sender = new Sender(systemClock, OPTIONS);
  const { port } = server.address() as AddressInfo;
  await sender.open(`http://127.0.0.1:${port}`, 1);
  const sockets = execFileSync(ss, ["-tnoH", "dport", "=", `:${port}`], { encoding: "utf8" });
  sender.close();
  server.close();
  assert.match(sockets, /timer:\(keepalive,/);
  t.diagnostic(sockets.trim());
});
