import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { HostNetwork } from "../lib/local/hostNetwork.ts";
import type { Report } from "../lib/report/schema.ts";
import type { Chunk } from "../lib/results/chunk.ts";
import { createHistogram, parseHistogram } from "../lib/results/histogram.ts";
import { chunksPrefix } from "../lib/store/keys.ts";
import { OWN_NETWORK } from "../test/support/network.ts";
import { descendants } from "../test/support/processes.ts";
import { ROOT } from "../test/support/volley.ts";

/*
 * `npm run soak [-- --minutes 60 --rps 2000]`: one long run of the demo's chains in fleet mode, where a worker stays one
 * process from the first request to the last. Prints, and writes to docs/soak.md, whether memory, open files and send
 * lag at its end are what they were at its beginning. Exits 1 where they are not.
 */

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "60" }, rps: { type: "string", default: "2000" } },
});
const minutes = Number(values.minutes);
const rps = Number(values.rps);
/** How much of the beginning and of the end are compared, in ms: ten minutes, or a sixth of a shorter run. */
const windowMs = Math.min(10, minutes / 6) * 60_000;
const SAMPLE_EVERY_MS = 5_000;
/** Growth that is noise: of resident memory as a ratio, of open files as a number, of the send lag's p99 as a ratio. */
const MOST = { memory: 1.15, files: 5, lag: 1.2 };

interface Sample {
  atMs: number;
  what: string;
  residentMb: number;
  files: number;
}

