import { execFileSync } from "node:child_process";
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { run, which } from "./processes.ts";

const BODY = '{"jsonrpc":"2.0","method":"eth_blockNumber","params":[],"id":1}';
const HOLD = fileURLToPath(new URL("./hold.ts", import.meta.url));

/** What a generator showed at one rate, or at as much as it could. */
export interface Measurement {
  /** Requests per second that were sent and answered. */
  rps: number;
  /** The share of the requests that were due, or undefined for a closed loop. */
  achieved?: number;
  /** Sent − due, in ms; undefined where the generator does not tell. */
  lagMs?: { p50: number; p99: number; p999: number };
  /** CPU time for each request, in µs, start-up included unless the generator tells it apart. */
  cpuUs: number;
  memoryMb: number;
}

/** The least share of a rate's requests that must be sent and answered. */
const MIN_ACHIEVED = 0.999;

/** Whether all of a rate was sent and answered, however late: a weaker claim than that the rate was held. */
export const keepsUp = ({ achieved = 0 }: Measurement): boolean => achieved >= MIN_ACHIEVED;

/** How a generator is to be run. */
export interface Load {
  url: string;
  rps: number;
  seconds: number;
  core: number;
  /** A cgroup that it is put into first. */
  cgroup?: string;
}

/** A load generator that the bench can run, pinned to a core. */
export interface Generator {
  name: string;
  /** An open loop sends at a rate whatever comes back; a closed one as fast as responses come. */
  loop: "open" | "closed";
  /** How to get it, for where it is not there. */
  install: string;
  /** Its version, or undefined where it is not installed. */
  version(): string | undefined;
  /** A rate near which it is expected to stop holding. */
  near: number;
  /** Where nothing was held in a search's steps: how far below the last rate the next one is. */
  down: number;
  measure(load: Load): Promise<Measurement>;
}

function versionOf(program: string | undefined, args: string[], pattern: RegExp): string | undefined {
  if (!program) return undefined;
  try {
    const text = execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    return pattern.exec(text)?.[1] ?? "unknown";
  } catch (error) {
    // Some print their version and exit with an error.
    return pattern.exec(String((error as { stdout?: string }).stdout))?.[1] ?? "unknown";
  }
}

/** How long before its first request Volley is started on a share of a CPU, in ms: as a Lambda is. */
const LEAD_ON_A_SHARE_MS = 12_000;

/** Volley: one worker in a process of its own, as `lib/attack/` runs it. */
export const volley: Generator = {
  name: "volley",
  loop: "open",
  install: "npm ci",
  near: 92_000,
  down: 1.2,
  version: () => JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version,
  async measure({ url, rps, seconds, core, cgroup }) {
    const flags = ["--initial-heap-size=128", "--disable-warning=ExperimentalWarning"];
    const args = [process.execPath, ...flags, HOLD, url, String(rps), String(seconds)];
    if (cgroup !== undefined) args.push(String(LEAD_ON_A_SHARE_MS));
    const { stdout } = await run(args, core, cgroup);
    const held = JSON.parse(stdout) as { sent: number; missed: number; valid: number } & Measurement;
    const { lagMs, cpuUs, memoryMb } = held;
    return {
      rps: held.valid / seconds,
      achieved: held.valid / (rps * seconds),
      ...(lagMs && { lagMs }),
      cpuUs,
      memoryMb,
    };
  },
};

/**
 * Vegeta with so many workers at most: unbounded, it starts one for every request that is late, and falls behind for
 * good. Its lag is counted from its own timestamps, the least of them being in time.
 */
