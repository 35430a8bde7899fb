import type { Measurement, Wire } from "./generators/generator.ts";

/** One round of one generator: the highest rate that it held, or what a closed loop reached. */
export interface Round {
  rps: number;
  /** The highest rate of those tried at which all was sent and answered, however late. */
  keptUpRps: number;
  /** The highest rate of those tried that was held with a p99 of the send lag of at most 1 ms; 0 without a lag. */
  exactRps: number;
  cpuUs: number;
  memoryMb: number;
  lagMs?: NonNullable<Measurement["lagMs"]>;
}

/** One generator in all rounds. */
export interface GeneratorResult {
  name: string;
  wire: Wire;
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
  wire: Wire;
  version: string;
  loop: "open" | "closed";
  heldRps: number;
  exactRps: number;
  keptUpRps: number;
  cpuUsPerRequest: number;
  memoryMb: number;
  lagP99Ms: number | null;
  /** The rate that Volley held ÷ the one that this held; null if this held none. */
  heldRatio: number | null;
  /** The rate that Volley kept up with ÷ the one that this kept up with, on the same wire. */
  keptUpRatio: number | null;
}

/** bench/results.json. */
export interface BenchResult extends Omit<Found, "generators"> {
  command: string;
  generators: Row[];
}

/** Makes the result of what was found. */
export function summarize(found: Found, command: string): BenchResult {
  const rows = found.generators.map(({ name, wire, version, loop, rounds }) => {
    const best = rounds.reduce((most, each) => (each.rps > most.rps ? each : most), {
      rps: 0,
      cpuUs: 0,
      memoryMb: 0,
    } as Round);
    return {
      name,
      wire,
      version,
      loop,
      heldRps: Math.round(best.rps),
      exactRps: Math.max(...rounds.map((each) => each.exactRps)),
      keptUpRps: Math.round(Math.max(...rounds.map((each) => each.keptUpRps))),
      cpuUsPerRequest: Number(best.cpuUs.toFixed(2)),
      memoryMb: Math.round(best.memoryMb),
      lagP99Ms: best.lagMs ? Number(best.lagMs.p99.toFixed(3)) : null,
    };
  });
  const ratio = (own: number | undefined, other: number): number | null =>
    own === undefined || other === 0 ? null : Number((own / other).toFixed(2));
  const generators = rows.map((row) => {
    const own = rows.find(({ name, wire }) => name === "volley" && wire === row.wire);
    const heldRatio = ratio(own?.heldRps, row.heldRps);
    return { ...row, heldRatio, keptUpRatio: ratio(own?.keptUpRps, row.keptUpRps) };
  });
  return { ...found, command, generators };
}

/** The wires' titles, in the order of the tables. */
const TITLES: [Wire, string][] = [
  ["http", "HTTP/1.1"],
  ["tls", "HTTP/1.1 over TLS"],
  ["tls-once", "HTTP/1.1 over TLS, a connection for each request"],
  ["h2", "HTTP/2 over TLS"],
];

const COLUMNS = [
  "generator",
  "loop",
  "requests/s held",
  "lag p99, ms",
  "held within 1 ms",
  "kept up with",
  "CPU µs a request",
  "MB",
  "held ÷ held",
  "kept up ÷ kept up",
];

function wireTable(wire: Wire, title: string, generators: readonly Row[]): string {
  const own = generators.filter((each) => each.wire === wire);
  if (own.length === 0) return "";
  const times = (ratio: number | null): string => (ratio === null ? "–" : `${ratio.toFixed(2)} ×`);
  const rows = own.map((each) =>
    row([
      `${each.name} ${each.version}`,
      each.loop,
      each.heldRps === 0 ? "none of the rates tried" : count(each.heldRps),
      each.lagP99Ms === null ? "–" : each.lagP99Ms.toFixed(2),
      each.exactRps === 0 ? "–" : count(each.exactRps),
      count(each.keptUpRps),
      each.cpuUsPerRequest.toFixed(1),
      count(each.memoryMb),
      times(each.heldRatio),
      times(each.keptUpRatio),
    ]),
  );
  const table = `${row(COLUMNS)}\n${row(COLUMNS.map(() => "---"))}\n${rows.join("\n")}`;
  return `## ${title}\n\n${table}\n${exactRatios(own)}\n`;
}

/** What Volley holds within 1 ms ÷ what each closed loop reaches, as a paragraph; empty if there is nothing to divide. */
function exactRatios(rows: readonly Row[]): string {
  const exact = rows.find(({ name }) => name === "volley")?.exactRps ?? 0;
  const closed = rows.filter(({ loop }) => loop === "closed");
  if (exact === 0 || closed.length === 0) return "";
  const ratios = closed.map(({ name, heldRps }) => `${name} ${(exact / heldRps).toFixed(2)}`);
  return `\nVolley's rate held within 1 ms ÷ what a closed loop reached: ${ratios.join(", ")}.\n`;
}

/** The result as Markdown. */
export function renderResults({ at, machine, command, rounds, secondsEach, generators, pacing }: BenchResult): string {
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
${rounds === 1 ? "one round" : `${rounds} interleaved rounds over HTTP/1.1 and one of the others`}, ${secondsEach} s a rate, the best of each.

- Held: at least 99.9 % sent and answered, p99 of the send lag at most 2 ms. A generator that does not report its lag holds
  what it keeps up with. Held within 1 ms: the highest rate of those tried where that p99 is at most 1 ms.
- Kept up with: at least 99.9 % sent and answered, however late.
- A closed loop has no rate to hold: the table shows what it reached, in both columns.
- The last two columns are Volley's figure ÷ the generator's: held by held, and kept up with by kept up with.

${TITLES.map(([wire, title]) => wireTable(wire, title, generators)).join("")}## Send lag

Sent − due in ms, over HTTP/1.1, at rates below those:

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
