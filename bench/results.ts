import type { Measurement } from "./generators/generator.ts";

/** One round of one generator: the highest rate that it held, or what a closed loop reached. */
export interface Round {
  rps: number;
  /** The highest rate of those tried at which all was sent and answered, however late. */
  keptUpRps: number;
  cpuUs: number;
  memoryMb: number;
  lagMs?: NonNullable<Measurement["lagMs"]>;
}

/** One generator in all rounds. */
export interface GeneratorResult {
  name: string;
  version: string;
  loop: "open" | "closed";
  rounds: Round[];
}

/** How exact a generator was at one rate. */
export interface Pacing extends Required<Pick<Measurement, "lagMs" | "achieved" | "cpuUs" | "memoryMb">> {
  name: string;
  rps: number;
  /** The share of a core that it had. */
  share: number;
}

/** What the bench found. */
export interface Found {
  at: string;
  machine: string;
  rounds: number;
  secondsEach: number;
  generators: GeneratorResult[];
  pacing: Pacing[];
}

/** One generator's row: its best round. */
export interface Row {
  name: string;
  version: string;
  loop: "open" | "closed";
  heldRps: number;
  keptUpRps: number;
  cpuUsPerRequest: number;
  memoryMb: number;
  lagP99Ms: number | null;
  /** The rate that Volley held ÷ the one that this kept up with. */
  ratio: number | null;
}

/** bench/results.json. */
export interface BenchResult extends Omit<Found, "generators"> {
  command: string;
  generators: Row[];
}

/** Makes the result of what was found. */
export function summarize(found: Found, command: string): BenchResult {
  const rows = found.generators.map(({ name, version, loop, rounds }) => {
    const best = rounds.reduce((most, each) => (each.rps > most.rps ? each : most), {
      rps: 0,
      cpuUs: 0,
      memoryMb: 0,
    } as Round);
    return {
      name,
      version,
      loop,
      heldRps: Math.round(best.rps),
      keptUpRps: Math.round(Math.max(...rounds.map((each) => each.keptUpRps))),
      cpuUsPerRequest: Number(best.cpuUs.toFixed(2)),
      memoryMb: Math.round(best.memoryMb),
      lagP99Ms: best.lagMs ? Number(best.lagMs.p99.toFixed(3)) : null,
    };
  });
  const own = rows.find(({ name }) => name === "volley")?.heldRps ?? 0;
  const generators = rows.map((row) => ({
    ...row,
    ratio: row.keptUpRps > 0 ? Number((own / row.keptUpRps).toFixed(2)) : null,
  }));
  return { ...found, command, generators };
}

/** The result as Markdown. */
export function renderResults({ at, machine, command, rounds, secondsEach, generators, pacing }: BenchResult): string {
  const rows = generators.map(
    ({ name, version, loop, heldRps, keptUpRps, cpuUsPerRequest, memoryMb, lagP99Ms, ratio }) =>
      row([
        `${name} ${version}`,
        loop,
        heldRps === 0 ? "none of the rates tried" : count(heldRps),
        lagP99Ms === null ? "–" : lagP99Ms.toFixed(2),
        count(keptUpRps),
        cpuUsPerRequest.toFixed(1),
        count(memoryMb),
        ratio === null ? "–" : `${ratio.toFixed(2)} ×`,
      ]),
  );
  const paced = pacing.map(({ name, rps, share, lagMs, achieved, cpuUs, memoryMb }) =>
    row([
      name,
      count(rps),
      share === 1 ? "a core" : `${share} of a core`,
      ...[lagMs.p50, lagMs.p99, lagMs.p999].map((ms) => ms.toFixed(3)),
      `${(achieved * 100).toFixed(2)} %`,
      cpuUs.toFixed(0),
      count(Math.round(memoryMb)),
    ]),
  );
  return `# Volley beside its peers

\`${command}\`, ${at}, on ${machine}. nginx on one core answers a JSON-RPC call, the generator is pinned to the other;
${rounds} ${rounds === 1 ? "round" : "interleaved rounds"} of ${secondsEach} s a rate, the best of each. Held: at least 99.9 % sent and answered, p99 of the send lag at
most 2 ms. Kept up with: all sent and answered, however late. The last column is what Volley held ÷ what the other kept
up with. A closed loop has no rate to hold: what it reached. k6 does not tell its lag, so that only what it dropped counts.

${row(["generator", "loop", "requests/s held", "lag p99, ms", "kept up with", "CPU µs a request", "MB", "Volley ÷ it"])}
${row(["---", "---", "---", "---", "---", "---", "---", "---"])}
${rows.join("\n")}

Send lag (sent − due) in ms, at rates below those:

${row(["generator", "requests/s", "on", "p50", "p99", "p99.9", "achieved", "CPU µs a request", "MB"])}
${row(["---", "---", "---", "---", "---", "---", "---", "---", "---"])}
${paced.join("\n")}
`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
