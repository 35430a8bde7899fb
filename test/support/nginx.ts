import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import type { TestContext } from "node:test";
import { temporaryFolder } from "./folder.ts";
import { requireProgram } from "./programs.ts";
import { freeOrigin, RELAY } from "./servers.ts";

/** An nginx that answers every request with the same relay. */
export interface Nginx {
  origin: string;
  /** The access log's lines: the request URI of each request. */
  requests(): string[];
  /** A folder whose files it serves at `/files/`. */
  files: string;
}

/** Further directives of nginx; paths in them are relative to a folder of the test. */
export interface NginxDirectives {
  http: string;
  server: string;
}

/** Starts nginx from Debian on a free port; it ends with the test. Skips the test where there is none. */
export async function startNginx(test: TestContext, more?: NginxDirectives): Promise<Nginx | undefined> {
  const program = requireProgram(test, "nginx", "nginx-light");
  if (program === undefined) return undefined;
  const folder = temporaryFolder(test);
  const origin = await freeOrigin(test);
  mkdirSync(`${folder}/files`);
  // Its workers are not root, and the test's folder is the test's own.
  chmodSync(folder, 0o755);
  writeFileSync(`${folder}/nginx.conf`, configuration(folder, new URL(origin).host, more));
  const child = spawn(program, ["-c", `${folder}/nginx.conf`, "-e", `${folder}/error.log`, "-p", folder], {
    stdio: "ignore",
  });
  const exited = once(child, "exit");
  test.after(async () => {
    child.kill("SIGQUIT");
    await exited;
  });
  await listening(origin);
  return {
    origin,
    files: `${folder}/files`,
    requests: () => readFileSync(`${folder}/access.log`, "utf8").split("\n").filter(Boolean),
  };
}

function configuration(folder: string, listen: string, more: NginxDirectives = { http: "", server: "" }): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 2048; }
http {
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join("\n  ")}
  log_format uri $request_uri;
  access_log ${folder}/access.log uri;
  keepalive_requests 1000000;
  ${more.http}
  server {
    listen ${listen};
    ${more.server}
    location /files/ { alias ${folder}/files/; default_type text/plain; }
    location / { default_type application/json; return 200 '${RELAY}'; }
  }
}
`;
}

/** Resolves when a server accepts connections at an origin. */
export async function listening(origin: string): Promise<void> {
  const { hostname: host, port } = new URL(origin);
  for (let tries = 0; tries < 400; tries++) {
    const socket = connect({ host, port: Number(port) });
    const open = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (open) return;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`nobody listens at ${origin}`);
}
