import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { makeCertificate } from "../test/support/tls.ts";
import { artillery } from "./generators/artillery.ts";
import { autocannon } from "./generators/autocannon.ts";
import { bombardier } from "./generators/bombardier.ts";
import { fortio } from "./generators/fortio.ts";
import { type Generator, keepsUp, type Load, type Measurement, type Wire } from "./generators/generator.ts";
import { h2load } from "./generators/h2load.ts";
import { hey } from "./generators/hey.ts";
import { k6 } from "./generators/k6.ts";
import { oha } from "./generators/oha.ts";
import { vegeta } from "./generators/vegeta.ts";
import { volley } from "./generators/volley.ts";
import { wrk } from "./generators/wrk.ts";
import { wrk2 } from "./generators/wrk2.ts";
import { whatIsMissing } from "./machine.ts";
import { shareOfCpu, which } from "./processes.ts";
import { type Found, type GeneratorResult, type Pacing, renderResults, summarize } from "./results.ts";
import { startNginx } from "./server.ts";

/*
 * Volley side by side with its peers: nginx on one core, one generator after another on the other, in rounds. Writes
 * bench/results.json and bench/results.md.
 */

/** A rate is held when the generator keeps up with it, and the p99 of the send lag is at most this. */
const MAX_LAG_P99_MS = 2;

/** A rate is held exactly when the p99 is at most this. */
const EXACT_LAG_P99_MS = 1;

/** Rates that are tried after the steps of a search, where nothing was held. */
const MAX_MORE = 3;

/** How much of a Lambda's CPU comes with 256 MB. */
const LAMBDA_SHARE = 0.145;

/** About how much of its rate over HTTP/1.1 in clear a generator holds on a wire: where a search begins. */
const NEAR: Record<Wire, number> = { http: 1, tls: 0.6, "tls-once": 0.01, h2: 0.4 };
const SERVER_CORE = 1;
const GENERATOR_CORE = 0;

interface Settings {
  rounds: number;
  /** How long each rate is sent. */
  seconds: number;
  /** Rates that are tried for each open-loop generator in the first round; later rounds look near what was held. */
  steps: number;
  /** How often a rate is tried: a virtual machine's neighbours take a core away for milliseconds now and then. */
  tries: number;
  workers: (number | undefined)[];
  wires: readonly Wire[];
  pacingSeconds: number;
}

const QUICK: Settings = { rounds: 1, seconds: 4, steps: 1, tries: 2, workers: [64], wires: ["http"], pacingSeconds: 3 };
const FULL: Settings = {
  rounds: 2,
  seconds: 4,
  steps: 4,
  tries: 2,
  workers: [64],
  wires: ["http", "tls", "tls-once", "h2"],
  pacingSeconds: 10,
};

const holds = (found: Measurement): boolean => keepsUp(found) && (found.lagMs?.p99 ?? 0) <= MAX_LAG_P99_MS;

/** The highest rate that is held, found by steps from a guess: up or down until it turns, and then between. */
async function search(
  generator: Generator,
  load: Omit<Load, "rps">,
  from: number,
  { steps, tries }: Settings,
  width: number,
) {
  let held: Measurement | undefined;
  let keptUpRps = 0;
  let exactRps = 0;
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  let rps = from;
  const attempt = async (): Promise<void> => {
    for (let tried = 0; tried < tries; tried++) {
      const found = await generator.measure({ ...load, rps });
      if (keepsUp(found)) keptUpRps = Math.max(keptUpRps, rps);
      if (!holds(found)) continue;
      if (found.lagMs && found.lagMs.p99 <= EXACT_LAG_P99_MS) exactRps = Math.max(exactRps, rps);
      low = rps;
      held = found;
      return;
    }
    high = rps;
  };
  for (let step = 0; step < steps; step++) {
    await attempt();
    if (Number.isFinite(high) && low > 0) rps = Math.round((low + high) / 2);
    else rps = Math.round(low > 0 ? low * width : high / width);
  }
  // A rate that is held is wanted of every generator, however low.
  for (let more = 0; low === 0 && more < MAX_MORE; more++) {
    rps = Math.round(high / generator.down);
    await attempt();
  }
  return { rps: low, keptUpRps, exactRps, ...(held && { held }) };
}

/** All generators that are installed here; names the others. */
function installed(workers: Settings["workers"]): Generator[] {
  const open = [volley, ...workers.map(vegeta), k6, oha(64), fortio, bombardier, hey, artillery];
  const all = [...open, wrk, wrk2, autocannon, h2load];
  for (const { name, install, version } of all) {
    if (version() === undefined) say(`${name} is not installed: ${install}`);
  }
  return all.filter(({ version }) => version() !== undefined);
}

