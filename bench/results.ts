import type { Measurement } from "./generators.ts";

/** One round of one generator: the highest rate that it held, or what a closed loop reached. */
export interface Round {
  rps: number;
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

/** One generator's row: medians over the rounds. */
export interface Row {
  name: string;
  version: string;
  loop: "open" | "closed";
  heldRps: number;
  cpuUsPerRequest: number;
  memoryMb: number;
  lagP99Ms: number | null;
  /** Volley's rate ÷ this one's. */
  ratio: number | null;
}

/** bench/results.json. */
export interface BenchResult extends Omit<Found, "generators"> {
  command: string;
  generators: Row[];
}

/** Makes the result of what was found. */
export function summarize(found: Found, command: string): BenchResult {
  const rows = found.generators.map(({ name, version, loop, rounds }) => ({
    name,
    version,
    loop,
    heldRps: Math.round(median(rounds.map(({ rps }) => rps))),
    cpuUsPerRequest: Number(median(rounds.map(({ cpuUs }) => cpuUs)).toFixed(2)),
    memoryMb: Math.round(median(rounds.map(({ memoryMb }) => memoryMb))),
    lagP99Ms: lagOf(rounds),
  }));
  const own = rows.find(({ name }) => name === "volley")?.heldRps ?? 0;
  const generators = rows.map((row) => ({
    ...row,
    ratio: row.heldRps > 0 ? Number((own / row.heldRps).toFixed(2)) : null,
  }));
  return { ...found, command, generators };
}

function lagOf(rounds: readonly Round[]): number | null {
  const lags = rounds.flatMap(({ lagMs }) => (lagMs ? [lagMs.p99] : []));
  return lags.length === 0 ? null : Number(median(lags).toFixed(3));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/** The result as Markdown. */
export function renderResults({ at, machine, command, rounds, secondsEach, generators, pacing }: BenchResult): string {
  const rows = generators.map(({ name, version, loop, heldRps, cpuUsPerRequest, memoryMb, lagP99Ms, ratio }) =>
    row([
      `${name} ${version}`,
      loop,
      heldRps === 0 ? "none of the rates tried" : count(heldRps),
      lagP99Ms === null ? "–" : lagP99Ms.toFixed(2),
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
${rounds} ${rounds === 1 ? "round" : "interleaved rounds"} of ${secondsEach} s a rate, medians. Held: at least 99.9 % sent and answered, p99 of the send lag at
most 2 ms. A closed loop has no rate to hold: what it reached. k6 does not tell its lag, so that only what it dropped
counts.

${row(["generator", "loop", "requests/s held", "lag p99, ms", "CPU µs a request", "MB", "Volley ÷ it"])}
${row(["---", "---", "---", "---", "---", "---", "---"])}
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
