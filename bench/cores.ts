import { writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { keepsUp } from "./generators/generator.ts";
import { volley } from "./generators/volley.ts";
import { whatIsMissing } from "./machine.ts";
import { type BenchServer, startNginx } from "./server.ts";

/*
 * `npm run bench:cores`: whether workers on several cores send as much as each would alone. A fleet host runs a worker
 * process for each core; here each shares its core with its own server, because one server for all would be the limit.
 * Writes bench/cores.md.
 */

/** Rates of one worker that are tried, from low to high, and for how long each. */
const STEP_RPS = 2_500;
const RATES = Array.from({ length: 10 }, (_, index) => 40_000 + index * STEP_RPS);
const SECONDS = 4;

/** A rate is tried this often: a virtual machine's neighbours take a core away for milliseconds now and then. */
const TRIES = 2;

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

/** The highest rate per worker that was kept up with. */
interface Found {
  oneRps: number;
  eachRps: number;
}

/** Tries each rate with a worker on the first core, and with one on every core, until neither keeps up. */
async function compare(all: readonly BenchServer[]): Promise<Found> {
  const found = { oneRps: 0, eachRps: 0 };
  for (const rps of RATES) {
    const one = await keepUp(all.slice(0, 1), rps);
    const each = await keepUp(all, rps);
    if (one) found.oneRps = rps;
    if (each) found.eachRps = rps;
    process.stderr.write(`${rps}/s a worker: one ${one}, on every core ${each}\n`);
    if (!one && !each) break;
  }
  return found;
}

/** Sends at a rate from each server's core; whether all were kept up with in one of the tries. */
async function keepUp(own: readonly BenchServer[], rps: number): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries++) {
    const load = { wire: "http" as const, rps, seconds: SECONDS };
    const found = await Promise.all(own.map(({ url }, core) => volley.measure({ ...load, url, core })));
    if (found.every(keepsUp)) return true;
  }
  return false;
}

function document({ oneRps, eachRps }: Found): string {
  const count = (rps: number): string => rps.toLocaleString("en-US");
  const together = eachRps * cores.length;
  return `# Workers on several cores

\`npm run bench:cores\`, ${new Date().toISOString()}, on ${cpus()[0]?.model ?? "an unknown CPU"}, ${cores.length} cores, Node ${process.versions.node}. A
worker process on each core beside its own nginx on the same core, as a fleet host runs them with
\`--workers auto\`; rates in steps of ${count(STEP_RPS)}/s a worker, each for ${SECONDS} s, the better of ${TRIES} tries. Kept up with: at least
99.9 % sent and answered. The send lag says nothing here, because worker and server take turns on their core.

| | one core | ${cores.length} cores | ratio |
|---|---|---|---|
| requests/s kept up with | ${count(oneRps)} | ${count(together)} | ${(together / oneRps).toFixed(2)} × |
`;
}
