import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { callInProcess } from "../../lib/local/functionProcess.ts";
import { findMoto, NO_MOTO } from "../aws/standIn.ts";
import { OWN_NETWORK } from "../support/network.ts";
import { descendants } from "../support/processes.ts";
import { rawServer } from "../support/servers.ts";
import { startTlsServer, type TlsServer } from "../support/tls.ts";
import { ANSWER_ROWS } from "./answerRows.ts";
import { AWS_ROWS } from "./awsRows.ts";
import { asRoot, type Place, type Row, sleep } from "./harness.ts";
import { LIFE_ROWS } from "./lifeRows.ts";
import { MACHINE_ROWS } from "./machineRows.ts";
import { STORE_ROWS } from "./storeRows.ts";

const ATTACK = fileURLToPath(new URL("../../functions/attack.ts", import.meta.url));

/** A flush interval of the rows' plans at 100 requests per second and worker, and what was in flight. */
const ONE_FLUSH = 130;

/** Sends a signal to the first worker that is there. */
async function signalWorker(place: Place, signal: NodeJS.Signals): Promise<number> {
  for (let tries = 0; tries < 500; tries++) {
    const [pid] = place.processes("attack");
    if (pid !== undefined) {
      process.kill(pid, signal);
      return pid;
    }
    await sleep(20);
  }
  throw new Error("no worker came");
}

/** A server of the row's own, which does something to each connection. */
async function rawTarget(place: Place, onConnection: (socket: Socket) => void): Promise<string> {
  const { origin } = await rawServer({ after: (close) => void place.after.push(close as () => unknown) }, onConnection);
  return origin;
}

/** A row whose target answers every request with the same bytes, or does something else to it. */
function targetRow(name: string, act: (socket: Socket) => void, says: RegExp, changes: Partial<Row> = {}): Row {
  const target = (place: Place): Promise<string> => rawTarget(place, (socket) => socket.on("data", () => act(socket)));
  return { name, target, says, exit: 1, withinSeconds: 25, plan: { duration: "3s", timeout: "1s" }, ...changes };
}

const response = (status: string, headers: string[], body: string): string =>
  [`HTTP/1.1 ${status}`, ...headers, `Content-Length: ${Buffer.byteLength(body)}`, "", body].join("\r\n");

/** One of ten runs, each aborted at a moment of its own tenth of the run. */
function abortRow(number: number): Row {
  return {
    name: `aborted at random moment ${number} of 10`,
    plan: { duration: "3s" },
    withinSeconds: 30,
    exit: 130,
    valid: false,
    says: /aborted after/,
    async fault(place) {
      await place.into((number - 1 + Math.random()) * 280);
      place.runner.kill("SIGINT");
    },
    check: ({ report }) => (report?.run.aborted ? undefined : "the report does not say that it was aborted"),
  };
}

