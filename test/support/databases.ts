import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, readdirSync } from "node:fs";
import type { TestContext } from "node:test";
import { temporaryFolder } from "./folder.ts";
import { listening } from "./nginx.ts";
import { requireProgram } from "./programs.ts";
import { freeOrigin } from "./servers.ts";

/** PostgreSQL refuses to be run by root: then this user does it, who owns nothing. */
const NOBODY = 65_534;

/** Starts Debian's Redis on a free port; gives its URL. Skips the test where there is none. */
export async function startRedis(test: TestContext): Promise<string | undefined> {
  const program = requireProgram(test, "redis-server", "redis-server");
  if (program === undefined) return undefined;
  const { host, hostname, port } = new URL(await freeOrigin(test));
  const folder = temporaryFolder(test);
  start(test, program, ["--bind", hostname, "--port", port, "--save", "", "--dir", folder]);
  await listening(`http://${host}`);
  return `redis://${host}`;
}

/** Starts Debian's PostgreSQL on a free port; gives its URL. Skips the test where there is none. */
export async function startPostgres(test: TestContext): Promise<string | undefined> {
  // Debian keeps the server's programs in a folder of its version, outside the PATH.
  const initdb = requireProgram(test, "initdb", "postgresql", postgresFolders());
  if (initdb === undefined) return undefined;
  const { host, hostname, port } = new URL(await freeOrigin(test));
  const folder = temporaryFolder(test);
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (process.getuid?.() === 0) chownSync(folder, NOBODY, NOBODY);
  const data = `${folder}/data`;
  execFileSync(initdb, ["-D", data, "-U", "volley", "--auth=trust", "--no-sync"], { ...user, stdio: "ignore" });
  const settings = [`listen_addresses=${hostname}`, `port=${port}`, "unix_socket_directories=", "fsync=off"];
  // Its own housekeeping would be counted among the transactions.
  settings.push("autovacuum=off");
  const program = initdb.replace(/initdb$/, "postgres");
  start(test, program, ["-D", data, ...settings.flatMap((each) => ["-c", each])], user, "SIGINT");
  await listening(`http://${host}`);
  return `postgres://volley@${host}/postgres`;
}

/** Starts Debian's Prometheus node exporter on a free port; gives its page's URL. Skips the test where there is none. */
export async function startNodeExporter(test: TestContext): Promise<string | undefined> {
  const program = requireProgram(test, "prometheus-node-exporter", "prometheus-node-exporter");
  if (program === undefined) return undefined;
  const origin = await freeOrigin(test);
  start(test, program, [`--web.listen-address=${new URL(origin).host}`]);
  await listening(origin);
  return `${origin}/metrics`;
}

function start(
  test: TestContext,
  program: string,
  args: string[],
  user: object = {},
  signal: NodeJS.Signals = "SIGTERM",
): void {
  const child = spawn(program, args, { ...user, stdio: "ignore" });
  const exited = once(child, "exit");
  test.after(async () => {
    child.kill(signal);
    await exited;
  });
}

function postgresFolders(): string[] {
  try {
    return readdirSync("/usr/lib/postgresql").map((version) => `/usr/lib/postgresql/${version}/bin`);
  } catch {
    return [];
  }
}