export function vegeta(mostWorkers: number | undefined): Generator {
  const program = which("vegeta", [join(process.env.HOME ?? "", "go/bin")]);
  return {
    name: mostWorkers === undefined ? "vegeta" : `vegeta -max-workers ${mostWorkers}`,
    loop: "open",
    install: "go install github.com/tsenart/vegeta/v12@latest",
    near: mostWorkers === undefined ? 12_000 : 26_000,
    down: 2.25,
    version: () => (program ? goVersion(program) : undefined),
    async measure({ url, rps, seconds, core, cgroup }) {
      const folder = mkdtempSync(join(tmpdir(), "volley-bench-"));
      try {
        writeFileSync(`${folder}/body.json`, BODY);
        writeFileSync(`${folder}/targets`, `POST ${url}\nContent-Type: application/json\n@${folder}/body.json\n`);
        const most = mostWorkers === undefined ? [] : ["-max-workers", String(mostWorkers), "-workers", "64"];
        const args = ["attack", "-rate", String(rps), "-duration", `${seconds}s`, "-targets", `${folder}/targets`];
        const output = ["-output", `${folder}/results.bin`, "-max-body", "0"];
        const { cpuMs, memoryMb } = await run([program ?? "vegeta", ...args, ...most, ...output], core, cgroup);
        execFileSync(program ?? "vegeta", [
          "encode",
          "-to",
          "csv",
          "-output",
          `${folder}/r.csv`,
          `${folder}/results.bin`,
        ]);
        const { ok, lagMs } = await readVegeta(`${folder}/r.csv`, rps);
        return { rps: ok / seconds, achieved: ok / (rps * seconds), lagMs, cpuUs: (cpuMs * 1_000) / ok, memoryMb };
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

function goVersion(program: string): string {
  return versionOf("go", ["version", "-m", program], /\bmod\s+\S+\s+v(\S+)/) ?? "unknown";
}

async function readVegeta(
  path: string,
  rps: number,
): Promise<{ ok: number; lagMs: NonNullable<Measurement["lagMs"]> }> {
  const lags: number[] = [];
  let ok = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    // timestamp in ns, status, latency, bytes out and in, error, body, attack, sequence, …
    const [timestamp = "", status, , , , , , , sequence = "0"] = line.split(",");
    if (status === "200") ok++;
    lags.push(Number(BigInt(timestamp) % 10_000_000_000_000n) / 1e6 - (Number(sequence) / rps) * 1_000);
  }
  lags.sort((a, b) => a - b);
  const at = (share: number): number =>
    (lags[Math.min(lags.length - 1, Math.floor(lags.length * share))] ?? 0) - (lags[0] ?? 0);
  return { ok, lagMs: { p50: at(0.5), p99: at(0.99), p999: at(0.999) } };
}

const k6Program = which("k6", [join(process.env.HOME ?? "", "go/bin")]);

/** k6 with a constant arrival rate and one check of the body; what it could not start it counts as dropped. */
export const k6: Generator = {
  name: "k6",
  loop: "open",
  install: "go install go.k6.io/k6@latest",
  near: 4_200,
  down: 1.5,
  version: () => (k6Program ? versionOf(k6Program, ["version"], /v(\d\S+)/) : undefined),
  async measure({ url, rps, seconds, core, cgroup }) {
    const folder = mkdtempSync(join(tmpdir(), "volley-bench-"));
    try {
      writeFileSync(`${folder}/script.js`, k6Script(url, rps, seconds, folder));
      const { cpuMs, memoryMb } = await run([k6Program ?? "k6", "run", "--quiet", `${folder}/script.js`], core, cgroup);
      const { sent, ok } = JSON.parse(readFileSync(`${folder}/summary.json`, "utf8")) as { sent: number; ok: number };
      return { rps: ok / seconds, achieved: ok / (rps * seconds), cpuUs: (cpuMs * 1_000) / sent, memoryMb };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function k6Script(url: string, rps: number, seconds: number, folder: string): string {
  return `
import http from "k6/http";
import { check } from "k6";
export const options = {
  discardResponseBodies: false,
  scenarios: { load: { executor: "constant-arrival-rate", rate: ${rps}, timeUnit: "1s", duration: "${seconds}s",
    preAllocatedVUs: 200, maxVUs: 400 } },
  summaryTrendStats: ["med"],
};
const params = { headers: { "Content-Type": "application/json" } };
export default function () {
  const response = http.post("${url}", '${BODY}', params);
  check(response, { relay: (r) => r.status === 200 && r.json("id") === 1 });
}
export function handleSummary({ metrics }) {
  const sent = metrics.http_reqs ? metrics.http_reqs.values.count : 0;
  const ok = metrics.checks ? metrics.checks.values.passes : 0;
  return { "${folder}/summary.json": JSON.stringify({ sent, ok }) };
}
`;
}

const wrkProgram = which("wrk", []);

/** wrk: a closed loop in C that checks nothing; what a core can do at most. */
export const wrk: Generator = {
  name: "wrk",
  loop: "closed",
  install: "apt-get install wrk",
  near: 0,
  down: 1,
  version: () => (wrkProgram ? versionOf(wrkProgram, ["--version"], /wrk (?:debian\/)?(\d[^\s]*)/) : undefined),
  async measure({ url, seconds, core, cgroup }) {
    const folder = mkdtempSync(join(tmpdir(), "volley-bench-"));
    try {
      const header = 'wrk.headers["Content-Type"] = "application/json"';
      writeFileSync(`${folder}/post.lua`, `wrk.method = "POST"\nwrk.body = '${BODY}'\n${header}\n`);
      const args = ["-t1", "-c64", `-d${seconds}s`, "-s", `${folder}/post.lua`, url];
      const { stdout, cpuMs, memoryMb } = await run([wrkProgram ?? "wrk", ...args], core, cgroup);
      const requests = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0);
      const rps = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? 0);
      return { rps, cpuUs: (cpuMs * 1_000) / requests, memoryMb };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** autocannon: a closed loop on Node. */
export const autocannon: Generator = {
  name: "autocannon",
  loop: "closed",
  install: "npm install --global autocannon",
  near: 0,
  down: 1,
  version: () => {
    const program = which("autocannon", []);
    return program ? createRequire(import.meta.url)(autocannonPackage(program)).version : undefined;
  },
  async measure({ url, seconds, core, cgroup }) {
    const script = which("autocannon", []) ?? "autocannon";
    const args = [
      "-j",
      "-c",
      "64",
      "-d",
      String(seconds),
      "-m",
      "POST",
      "-H",
      "Content-Type=application/json",
      "-b",
      BODY,
    ];
    const { stdout, cpuMs, memoryMb } = await run([process.execPath, script, ...args, url], core, cgroup);
    const { requests } = JSON.parse(stdout) as { requests: { total: number; average: number } };
    return { rps: requests.average, cpuUs: (cpuMs * 1_000) / requests.total, memoryMb };
  },
};

function autocannonPackage(program: string): string {
  return join(execFileSync("readlink", ["-f", program], { encoding: "utf8" }).trim(), "../package.json");
}