const workers: Row[] = [
  {
    // It is called again before anything is due, and nothing is lost.
    name: "worker killed at its start",
    withinSeconds: 40,
    exit: 0,
    valid: true,
    fault: async (place) => void (await signalWorker(place, "SIGKILL")),
  },
  {
    name: "worker killed in mid-segment",
    withinSeconds: 40,
    exit: 3,
    valid: false,
    mostLost: ONE_FLUSH,
    says: /wrote no summary/,
    async fault(place) {
      await place.into(2_500);
      await signalWorker(place, "SIGKILL");
    },
  },
  {
    name: "both workers killed at a border of segments",
    plan: { segment: "2s", duration: "6s" },
    withinSeconds: 45,
    exit: 3,
    valid: false,
    mostLost: 2 * ONE_FLUSH,
    says: /wrote no summary|wrote nothing/,
    async fault(place) {
      await place.into(1_990);
      for (const pid of place.processes("attack")) process.kill(pid, "SIGKILL");
    },
  },
  {
    name: "worker killed while it flushes",
    withinSeconds: 40,
    exit: 3,
    valid: false,
    mostLost: ONE_FLUSH,
    says: /wrote no summary/,
    async fault(place) {
      await place.file(/chunks\/.*\/000002\.json$/);
      await signalWorker(place, "SIGKILL");
    },
  },
  {
    name: "worker frozen for 3 s",
    isFast: true,
    withinSeconds: 40,
    exit: 3,
    valid: false,
    // Answers to what was in flight came, and the plan's timeout had passed when the worker could read them.
    mostLost: 10,
    says: /the generator was late|send lag|not sent because/i,
    async fault(place) {
      await place.into(1_000);
      const pid = await signalWorker(place, "SIGSTOP");
      await sleep(3_000);
      process.kill(pid, "SIGCONT");
    },
  },
  {
    name: "worker frozen for ever",
    withinSeconds: 60,
    exit: 3,
    valid: false,
    mostLost: ONE_FLUSH,
    says: /wrote no summary/,
    async fault(place) {
      await place.into(1_500);
      await signalWorker(place, "SIGSTOP");
    },
  },
  {
    name: "worker out of memory",
    needs: () =>
      asRoot() ?? (readdirSync("/sys/fs/cgroup").includes("memory") ? undefined : "cgroup v1's memory controller"),
    withinSeconds: 40,
    exit: 3,
    valid: false,
    mostLost: ONE_FLUSH,
    says: /wrote no summary/,
    async fault(place) {
      const group = `/sys/fs/cgroup/memory/volley-fault-${process.pid}`;
      mkdirSync(group);
      place.after.push(() => execFileSync("rmdir", [group]));
      await place.into(1_500);
      const [pid] = place.processes("attack");
      writeFileSync(`${group}/memory.limit_in_bytes`, "20M");
      writeFileSync(`${group}/cgroup.procs`, String(pid));
      // What it has already is charged elsewhere: the limit meets it when it goes on, and a kill is what the kernel does.
      await sleep(1_500);
      if (place.processes("attack").includes(pid ?? 0)) process.kill(pid ?? 0, "SIGKILL");
    },
  },
  {
    name: "two invocations of one assignment",
    isFast: true,
    plan: { duration: "8s" },
    withinSeconds: 45,
    exit: 3,
    says: /superseded/,
    async fault(place) {
      await place.into(1_500);
      const path = join(place.runFolder(), "assignments.json");
      const [assignment] = JSON.parse(readFileSync(path, "utf8")) as object[];
      const env = { VOLLEY_STORE: `file:${place.folder}`, VOLLEY_LEAD_MS: "0" };
      await callInProcess(ATTACK, { assignment } as never, new AbortController().signal, { env });
    },
  },
  ...Array.from({ length: 10 }, (_, index) => abortRow(index + 1)),
  {
    name: "aborted while the workers start",
    withinSeconds: 30,
    exit: 130,
    valid: false,
    says: /aborted/,
    async fault(place) {
      await place.file(/assignments\.json$/);
      await sleep(200);
      place.runner.kill("SIGINT");
    },
  },
  {
    name: "SIGTERM to everything",
    withinSeconds: 30,
    exit: 143,
    valid: false,
    mostLost: 4 * ONE_FLUSH,
    says: /SIGTERM|aborted|wrote no summary/,
    async fault(place) {
      await place.into(2_000);
      const pids = [place.runner.pid ?? 0, ...place.processes("attack"), ...place.processes("watch")];
      for (const pid of pids) process.kill(pid, "SIGTERM");
    },
  },
];

const stores: Row[] = [
  {
    name: "corrupt chunk of a killed worker",
    withinSeconds: 40,
    exit: 3,
    valid: false,
    mostLost: 3 * ONE_FLUSH,
    says: /cannot be read/,
    async fault(place) {
      const chunk = await place.file(/chunks\/w000-s00\/.*000001\.json$/);
      await place.into(2_500);
      const pid = place.processes("attack").find((each) => readFileSync(`/proc/${each}/stat`, "utf8").length > 0);
      process.kill(pid ?? 0, "SIGKILL");
      for (const other of place.processes("attack")) process.kill(other, "SIGKILL");
      writeFileSync(chunk, "{ not json");
    },
  },
  {
    name: "truncated summary",
    withinSeconds: 40,
    exit: 3,
    valid: false,
    says: /cannot be read/,
    async fault(place) {
      const summary = await place.file(/summaries\/.*\.json$/);
      writeFileSync(summary, readFileSync(summary, "utf8").slice(0, 400));
    },
  },
  {
    name: "disk full under the run's folder",
    needs: asRoot,
    withinSeconds: 45,
    exit: 4,
    says: /ENOSPC|no space|wrote nothing|cannot be read|failed before its report/,
    mayLackReport: true,
    mostLost: 1_100,
    wrap: ({ folder, after }) => {
      mkdirSync(join(folder, "runs"));
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=120k", "tmpfs", join(folder, "runs")]);
      after.push(() => execFileSync("umount", ["-l", join(folder, "runs")]));
      return [];
    },
  },
];

