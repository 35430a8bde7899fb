import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { temporaryFolder } from "./folder.ts";
import { listening } from "./nginx.ts";
import { requireProgram } from "./programs.ts";
import { freeOrigin, RELAY } from "./servers.ts";
import { makeCertificate } from "./tls.ts";

/** How often HAProxy's socket is looked for, every 10 ms. */
const MAX_TRIES = 500;

/** A request as HAProxy logged it. */
export interface Logged {
  status: number;
  version: string;
  target: string;
  /** The header X-Request-Id, empty where there is none. */
  requestId: string;
  body: string;
}

/** HAProxy's own counters. */
export interface Counters {
  /** Requests that came in. */
  requests: number;
  /** Requests that went on to the node. */
  forwarded: number;
  /** Handshakes of WebSockets that were answered with 101. */
  switched: number;
  /** Responses of 2xx, 4xx and 5xx. */
  ok: number;
  refused: number;
  failed: number;
}

/** A gateway made of HAProxy in front of a node. */
export interface Haproxy {
  http: string;
  https: string;
  /** The certificate's file, for NODE_EXTRA_CA_CERTS. */
  certificate: string;
  counters(): Promise<Counters>;
  /** What its access log holds, when it has ended. */
  end(): Promise<Logged[]>;
}

/**
 * Starts HAProxy from Debian in front of a node: a request's target is its query's `t`; `/refused` is answered with 403
 * and a page, as a firewall does, and of the requests to `/limited` each fourth with 429. Skips the test where there is
 * none.
 */
export async function startHaproxy(test: TestContext, node: string): Promise<Haproxy | undefined> {
  const program = requireProgram(test, "haproxy", "haproxy");
  const openssl = requireProgram(test, "openssl", "openssl");
  if (program === undefined || openssl === undefined) return undefined;
  const folder = temporaryFolder(test);
  const { key, certificate } = makeCertificate(openssl, folder);
  writeFileSync(`${folder}/both.pem`, readFileSync(certificate, "utf8") + readFileSync(key, "utf8"));
  const [plain, tls] = [await freeOrigin(test), await freeOrigin(test)];
  writeFileSync(
    `${folder}/haproxy.cfg`,
    configuration(folder, new URL(plain).host, new URL(tls).host, new URL(node).host),
  );
  const child = spawn(program, ["-db", "-f", `${folder}/haproxy.cfg`], { stdio: ["ignore", "pipe", "inherit"] });
  const log = text(child.stdout);
  const exited = once(child, "exit");
  const end = async (): Promise<Logged[]> => {
    child.kill("SIGTERM");
    await exited;
    return (await log)
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Logged);
  };
  test.after(end);
  await listening(plain);
  // It makes the socket for its figures some ms after the ports.
  for (let tries = 0; !existsSync(`${folder}/stats.sock`) && tries < MAX_TRIES; tries++) await sleep(10);
  return {
    http: plain,
    https: tls.replace("http:", "https:"),
    certificate,
    counters: () => readCounters(`${folder}/stats.sock`),
    end,
  };
}

function configuration(folder: string, plain: string, tls: string, node: string): string {
  const json = (name: string, variable: string) => `"${name}":"%[var(txn.${variable}),json(utf8s)]"`;
  const fields = [
    '"status":%ST',
    '"version":"%HV"',
    json("target", "t"),
    json("requestId", "id"),
    json("body", "body"),
  ];
  return `
global
  nbthread 1
  stats socket ${folder}/stats.sock mode 600 level admin
  log stdout len 65535 format raw local0
defaults
  mode http
  log global
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option http-buffer-request
  # A connection that is made and closed is no request.
  option dontlognull
  option http-ignore-probes
frontend gateway
  bind ${plain}
  bind ${tls} ssl crt ${folder}/both.pem alpn h2,http/1.1
  log-format '{${fields.join(",")}}'
  http-request set-var(txn.t) url_param(t)
  http-request set-var(txn.id) req.hdr(x-request-id)
  http-request set-var(txn.body) req.body
  http-request track-sc0 int(1) table limited if { path /limited }
  http-request sc-inc-gpc0(0) if { path /limited }
  http-request return status 429 content-type application/json string '{"message":"Too many requests"}' if { path /limited } { sc0_get_gpc0,mod(4) -m int 0 }
  http-request return status 403 content-type text/html string '<html><body>Request blocked</body></html>' if { path /refused }
  http-request set-path /
  default_backend node
backend limited
  stick-table type integer size 10 store gpc0
backend node
  http-reuse always
  server anvil ${node}
`;
}

async function readCounters(socketPath: string): Promise<Counters> {
  const socket = createConnection(socketPath);
  socket.end("show stat\n");
  const [head = "", ...rows] = (await text(socket)).trim().split("\n");
  const names = head.replace(/^# /, "").split(",");
  const column = (proxy: string, part: string, name: string): number => {
    const row = rows.map((each) => each.split(",")).find(([first, second]) => first === proxy && second === part);
    return Number(row?.[names.indexOf(name)]);
  };
  const front = (name: string) => column("gateway", "FRONTEND", name);
  return {
    requests: front("req_tot"),
    forwarded: column("node", "anvil", "stot"),
    switched: front("hrsp_1xx"),
    ok: front("hrsp_2xx"),
    refused: front("hrsp_4xx"),
    failed: front("hrsp_5xx"),
  };
}

/** A limit on each client's rate. */
export interface Limiter {
  /** Requests in a period, such as "10s". */
  requests: number;
  period: string;
  /** Whether refused requests count as well. */
  countsRefused: boolean;
}

/** Starts HAProxy with a rate limit by a stick table; resolves with its origin. Skips the test where there is none. */
export async function startLimiter(test: TestContext, limiter: Limiter): Promise<string | undefined> {
  const program = requireProgram(test, "haproxy", "haproxy");
  if (program === undefined) return undefined;
  const folder = temporaryFolder(test);
  const origin = await freeOrigin(test);
  const { requests, period, countsRefused } = limiter;
  const track = "http-request track-sc0 src table clients";
  const rules = countsRefused
    ? [track, `http-request deny deny_status 429 if { sc0_http_req_rate(clients) gt ${requests} }`]
    : [`http-request deny deny_status 429 if { src_http_req_rate(clients) ge ${requests} }`, track];
  writeFileSync(
    `${folder}/haproxy.cfg`,
    `
global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend gateway
  bind ${new URL(origin).host}
  ${rules.join("\n  ")}
  http-request return status 200 content-type application/json string '${RELAY}'
backend clients
  stick-table type ip size 1k expire 1m store http_req_rate(${period})
`,
  );
  const child = spawn(program, ["-db", "-f", `${folder}/haproxy.cfg`], { stdio: ["ignore", "ignore", "inherit"] });
  const exited = once(child, "exit");
  test.after(async () => {
    child.kill("SIGTERM");
    await exited;
  });
  await listening(origin);
  return origin;
}
