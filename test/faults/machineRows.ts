import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findMoto, NO_MOTO } from "../aws/standIn.ts";
import { jsonResponse, RELAY, rawServer } from "../support/servers.ts";
import { asRoot, type Ended, type Place, type Row } from "./harness.ts";

/* What a machine and a process do to a run: an event loop that stands still, output that nobody reads, few files, size. */

const BUSY = fileURLToPath(new URL("./busyOnSignal.cjs", import.meta.url));

/** The event loop of a function's process stands still for ever, until its watchdog ends it. */
function frozenRow(name: string, functionName: "attack" | "watch", changes: Partial<Row>): Row {
  return {
    name,
    env: { NODE_OPTIONS: `--require=${BUSY}` },
    plan: { duration: "6s" },
    withinSeconds: 120,
    exit: 3,
    valid: false,
    mostLost: 400,
    async fault(place) {
      await place.into(1_500);
      process.kill(place.processes(functionName)[0] ?? 0, "SIGUSR2");
    },
    ...changes,
  };
}

const ENDED = /its event loop did not turn for 10 s, and it was ended/;

const watchdogs: Row[] = [
  frozenRow("a worker's event loop stands still: its watchdog ends it and says why", "attack", { says: ENDED }),
  frozenRow("the same where the run's objects are in S3", "attack", {
    says: ENDED,
    needs: () => (findMoto() === undefined ? NO_MOTO : undefined),
    s3: () => () => undefined,
    plan: { duration: "12s" },
    withinSeconds: 180,
    async fault(place) {
      while (place.processes("attack").length < 2) await new Promise((done) => setTimeout(done, 100));
      // Beyond the lead that a store over a network is given.
      await new Promise((done) => setTimeout(done, 19_000));
      process.kill(place.processes("attack")[0] ?? 0, "SIGUSR2");
    },
    mostLost: 1_500,
  }),
  frozenRow("Watch's event loop stands still: it is ended and called again, and the report says so", "watch", {
    plan: { duration: "16s" },
    exit: 3,
    says: /Nobody watched for [\d.]+s of 16s/,
    mostLost: 0,
  }),
];

/** The run's standard output goes somewhere else than to a reader. */
function outputRow(name: string, command: string): Row {
  const wrap = (): string[] => ["bash", "-c", `${command}; exit "\${PIPESTATUS[0]}"`, "bash"];
  return { name, wrap, plan: { duration: "3s" }, withinSeconds: 40, exit: [0, 3] };
}

const outputs: Row[] = [
  outputRow("a reader of standard output that leaves after a line", '"$@" | head -1'),
  outputRow("standard output on a full disk", '"$@" > /dev/full'),
  outputRow("standard output that is closed", '"$@" >&-'),
];

/** A target that answers for a moment, and then holds each request for as long as it may take. */
async function stallingTarget(place: Place): Promise<string> {
  const test = { after: (close: unknown) => void place.after.push(close as () => unknown) };
  let firstMs: number | undefined;
  const { origin } = await rawServer(test, (socket) =>
    socket.on("data", () => {
      firstMs ??= performance.now();
      if (performance.now() < firstMs + 500) socket.write(jsonResponse(RELAY));
    }),
  );
  return origin;
}

const GROUP = `/sys/fs/cgroup/cpu/volley-fault-${process.pid}`;

/** A run at the share of a CPU that a Lambda of 256 MB has, and with as many files as one may open. */
const lambda: Row = {
  name: "1,024 files at a Lambda's share of a CPU, and a target that stalls",
  needs: () => asRoot() ?? (readdirSync("/sys/fs/cgroup").includes("cpu") ? undefined : "cgroup v1's CPU controller"),
  plan: { duration: "8s", timeout: "8s", workers: 1 },
  wrap: () => ["bash", "-c", 'ulimit -n 1024; exec "$@"', "bash"],
  async target(place) {
    return stallingTarget(place);
  },
  async fault(place) {
    mkdirSync(GROUP);
    place.after.push(() => execFileSync("rmdir", [GROUP]));
    await place.into(0);
    writeFileSync(join(GROUP, "cpu.cfs_quota_us"), "14500");
    for (const pid of place.processes("attack")) writeFileSync(join(GROUP, "cgroup.procs"), String(pid));
  },
  exit: 3,
  valid: false,
  withinSeconds: 60,
  says: /may open no more files/,
  check: onlyCompleted,
};

function onlyCompleted({ report }: Ended): string | undefined {
  const ends = report?.workers.flatMap(({ outcomes }) => outcomes).join();
  return ends === "completed" ? undefined : `the worker ended as ${ends}`;
}

const sizes: Row[] = [
  {
    name: "more workers than the machine has memory for: refused with the figure",
    plan: { perWorkerRps: 0.1 },
    exit: 2,
    isRefused: true,
    withinSeconds: 20,
    says: /2000 workers that take \d+ MB each, [\d.]+ GB in all/,
  },
];

export const MACHINE_ROWS: Row[] = [...watchdogs, ...outputs, lambda, ...sizes];