const targets: Row[] = [
  targetRow("target refuses", () => {}, /ECONNREFUSED/, {
    target: async (place) => {
      const origin = await rawTarget(place, () => {});
      await place.after.pop()?.();
      return origin;
    },
  }),
  targetRow("target resets", (socket) => socket.resetAndDestroy(), /ECONNRESET/),
  targetRow("target never answers", () => {}, /headers-timeout/, { isFast: true }),
  targetRow(
    "target stalls within the body",
    (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nab"),
    /body-timeout/,
  ),
  targetRow(
    "target is slow",
    (socket) => setTimeout(() => socket.write(response("200 OK", [], '{"jsonrpc":"2.0","id":1,"result":"0x1"}')), 700),
    /"valid":600/,
    { exit: 0, valid: true },
  ),
  targetRow("target speaks no HTTP", (socket) => socket.write("220 mail.example ESMTP\r\n"), /invalid-http/),
  targetRow(
    "target's body is endless",
    (socket) => socket.write(`HTTP/1.1 200 OK\r\n\r\n${"x".repeat(2 ** 17)}`),
    /body-too-large/,
    { plan: { duration: "1s", timeout: "1s", limits: { maxBodyBytes: 2 ** 16 } } },
  ),
  targetRow(
    "target sends headers without end",
    (socket) => socket.write(`HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(20_000)}`),
    /headers-too-large/,
  ),
  targetRow(
    "target redirects off the list",
    (socket) => socket.write(response("302 Found", ["Location: http://169.254.169.254/latest/meta-data/"], "")),
    /http-302/,
  ),
  targetRow(
    "target answers another's request",
    (socket) => socket.write(response("200 OK", [], '{"jsonrpc":"2.0","id":7,"result":"0x1"}')),
    /id-mismatch/,
  ),
  {
    name: "a name that comes to lead to a metadata address",
    needs: () => asRoot(),
    plan: {
      duration: "2s",
      allowedHosts: ["rebound.example"],
      chains: [
        {
          name: "x",
          rps: 20,
          targets: [{ url: "http://rebound.example:8099/", body: { jsonrpc: "2.0", method: "eth_chainId", id: 1 } }],
        },
      ],
    },
    wrap: ({ folder }) => {
      writeFileSync(join(folder, "hosts"), "127.0.0.1 localhost\n169.254.169.254 rebound.example\n");
      return ["unshare", "-m", "sh", "-c", `mount --bind ${folder}/hosts /etc/hosts; exec "$@"`, "sh"];
    },
    exit: 1,
    withinSeconds: 25,
    says: /forbidden-address/,
  },
  {
    name: "a metadata address in the plan",
    isFast: true,
    plan: {
      chains: [{ name: "x", rps: 20, targets: [{ url: "http://169.254.169.254/latest/", body: "{}" }] }],
      allowedHosts: ["169.254.169.254"],
    },
    exit: 2,
    isRefused: true,
    withinSeconds: 10,
    says: /never a target/,
  },
  {
    name: "a host that nobody allowed",
    isFast: true,
    plan: { chains: [{ name: "x", rps: 20, targets: [{ url: "http://gateway.example/", body: "{}" }] }] },
    exit: 2,
    isRefused: true,
    withinSeconds: 10,
    says: /allow-host/,
  },
];

const hosts: Row[] = [
  {
    name: "file descriptors used up",
    isFast: true,
    plan: { duration: "3s", timeout: "1s", connections: 0 },
    target: (place) => rawTarget(place, () => {}),
    wrap: () => ["bash", "-c", 'ulimit -n 115; exec "$@"', "bash"],
    exit: 3,
    withinSeconds: 30,
    says: /may open no more files/,
  },
  {
    name: "ephemeral ports used up",
    needs: asRoot,
    plan: { duration: "4s", timeout: "1s", keepalive: false },
    target: async () => "http://127.0.0.1:9",
    wrap: () => [
      "unshare",
      "-n",
      "bash",
      "-c",
      `ip link set lo up; echo "40000 40015" > /proc/sys/net/ipv4/ip_local_port_range
       node -e 'require("net").createServer((s) => s.on("error", () => {})).listen(9, "127.0.0.1")' & server=$!
       sleep 0.5; "$@"; code=$?; kill $server; exit $code`,
      "bash",
    ],
    exit: 1,
    withinSeconds: 35,
    says: /EADDRNOTAVAIL/,
  },
];

const unreachable: Row = {
  name: "a network that swallows everything",
  isFast: true,
  needs: asRoot,
  plan: {
    duration: "2s",
    timeout: "1s",
    allowedHosts: ["192.0.2.9"],
    chains: [
      {
        name: "x",
        rps: 20,
        targets: [{ url: "http://192.0.2.9/", body: { jsonrpc: "2.0", method: "eth_chainId", id: 1 } }],
      },
    ],
  },
  // A namespace of its own with an interface that leads nowhere: no packet leaves it.
  wrap: () => [
    "unshare",
    "-n",
    "sh",
    "-c",
    `ip link set lo up; ip link add void type veth peer name void2; ip link set void up; ip link set void2 up
     ip addr add 192.0.2.1/24 dev void; ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:01 dev void; exec "$@"`,
    "sh",
  ],
  exit: 1,
  withinSeconds: 25,
  says: /connect-timeout/,
};

const runners: Row[] = [
  {
    name: "runner killed, and the run resumed in its time",
    isFast: true,
    plan: { duration: "10s" },
    withinSeconds: 60,
    exit: 3,
    valid: false,
    resumes: true,
    mostLost: 2 * ONE_FLUSH,
    says: /attempt 1 stopped at [\d.]+ s: the runner had gone/,
    async fault(place) {
      await place.into(2_500);
      place.runner.kill("SIGKILL");
    },
    check: ({ report }) => {
      const late = report?.total.seconds.at(-1)?.valid ?? 0;
      return late > 0 ? undefined : "the resumed workers sent nothing in the last second";
    },
  },
  {
    name: "runner killed, and the run resumed when its time was over",
    plan: { duration: "4s" },
    withinSeconds: 60,
    exit: 3,
    valid: false,
    resumes: true,
    mostLost: 2 * ONE_FLUSH,
    says: /attempt 1 stopped at [\d.]+ s: the runner had gone/,
    async fault(place) {
      await place.into(2_500);
      place.runner.kill("SIGKILL");
      await place.into(4_500);
    },
  },
];

/** A row whose objects are in S3; the fault begins with the measurement, or with the row where it is not timed. */
function s3Row(name: string, s3: NonNullable<Row["s3"]>, changes: Partial<Row> = {}): Row {
  const needs = (): string | undefined => (findMoto() === undefined ? NO_MOTO : undefined);
  return { name, needs, s3, withinSeconds: 120, exit: 0, valid: true, plan: { duration: "6s" }, ...changes };
}

/** So many ms after the row began its run, the workers are sending. */
const SENDING_MS = 18_000;

const s3Rows: Row[] = [
  s3Row("S3 fails 5 % of requests", () => () => {
    return Math.random() < 0.05 ? { kind: "refused", status: 500, code: "InternalError" } : undefined;
  }),
  s3Row("S3 throttles 10 % of requests (503 SlowDown)", () => () => {
    return Math.random() < 0.1 ? { kind: "refused", status: 503, code: "SlowDown" } : undefined;
  }),
  s3Row("S3 drops 5 % of connections", () => () => {
    return Math.random() < 0.05 ? { kind: "dropped" } : undefined;
  }),
  s3Row("S3 is slow by 2 s", () => () => ({ kind: "slow", ms: 2_000 }), { withinSeconds: 180 }),
  s3Row(
    "S3 is unavailable for 10 s",
    () => {
      const fromMs = performance.now() + SENDING_MS;
      return () => {
        const intoMs = performance.now() - fromMs;
        return intoMs > 0 && intoMs < 10_000 ? { kind: "refused", status: 503, code: "ServiceUnavailable" } : undefined;
      };
    },
    { plan: { duration: "15s" } },
  ),
  s3Row(
    "S3 gives a truncated summary",
    () => (method, path) => (method === "GET" && /summaries\/w000/.test(path) ? { kind: "cut" } : undefined),
    { exit: 3, valid: false, says: /summaries\/w000.* cannot be read/ },
  ),
];

/** Preloaded into the run's processes: in the first worker's the wall clock is off by so many ms. */
const CLOCK_OFF = fileURLToPath(new URL("./clockOff.cjs", import.meta.url));

function clockRow(name: string, env: Record<string, string>, check: Row["check"]): Row {
  return {
    name,
    env: { NODE_OPTIONS: `--require=${CLOCK_OFF}`, ...env },
    withinSeconds: 30,
    exit: 0,
    valid: true,
    ...(check && { check }),
  };
}

/** One worker's clock is off from the start: it is told, and the worker starts with the others all the same. */
function offRow(name: string, offMs: number): Row {
  return clockRow(name, { VOLLEY_CLOCK_OFF_MS: String(offMs) }, ({ report }) => {
    const errors = report?.workers.map(({ clock }) => clock?.errorMs ?? 0) ?? [];
    const found = errors.filter((each) => Math.abs(each - offMs) < 20).length;
    if (found !== 1 || report?.clock?.corrected !== 1) return `the clock errors are told as ${errors.join(", ")} ms`;
    const skewMs = report.startSkewMs ?? 1e9;
    return skewMs < 200 ? undefined : `the start skew is ${skewMs} ms`;
  });
}

const clocks: Row[] = [
  offRow("a worker's clock is 2 s ahead", 2_000),
  { ...offRow("a worker's clock is 2 s behind", -2_000), isFast: true },
  clockRow("a worker's clock is set 2 s ahead in mid-run", { VOLLEY_CLOCK_STEP_MS: "2000" }, ({ report }) => {
    const lagMs = report?.total.sendLagMs?.max ?? 1e9;
    return lagMs < 1_000 ? undefined : `a request was ${lagMs} ms late`;
  }),
  {
    // The gateway's own count is then held against the report's: a step makes no difference of them.
    ...clockRow("the same, where the report has the gateway's own count", { VOLLEY_CLOCK_STEP_MS: "2000" }, undefined),
    plan: { duration: "5s", gateway: {} },
    target: async (place) => place.gateway.origin,
    exit: [0, 3],
    valid: undefined,
    check({ report }) {
      if (!report?.chains.every(({ truth }) => truth)) return "nobody looked at the gateway's counts";
      const counted = report.verdict.reasons.find((reason) => /gateway|counted/.test(reason));
      return counted === undefined ? undefined : `the step is taken for a difference: ${counted}`;
    },
  },
];

const tls: Row[] = [
  {
    name: "certificate expired",
    isFast: true,
    target: async (place) => (await tlsTarget(place, -1)).origin,
    wrap: trusting,
    exit: 1,
    withinSeconds: 25,
    plan: { duration: "2s", timeout: "1s", allowedHosts: ["localhost"] },
    says: /CERT_HAS_EXPIRED/,
  },
  {
    name: "target sends GOAWAY every 200 ms",
    plan: { duration: "4s", http: "2", allowedHosts: ["localhost"] },
    wrap: trusting,
    async target(place) {
      const { origin, server } = await tlsTarget(place, 2);
      server.on("session", (session) => {
        // A session that broke is destroyed some turns before it closes.
        const timer = setTimeout(() => session.destroyed || session.goaway(0), 200);
        session.on("close", () => clearTimeout(timer));
      });
      return origin;
    },
    exit: 0,
    withinSeconds: 25,
    says: /"connections":/,
    check: ({ report }) => {
      const opened = report?.generator.all.reduce((sum, point) => sum + point.opened, 0) ?? 0;
      return opened > 20 ? undefined : `only ${opened} connections were opened: no GOAWAY was felt`;
    },
  },
];

/** The run trusts the target's certificate, as far as it is valid. */
function trusting({ folder }: Place): string[] {
  return ["env", `NODE_EXTRA_CA_CERTS=${folder}/cert.pem`];
}

async function tlsTarget(place: Place, days: number): Promise<TlsServer> {
  const test = { after: (fn: unknown) => void place.after.push(fn as () => unknown), skip: () => {} };
  const started = await startTlsServer(test, place.folder, days);
  if (!started) throw new Error("there is no openssl");
  return started;
}

/** Some of a fleet's four hosts are killed, each with its worker. */
function hostsRow(name: string, killed: number): Row {
  return {
    name,
    plan: { mode: "fleet", gateway: {}, perWorkerRps: 50, duration: "8s" },
    needs: asRoot,
    // The plan's own gateway is the target, and the report has its count.
    target: async (place) => place.gateway.origin,
    wrap: () => OWN_NETWORK,
    withinSeconds: 100,
    exit: 3,
    valid: false,
    says: /attempt 1 stopped at [\d.]+ s: host-\d had gone/,
    async fault(place) {
      await place.into(2_500);
      const hosts = descendants(place.runner.pid ?? 0).filter(({ command }) => / host --lifeline /.test(command));
      for (const { pid } of hosts.slice(0, killed)) process.kill(-pid, "SIGKILL");
    },
    check({ report }) {
      const told = report?.findings.filter((each) => /host-\d had gone/.test(each)).length;
      return told === killed ? undefined : `${told} hosts are told to be lost`;
    },
  };
}

const fleet: Row[] = [
  hostsRow("one host of a fleet killed", 1),
  hostsRow("three hosts of a fleet killed", 3),
  hostsRow("all hosts of a fleet killed", 4),
];

/** All rows: workers, runner, store, target, host, clock and S3. */
export const ROWS: Row[] = [
  ...workers,
  ...runners,
  ...LIFE_ROWS,
  ...stores,
  ...STORE_ROWS,
  ...targets,
  ...ANSWER_ROWS,
  ...tls,
  ...hosts,
  unreachable,
  ...AWS_ROWS,
  ...MACHINE_ROWS,
  ...clocks,
  ...fleet,
  ...s3Rows,
];
