import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { which } from "./processes.ts";

const RELAY = '{"jsonrpc":"2.0","id":1,"result":"0x1"}';

/** An nginx of the bench's own, on one core, that answers every request with the same relay; with TLS over HTTP/2 as well. */
export interface BenchServer {
  url: string;
  stop(): Promise<void>;
}

/** A certificate and its key, as files. */
export interface BenchCertificate {
  key: string;
  certificate: string;
}

/** Starts nginx on a free port of loopback, with TLS if it has a certificate, pinned to a core. Rejects where it does not come up. */
export async function startNginx(core: number, tls?: BenchCertificate): Promise<BenchServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "volley-bench-"));
  writeFileSync(`${folder}/nginx.conf`, configuration(folder, port, tls));
  const args = [
    "-c",
    String(core),
    which("nginx", []) ?? "nginx",
    "-c",
    `${folder}/nginx.conf`,
    "-e",
    `${folder}/error.log`,
    "-p",
    folder,
  ];
  const child: ChildProcess = spawn("taskset", args, { stdio: "ignore" });
  const exited = once(child, "exit");
  await listening(port);
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}/`,
    async stop() {
      child.kill("SIGQUIT");
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration(folder: string, port: number, tls?: BenchCertificate): string {
  const secure = tls ? `ssl_certificate ${tls.certificate};\n    ssl_certificate_key ${tls.key};` : "";
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
daemon off;
worker_processes 1;
worker_rlimit_nofile 60000;
pid ${folder}/nginx.pid;
events { worker_connections 20000; }
http {
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join("\n  ")}
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  server {
    listen 127.0.0.1:${port} ${tls ? "ssl http2 " : ""}backlog=4096;
    ${secure}
    location / { default_type application/json; return 200 '${RELAY}'; }
  }
}
`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const socket = connect({ host: "127.0.0.1", port });
    const open = await new Promise<boolean>((done) => {
      socket.once("connect", () => done(true));
      socket.once("error", () => done(false));
    });
    socket.destroy();
    if (open) return;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error("nginx did not start");
}