const folder = mkdtempSync(join(tmpdir(), "volley-soak-"));
try {
  process.exitCode = await soak();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function soak(): Promise<number> {
  const chains = ["ethereum", "boba", "mantle", "kava"].map((name, index) => {
    return { name, rps: rps * (index === 0 ? 0.4 : 0.2), targets: `${ROOT}plans/targets/targets-${name}.txt` };
  });
  const plan = { name: "soak", mode: "fleet", chains, duration: `${minutes}m`, gateway: {} };
  writeFileSync(join(folder, "plan.json"), JSON.stringify(plan));
  const command = [`${ROOT}bin/volley`, "run", join(folder, "plan.json"), "--out", folder, "--json"];
  const [program = "", ...args] = HostNetwork.isPossible() ? [...OWN_NETWORK, ...command] : command;
  const run = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  run.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  const ended = once(run, "close") as Promise<[number | null]>;
  const samples: Sample[] = [];
  const sampling = sample(run.pid ?? 0, samples, ended);
  const [code] = await ended;
  await sampling;
  const runFolder = join(folder, "runs", readdirSync(join(folder, "runs"))[0] ?? "");
  const report = JSON.parse(readFileSync(join(runFolder, "report.json"), "utf8")) as Report;
  const { problems, text } = judge(report, samples, lags(report));
  if (code !== 0) problems.push(`volley run ended with exit code ${code}: ${printed.slice(-500)}`);
  process.stdout.write(text);
  for (const each of problems) process.stdout.write(`not held: ${each}\n`);
  if (problems.length === 0) writeFileSync(`${ROOT}docs/soak.md`, text);
  return problems.length === 0 ? 0 : 1;
}

/** Looks at the run's processes every few seconds until it has ended. */
async function sample(pid: number, samples: Sample[], ended: Promise<unknown>): Promise<void> {
  const beganMs = performance.now();
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  while (!isOver) {
    for (const { pid: each, command } of [{ pid, command: "volley.ts run" }, ...descendants(pid)]) {
      const what = /gatewayHost|volley\.ts (host|run)/.exec(command)?.[0];
      try {
        const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${each}/status`, "utf8"))?.[1];
        if (what === undefined || resident === undefined) continue;
        const files = readdirSync(`/proc/${each}/fd`).length;
        samples.push({ atMs: performance.now() - beganMs, what, residentMb: Number(resident) / 1_024, files });
      } catch {
        // It has ended meanwhile.
      }
    }
    await Promise.race([sleep(SAMPLE_EVERY_MS), ended]);
  }
}

/** The send lag of the first and of the last window, p99 in ms, from the chunks that were flushed in them. */
function lags({ run }: Report): { first: number; last: number } {
  const first = createHistogram();
  const last = createHistogram();
  const prefix = join(folder, chunksPrefix(run.id));
  for (const entry of readdirSync(prefix, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const chunk = JSON.parse(readFileSync(join(entry.parentPath, entry.name), "utf8")) as Chunk;
    const into = chunk.atMs <= windowMs ? first : chunk.atMs > run.durationMs - windowMs ? last : undefined;
    if (!into) continue;
    for (const series of chunk.series) if (series.phase === "measure") into.addParsed(parseHistogram(series.sendLag));
  }
  return { first: first.getValueAtPercentile(99) / 1_000, last: last.getValueAtPercentile(99) / 1_000 };
}

function judge(
  report: Report,
  samples: readonly Sample[],
  lag: { first: number; last: number },
): { problems: string[]; text: string } {
  const { run, total, verdict } = report;
  const problems: string[] = [];
  if (!verdict.valid || !verdict.pass) problems.push(verdict.reasons.join(" "));
  if (lag.last > lag.first * MOST.lag) problems.push(`send lag p99 ${lag.first} ms at first, ${lag.last} ms at last`);
  // The start is left out: compiling and the first pools are paid there.
  const began = run.warmupMs + Math.min(60_000, run.durationMs / 6);
  const untilMs = Math.max(0, ...samples.map(({ atMs }) => atMs));
  const rows = [...Map.groupBy(samples, ({ what }) => what)].map(([what, own]) => {
    const from = (fromMs: number): Sample[] => own.filter(({ atMs }) => atMs > fromMs && atMs <= fromMs + windowMs);
    const windows = [from(began), from((untilMs - windowMs) / 2), from(untilMs - windowMs)];
    const [firstMb = 0, middleMb = 0, lastMb = 0] = windows.map((window) => mean(window, "residentMb"));
    const [firstFiles = 0, middleFiles = 0, lastFiles = 0] = windows.map((window) => most(window, "files"));
    if (lastMb > middleMb * MOST.memory) problems.push(`${what}: ${middleMb.toFixed(0)} → ${lastMb.toFixed(0)} MB`);
    if (lastFiles > firstFiles + MOST.files) problems.push(`${what}: ${firstFiles} → ${lastFiles} open files`);
    const memory = [firstMb, middleMb, lastMb].map((mb) => mb.toFixed(1)).join(" | ");
    return `| ${what} | ${memory} | ${firstFiles} | ${middleFiles} | ${lastFiles} |`;
  });
  const span = `${Number((windowMs / 60_000).toFixed(1))} minutes`;
  const text = `# Soak

\`npm run soak -- --minutes ${minutes} --rps ${rps}\`: ${run.workers} hosts in fleet mode against the stand-in gateway, all on
${cpus()[0]?.model ?? "an unknown CPU"}, ${availableParallelism()} cores, Node ${process.versions.node}.

- ${total.ledger.sent} of ${total.ledger.scheduled} scheduled requests sent, ${total.ledger.valid} valid; the gateway counted ${report.chains.reduce((sum, { truth }) => sum + (truth?.relays ?? 0), 0)} relays.
- Send lag p99: ${lag.first} ms in the first ${span}, ${lag.last} ms in the last (${(lag.last / lag.first).toFixed(2)} ×, at most ${MOST.lag} × is asked).
- Response time p50 ${total.responseTimeMs?.p50} ms, p99 ${total.responseTimeMs?.p99} ms, max ${total.responseTimeMs?.max} ms.

Resident memory (mean, MB) and open files (most) of each kind of process, in the ${span} after the first minute, in the
middle and in the last. V8 lets a heap grow while there is room, so that flat means: no more at the end than in the
middle (× ${MOST.memory}).

| process | MB first | middle | last | files first | middle | last |
|---|---|---|---|---|---|---|
${rows.join("\n")}
`;
  return { problems, text };
}

function mean(samples: readonly Sample[], field: "residentMb" | "files"): number {
  return samples.reduce((sum, each) => sum + each[field], 0) / Math.max(1, samples.length);
}

function most(samples: readonly Sample[], field: "residentMb" | "files"): number {
  return Math.max(0, ...samples.map((each) => each[field]));
}
