import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { estimate } from "../lib/plan/estimate.ts";
import { loadPlan } from "../lib/planfile/loadPlan.ts";
import { makeCertificate } from "../test/support/tls.ts";
import { ROOT } from "../test/support/volley.ts";
import { run, shareOfCpu, which } from "./processes.ts";
import { startNginx } from "./server.ts";

/*
 * `npm run bench:share`: how exact one worker is on the share of a CPU that a Lambda's memory buys, given in periods of
 * 20 ms, over HTTP, TLS, and TLS without keep-alive. `-- --quick` for 500/s over TLS alone. Prints a table in Markdown.
 */

/** Memory that buys one CPU, in MB (AWS: 1,769), and the period in which Lambda gives a share of it, in µs. */
const MB_PER_CPU = 1_769;
const PERIOD_US = 20_000;

const MEMORY_MB = [128, 256, 512, 1_024, 1_769];
const WIRES = ["HTTP", "TLS", "TLS, no keep-alive"] as const;
const RATES = [250, 500, 1_000];
const SERVER_CORE = 1;
const WORKER_CORE = 0;
const SECONDS = 10;

/** A worker's lead as in a deployment, in ms. */
const LEAD_MS = 20_000;

const WORKER = fileURLToPath(new URL("./shareWorker.ts", import.meta.url));

/** What shareWorker.ts prints. */
interface Measured {
  sent: number;
  missed: number;
  lagMs: { p50: number; p99: number; p999: number };
  responseMs: { p50: number; p99: number };
  memoryMb: number;
}

const isQuick = process.argv.includes("--quick");
const folder = mkdtempSync(join(tmpdir(), "volley-share-"));
const { key, certificate } = makeCertificate(which("openssl", []) ?? "openssl", folder);
const plain = await startNginx(SERVER_CORE);
const secure = await startNginx(SERVER_CORE, { key, certificate });
try {
  const revision = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: ROOT, encoding: "utf8" }).trim();
  process.stdout.write(
    `${cpus()[0]?.model ?? "an unknown CPU"}, ${availableParallelism()} cores, Node ${process.versions.node}, ${revision}\n\n` +
      "| MB | wire | requests/s | lag p50 | p99 | p99.9 | response p50 | p99 | off at p99 | not sent | RSS, MB | option B, $ |\n" +
      `${"|---".repeat(12)}|\n`,
  );
  for (const wire of isQuick ? (["TLS"] as const) : WIRES) {
    for (const rps of isQuick ? [500] : RATES) await measureMemories(wire, rps);
  }
} finally {
  await plain.stop();
  await secure.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** All memories at one rate; the truth is what the same worker measures on a whole core, which comes first. */
async function measureMemories(wire: (typeof WIRES)[number], rps: number): Promise<void> {
  let truthMs = 0;
  for (const memoryMb of MEMORY_MB.toReversed()) {
    const share = Math.min(1, memoryMb / MB_PER_CPU);
    const group = share < 1 ? shareOfCpu(share, PERIOD_US) : undefined;
    if (share < 1 && group === undefined) throw new Error("no cgroup with a CPU quota (needs root and cgroup v1)");
    try {
      const { sent, missed, lagMs, responseMs, memoryMb: rss } = await measure(wire, rps, group);
      if (share === 1) truthMs = responseMs.p99;
      const cells = [
        memoryMb,
        wire,
        rps,
        ...[lagMs.p50, lagMs.p99, lagMs.p999, responseMs.p50, responseMs.p99].map((ms) => ms.toFixed(2)),
        `${(responseMs.p99 - truthMs).toFixed(2)} ms`,
        missed === 0 ? 0 : `${((100 * missed) / (sent + missed)).toFixed(1)} %`,
        rss.toFixed(0),
        priceOf(memoryMb).toFixed(2),
      ];
      process.stdout.write(`| ${cells.join(" | ")} |\n`);
    } finally {
      if (group !== undefined) rmdirSync(group);
    }
  }
}

async function measure(wire: (typeof WIRES)[number], rps: number, group: string | undefined): Promise<Measured> {
  const { url } = wire === "HTTP" ? plain : secure;
  const input = { url, rps, seconds: SECONDS, leadMs: LEAD_MS, keepalive: wire !== "TLS, no keep-alive" };
  const args = [process.execPath, "--disable-warning=ExperimentalWarning", "--initial-heap-size=128", WORKER];
  const { stdout } = await run([...args, JSON.stringify(input), new URL(plain.url).port], WORKER_CORE, group);
  return JSON.parse(stdout) as Measured;
}

/** What the guide's option B would cost with workers of this memory, in US dollars. */
function priceOf(workerMb: number): number {
  return estimate(loadPlan(`${ROOT}plans/option-b.json`, {}), { workerMb, isBehindNat: false }).usd;
}
