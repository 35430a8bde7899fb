import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { descendants, processesWith } from "../support/processes.ts";
import { answeringServer, jsonResponse, RELAY } from "../support/servers.ts";
import { asRoot, type Place, type Row, sleep } from "./harness.ts";

/*
 * Whoever dies, the load ends. A target of the row's own counts what still comes when the runner has gone, and no process
 * of the run is left.
 */

/** The rows' load, in requests per second over both chains. */
const RPS = 200;

/** Longest time, in ms, for which a run may go on sending when its runner has gone. */
const MAX_MS = 2_000;

const BUSY = fileURLToPath(new URL("./busyOnSignal.cjs", import.meta.url));

/** What a row's target saw: when requests came, and when the runner was gone. */
interface Seen {
  arrivedMs: number[];
  goneMs: number;
}

/** A row that ends its runner in some way, and counts at the target what came after that. */
function endRow(name: string, end: (place: Place, seen: Seen) => Promise<void>, changes: Partial<Row> = {}): Row {
  const seen: Seen = { arrivedMs: [], goneMs: 0 };
  return {
    name,
    plan: { duration: "12s" },
    withinSeconds: 30,
    exit: null,
    hasNoReport: true,
    async target(place) {
      seen.arrivedMs = [];
      const after = (close: unknown): void => void place.after.push(close as () => unknown);
      const { origin } = await answeringServer({ after }, () => {
        seen.arrivedMs.push(performance.now());
        return jsonResponse(RELAY);
      });
      return origin;
    },
    async fault(place) {
      await place.into(2_000);
      await end(place, seen);
      await sleep(MAX_MS + 3_500);
    },
    check({ folder }) {
      const late = seen.arrivedMs.filter((ms) => ms > seen.goneMs).length;
      const muchLater = seen.arrivedMs.filter((ms) => ms > seen.goneMs + MAX_MS).length;
      const before = seen.arrivedMs.length - late;
      const left = processesWith(folder);
      if (before < RPS) return `only ${before} requests came before the runner was gone`;
      if (late > (RPS * MAX_MS) / 1_000 || muchLater > 0) return `${late} requests came after the runner was gone`;
      return left.length === 0 ? undefined : `left behind: ${left.map(({ command }) => command).join("; ")}`;
    },
    ...changes,
  };
}

/** The node process of the run, below whatever the row started it by. */
function runnerPid({ runner }: Place): number {
  const own = [{ pid: runner.pid ?? 0, command: commandOf(runner.pid ?? 0) }, ...descendants(runner.pid ?? 0)];
  return own.find(({ command }) => command.includes("volley.ts run"))?.pid ?? 0;
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
}

function signalRunner(signal: NodeJS.Signals): (place: Place, seen: Seen) => Promise<void> {
  return async (place, seen) => {
    process.kill(runnerPid(place), signal);
    seen.goneMs = performance.now();
  };
}

/** The runner stops turning in some way; when its workers have had their time it is killed. */
function silenceRunner(signal: NodeJS.Signals): (place: Place, seen: Seen) => Promise<void> {
  return async (place, seen) => {
    const pid = runnerPid(place);
    process.kill(pid, signal);
    seen.goneMs = performance.now();
    process.kill(pid, "SIGINT");
    await sleep(MAX_MS + 500);
    process.kill(pid, "SIGKILL");
  };
}

const ofOneMachine: Row[] = [
  endRow("runner killed: the load ends", signalRunner("SIGKILL"), { isFast: true }),
  endRow("the runner's terminal closes (SIGHUP): the load ends, and is reported", signalRunner("SIGHUP"), {
    exit: 129,
    hasNoReport: false,
    valid: false,
    says: /stopped by SIGHUP/,
  }),
  endRow("runner frozen (SIGSTOP): the load ends", silenceRunner("SIGSTOP")),
  endRow("runner's event loop busy for ever, Ctrl-C: the load ends", silenceRunner("SIGUSR2"), {
    env: { NODE_OPTIONS: `--require=${BUSY}` },
  }),
  endRow(
    "runner killed while a worker's event loop is busy: nothing is left",
    async (place, seen) => {
      for (const pid of place.processes("attack")) process.kill(pid, "SIGUSR2");
      await sleep(300);
      await signalRunner("SIGKILL")(place, seen);
    },
    { env: { NODE_OPTIONS: `--require=${BUSY}` } },
  ),
  endRow(
    "Ctrl-C while a worker's event loop is busy for ever",
    async (place, seen) => {
      process.kill(place.processes("attack")[0] ?? 0, "SIGUSR2");
      await sleep(300);
      await signalRunner("SIGINT")(place, seen);
    },
    { env: { NODE_OPTIONS: `--require=${BUSY}` }, exit: 130, hasNoReport: false, valid: false, says: /SIGINT/ },
  ),
  endRow(
    "Ctrl-C twice: nothing is left",
    async (place, seen) => {
      await signalRunner("SIGINT")(place, seen);
      await sleep(320);
      process.kill(runnerPid(place), "SIGINT");
    },
    { exit: 130 },
  ),
];