async function main(settings: Settings): Promise<Found> {
  const folder = mkdtempSync(join(tmpdir(), "volley-bench-"));
  const plain = await startNginx(SERVER_CORE);
  const secure = await startNginx(SERVER_CORE, makeCertificate(which("openssl", []) ?? "openssl", folder));
  try {
    const generators = installed(settings.workers);
    const results = new Map<string, GeneratorResult>();
    for (let round = 0; round < settings.rounds; round++) {
      // Later rounds are for what neighbours of the machine disturb most: the highest rates.
      for (const wire of round === 0 ? settings.wires : settings.wires.slice(0, 1)) {
        const url = wire === "http" ? plain.url : secure.url;
        const load = { url, wire, core: GENERATOR_CORE, seconds: settings.seconds };
        const able = generators.filter(({ wires }) => wire === "http" || wires.includes(wire));
        for (const generator of able) await measureRound(generator, round, settings, load, results);
      }
    }
    const pacing = await measurePacing(settings, plain.url);
    const [cpu] = cpus();
    return {
      at: new Date().toISOString(),
      machine: `${cpu?.model ?? "unknown CPU"}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux, Node ${process.versions.node}`,
      rounds: settings.rounds,
      secondsEach: settings.seconds,
      generators: [...results.values()],
      pacing,
    };
  } finally {
    await plain.stop();
    await secure.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureRound(
  generator: Generator,
  round: number,
  settings: Settings,
  load: Omit<Load, "rps">,
  results: Map<string, GeneratorResult>,
): Promise<void> {
  const { name, loop } = generator;
  const { wire } = load;
  const key = `${wire} ${name}`;
  const found = results.get(key) ?? { name, wire, version: generator.version() ?? "", loop, rounds: [] };
  results.set(key, found);
  if (loop === "closed") {
    const { rps, cpuUs, memoryMb } = await generator.measure({ ...load, rps: 0 });
    found.rounds.push({ rps, keptUpRps: rps, exactRps: 0, cpuUs, memoryMb });
    say(`${wire} ${name}: ${Math.round(rps)} requests/s at most (closed loop)`);
    return;
  }
  const best = Math.max(0, ...found.rounds.map((each) => each.rps));
  // A first round looks for the rate; later ones whether a little more is held.
  const { rps, held, keptUpRps, exactRps } = await search(
    generator,
    load,
    Math.round(best > 0 ? best * 1.04 : generator.near * NEAR[wire]),
    round === 0 || best === 0 ? settings : { ...settings, steps: 2 },
    best > 0 ? 1.03 : 1.12,
  );
  const lag = held?.lagMs;
  found.rounds.push({
    rps,
    keptUpRps,
    exactRps,
    cpuUs: held?.cpuUs ?? 0,
    memoryMb: held?.memoryMb ?? 0,
    ...(lag && { lagMs: lag }),
  });
  say(`${wire} ${name}: holds ${rps} requests/s${lag ? `, send lag p99 ${lag.p99.toFixed(2)} ms` : ""}`);
}

/** How exact the open-loop generators are at rates that all of them hold, and Volley under a Lambda's share of a CPU. */
async function measurePacing(settings: Settings, url: string): Promise<Pacing[]> {
  const pacing: Pacing[] = [];
  const measure = async (generator: Generator, rps: number, share: number, cgroup?: string): Promise<void> => {
    if (generator.version() === undefined) return;
    const seconds = settings.pacingSeconds;
    const load = {
      url,
      wire: "http" as const,
      core: GENERATOR_CORE,
      rps,
      seconds,
      ...(cgroup !== undefined && { cgroup }),
    };
    const { lagMs, achieved = 0, cpuUs, memoryMb } = await generator.measure(load);
    if (!lagMs) return;
    pacing.push({ name: generator.name, rps, share, lagMs, achieved, cpuUs, memoryMb });
    say(
      `${generator.name} at ${rps}/s on ${share} of a core: lag p50 ${lagMs.p50.toFixed(3)}, p99 ${lagMs.p99.toFixed(3)} ms`,
    );
  };
  const rates = settings.rounds > 1 ? [500, 5_000, 20_000, 50_000] : [500];
  for (const rps of rates) {
    await measure(volley, rps, 1);
    if (settings.rounds > 1 && rps <= 20_000) await measure(vegeta(64), rps, 1);
  }
  if (settings.rounds === 1) return pacing;
  const cgroup = shareOfCpu(LAMBDA_SHARE);
  if (!cgroup) {
    say("no cgroup with a CPU quota could be made here (needs root and cgroup v1's cpu controller)");
    return pacing;
  }
  try {
    await measure(volley, 500, LAMBDA_SHARE, cgroup);
    await measure(vegeta(64), 500, LAMBDA_SHARE, cgroup);
  } finally {
    rmdirSync(cgroup);
  }
  return pacing;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

const { quick } = new Command("bench")
  .description("Measure Volley beside its peers on this machine.")
  .option("--quick", "one round with few rates, in some two minutes")
  .parse()
  .opts<{ quick?: boolean }>();

const missing = whatIsMissing();
if (missing !== undefined) {
  say(missing);
  process.exit(2);
}
const found = await main(quick ? QUICK : FULL);
const result = summarize(found, `npm run bench${quick ? " -- --quick" : ""}`);
const folder = fileURLToPath(new URL(".", import.meta.url));
const text = renderResults(result);
writeFileSync(`${folder}results.json`, `${JSON.stringify(result, null, 2)}\n`);
writeFileSync(`${folder}results.md`, text);
process.stdout.write(`\n${text}`);
