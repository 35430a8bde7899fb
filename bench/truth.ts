import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Generator, ResponseMs } from "./generators/generator.ts";
import { k6 } from "./generators/k6.ts";
import { oha } from "./generators/oha.ts";
import { vegeta } from "./generators/vegeta.ts";
import { volley } from "./generators/volley.ts";
import { shareOfCpu } from "./processes.ts";

/*
 * `npm run bench:truth`: a server on one core delays its responses by a known shape and keeps its own times; generators on
 * the other core, on a share of it, report percentiles of the same responses. Writes bench/truth.md: how far each is off.
 */

const SHAPES = ["bimodal", "stalls", "drift"];
const SHARES = [1, 0.29, 0.145];
const PERCENTILES = ["p50", "p99", "p999", "max"] as const;
const RPS = 500;
const SECONDS = 12;
/** Requests that may be in flight: in a stall all that are due in 400 ms wait for a response. */
const IN_FLIGHT = 400;
const SERVER_CORE = 1;
const GENERATOR_CORE = 0;
/** In which Lambda gives a share of a CPU, in µs. */
const PERIOD_US = 20_000;
const SERVER = fileURLToPath(new URL("./delayServer.ts", import.meta.url));

const generators = [volley, vegeta(undefined), k6, oha(IN_FLIGHT)].filter(({ version }) => version() !== undefined);
const rows: string[] = [];
for (const shape of SHAPES) {
  for (const share of SHARES) {
    for (const generator of generators) rows.push(await compare(generator, shape, share));
  }
}
const text = document(rows);
writeFileSync(fileURLToPath(new URL("./truth.md", import.meta.url)), text);
process.stdout.write(text);

async function compare(generator: Generator, shape: string, share: number): Promise<string> {
  const server = spawn("taskset", ["-c", String(SERVER_CORE), process.execPath, SERVER, shape], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(server, "exit");
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const cgroup = share < 1 ? shareOfCpu(share, PERIOD_US) : undefined;
  if (share < 1 && cgroup === undefined) throw new Error("no cgroup with a CPU quota (needs root and cgroup v1)");
  try {
    const { value: port } = await lines.next();
    const load = {
      url: `http://127.0.0.1:${port}/`,
      wire: "http",
      rps: RPS,
      seconds: SECONDS,
      core: GENERATOR_CORE,
    } as const;
    const { responseMs, achieved = 0 } = await generator.measure({ ...load, ...(cgroup !== undefined && { cgroup }) });
    server.stdin.end();
    const { value: truth } = await lines.next();
    await exited;
    const row = rowOf(
      generator.name,
      { shape, share, achieved },
      responseMs,
      JSON.parse(truth as string) as ResponseMs,
    );
    process.stderr.write(`${row}\n`);
    return row;
  } finally {
    server.stdin.end();
    if (cgroup !== undefined) rmdirSync(cgroup);
  }
}

function rowOf(
  name: string,
  { shape, share, achieved }: { shape: string; share: number; achieved: number },
  found: ResponseMs | undefined,
  truth: ResponseMs,
): string {
  const cells = PERCENTILES.map((each) => {
    if (!found) return "–";
    const off = found[each] - truth[each];
    return `${truth[each].toFixed(2)} ${off < 0 ? "−" : "+"} ${Math.abs(off).toFixed(2)}`;
  });
  return `| ${[shape, share === 1 ? "a core" : `${share} of a core`, name, `${(achieved * 100).toFixed(1)} %`, ...cells].join(" | ")} |`;
}

function document(lines: readonly string[]): string {
  return `# Response times against the truth

\`npm run bench:truth\` on ${cpus()[0]?.model ?? "an unknown CPU"}, ${availableParallelism()} cores, Node ${process.versions.node}. A server on one core answers ${RPS} requests/s
for ${SECONDS} s and keeps how long each response took, from the request's bytes to the response's. Bimodal: one of ten responses
takes 50 ms, the others 5. Stalls: 2 ms, and in each 4 s nothing is answered for 400 ms. Drift: from 5 to 45 ms. The
generator is pinned to the other core, on a share of it in periods of 20 ms, as a Lambda gets it. Each cell: the server's
figure in ms, and how far off the generator's is. A little is the network's and the kernel's: it is the same for all. The
server's timers have whole ms: where a percentile falls between two of them, one request more or less is a ms, as for p50 of the
drift. While a request waits for the server's event loop, the generator's clock runs and the server's does not: that shows in
p99.9 and max.

| shape | on | generator | sent | p50 | p99 | p99.9 | max |
|---|---|---|---|---|---|---|---|
${lines.join("\n")}
`;
}