const FLEET = { plan: { duration: "12s", mode: "fleet" }, withinSeconds: 45 };

const ofAFleet: Row[] = [
  endRow("a fleet's runner killed: the load ends, and no host is left", signalRunner("SIGKILL"), {
    ...FLEET,
    isFast: true,
  }),
  endRow("a fleet's runner frozen (SIGSTOP): the load ends, and no host is left", silenceRunner("SIGSTOP"), FLEET),
  endRow("the terminal of a fleet's runner closes (SIGHUP): the load ends, and is reported", signalRunner("SIGHUP"), {
    ...FLEET,
    exit: 129,
    hasNoReport: false,
    valid: false,
    says: /stopped by SIGHUP/,
  }),
  ...(["SIGKILL", "SIGHUP"] as const).map(networkRow),
];

/** A fleet whose hosts have networks of their own: no interface of them outlives its runner. */
function networkRow(signal: NodeJS.Signals): Row {
  return {
    name: `a fleet's runner gets ${signal}: no network of a host is left`,
    needs: asRoot,
    plan: { mode: "fleet", gateway: {}, duration: "12s" },
    target: async (place) => place.gateway.origin,
    withinSeconds: 45,
    exit: signal === "SIGHUP" ? 129 : 137,
    hasNoReport: signal === "SIGKILL",
    wrap: ({ folder }) => [
      ...["unshare", "-n", "bash", "-c"],
      `ip link set lo up; "$@"; code=$?; sleep 4; ip -o link > ${folder}/links; exit $code`,
      "bash",
    ],
    async fault(place) {
      await place.into(2_000);
      const links = execFileSync("nsenter", ["--target", String(runnerPid(place)), "--net", "ip", "-o", "link"]);
      if (!links.toString().includes("vly")) throw new Error("the hosts have no interfaces");
      process.kill(runnerPid(place), signal);
    },
    check({ folder }) {
      if (!existsSync(join(folder, "links"))) return "nobody looked at the interfaces: the run did not end in its time";
      const links = readFileSync(join(folder, "links"), "utf8");
      const left = processesWith(folder);
      if (/vly|veth/.test(links)) return `interfaces are left: ${links}`;
      return left.length === 0 ? undefined : `left behind: ${left.map(({ command }) => command).join("; ")}`;
    },
  };
}

/** Kills each Watch that comes, until the row is over or so many have been killed. */
async function killWatches(place: Place, most: number): Promise<void> {
  const killed = new Set<number>();
  const untilMs = performance.now() + 20_000;
  while (killed.size < most && performance.now() < untilMs && place.runner.exitCode === null) {
    for (const pid of place
      .processes("watch")
      .filter((each) => !killed.has(each))
      .slice(0, most - killed.size)) {
      killed.add(pid);
      process.kill(pid, "SIGKILL");
    }
    await sleep(50);
  }
}

const watches: Row[] = [
  {
    name: "Watch killed: it is called again",
    plan: { duration: "5s", gateway: {} },
    target: async (place) => place.gateway.origin,
    withinSeconds: 30,
    exit: 0,
    valid: true,
    async fault(place) {
      await place.into(1_500);
      await killWatches(place, 1);
    },
    // The second look at the gateway's own counts was the other Watch's.
    check: ({ report }) =>
      report?.chains.every(({ truth }) => truth) ? undefined : "nobody looked at the gateway's counts",
  },
  {
    name: "each Watch killed, and the target dead: nobody watched, and the run is invalid",
    isFast: true,
    plan: { duration: "4s", timeout: "1s" },
    target: async () => "http://127.0.0.1:9",
    withinSeconds: 40,
    exit: 3,
    valid: false,
    says: /Nobody watched for 4s of 4s/,
    fault: (place) => killWatches(place, 1_000),
  },
];

/** Rows of runners that end, in any way, with their workers and hosts. */
export const LIFE_ROWS: Row[] = [...ofOneMachine, ...ofAFleet, ...watches];
