import { writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { keepsUp, type Measurement } from "./generators/generator.ts";
import { volley } from "./generators/volley.ts";
import { whatIsMissing } from "./machine.ts";
import { type BenchServer, startNginx } from "./server.ts";

/*
 * `npm run bench:cores`: whether workers on several cores send as much as each would alone. A fleet host runs a worker
 * process for each core; here each shares its core with a server of its own, because one server would be what limits them.
 * Writes bench/cores.md.
 */

/** Rates of one worker that are tried, from low to high, and for how long each. */
const RATES = Array.from({ length: 10 }, (_, index) => 40_000 + index * 2_500);
const SECONDS = 4;

/** A rate is tried this often: a virtual machine's neighbours take a core away for milliseconds now and then. */
const TRIES = 2;

/** The highest p99 of the send lag, in ms, at which a rate is held. */
const MAX_LAG_P99_MS = 2;

new Command("bench:cores").description("Measure what workers on several cores send together.").parse();

const missing = whatIsMissing();
if (missing !== undefined) {
  process.stderr.write(`${missing}\n`);
  process.exit(2);
}
const cores = Array.from({ length: availableParallelism() }, (_, core) => core);
const servers = await Promise.all(cores.map((core) => startNginx(core)));
try {
  const found = await compare(servers);
  const text = document(found);
  writeFileSync(fileURLToPath(new URL("./cores.md", import.meta.url)), text);
  process.stdout.write(text);
} finally {
  await Promise.all(servers.map((server) => server.stop()));
}

/** The highest rates that were held and kept up with, per worker. */
interface Highest {
  heldRps: number;
  keptUpRps: number;
}

/** Tries each rate with a worker on the first core, and with one on every core, until neither keeps up. */
async function compare(all: readonly BenchServer[]): Promise<{ one: Highest; each: Highest }> {
  const one = { heldRps: 0, keptUpRps: 0 };
  const each = { heldRps: 0, keptUpRps: 0 };
  for (const rps of RATES) {
    const goOn = [await attempt(all.slice(0, 1), rps, one), await attempt(all, rps, each)];
    process.stderr.write(`${rps}/s a worker: one ${goOn[0]}, on every core ${goOn[1]}\n`);
    if (!goOn.includes(true)) break;
  }
  return { one, each };
}

/** Sends at a rate from each server's core; whether all were kept up with in one of the tries. */
async function attempt(own: readonly BenchServer[], rps: number, highest: Highest): Promise<boolean> {
  let isKeptUp = false;
  for (let tries = 0; tries < TRIES && highest.heldRps < rps; tries++) {
    const load = { wire: "http" as const, rps, seconds: SECONDS };
    const found = await Promise.all(own.map(({ url }, core) => volley.measure({ ...load, url, core })));
    if (!found.every(keepsUp)) continue;
    isKeptUp = true;
    highest.keptUpRps = rps;
    if (found.every(isHeld)) highest.heldRps = rps;
  }
  return isKeptUp;
}

function isHeld({ lagMs }: Measurement): boolean {
  return lagMs !== undefined && lagMs.p99 <= MAX_LAG_P99_MS;
}

function document({ one, each }: { one: Highest; each: Highest }): string {
  const count = (rps: number): string => rps.toLocaleString("en-US");
  const row = (name: string, alone: number, together: number): string =>
    `| ${name} | ${count(alone)} | ${count(together * cores.length)} | ${((together * cores.length) / alone).toFixed(2)} × |`;
  return `# Workers on several cores

\`npm run bench:cores\`, ${new Date().toISOString()}, on ${cpus()[0]?.model ?? "an unknown CPU"}, ${cores.length} cores, Node ${process.versions.node}. A
worker process on each core beside an nginx of its own on the same core, as a fleet host runs them with
\`--workers auto\`; rates in steps of ${count(2_500)}/s a worker, each for ${SECONDS} s, the better of ${TRIES} tries. Held: all sent
and answered, p99 of the send lag at most ${MAX_LAG_P99_MS} ms for each worker.

| requests/s | one core | ${cores.length} cores | ratio |
|---|---|---|---|
${row("held", one.heldRps, each.heldRps)}
${row("kept up with", one.keptUpRps, each.keptUpRps)}
`;
}
