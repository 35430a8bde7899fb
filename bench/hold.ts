import { attack } from "../lib/attack/worker.ts";
import { assign } from "../lib/plan/assign.ts";
import { checkPlan } from "../lib/plan/load.ts";
import { type Chunk, total } from "../lib/results/chunk.ts";
import type { Histogram } from "../lib/results/histogram.ts";
import { SeriesSum } from "../lib/results/seriesSum.ts";
import { systemClock } from "../lib/store/clock.ts";
import type { Load, ResponseMs } from "./generators/generator.ts";

/*
 * One worker at one rate, as the bench runs it in a process of its own: `node bench/hold.ts '{"url": …, "rps": …, …}'`.
 * Prints a line of JSON: what was sent and valid, send lag and response times in ms, CPU time in µs for each request,
 * memory in MB.
 */

const input = JSON.parse(process.argv[2] ?? "{}") as Pick<Load, "url" | "rps" | "seconds" | "wire"> & {
  /** How long before its first request it is started. */
  leadMs: number;
};
const { url, rps, seconds, wire, leadMs } = input;
const plan = checkPlan(
  {
    name: "hold",
    chains: [
      {
        name: "bench",
        rps,
        targets: [{ url, body: { jsonrpc: "2.0", method: "eth_blockNumber", params: [], id: 1 } }],
      },
    ],
    duration: seconds,
    perWorkerRps: 1_000_000,
    workers: 1,
    limits: { inFlightPerWorker: 1_000 },
    ...(wire === "tls-once" && { keepalive: false }),
    ...(wire === "h2" && { http: "2" }),
    ...(wire !== "http" && { tls: { insecure: true } }),
  },
  ".",
  "the bench's plan",
);
const [assignment] = assign(plan, { runId: "bench", startAtMs: Date.now() + leadMs, leadMs: 0 });
if (!assignment) throw new Error("the bench's plan has no assignment");
const cpus: NodeJS.CpuUsage[] = [];
const beforeStart = setTimeout(() => cpus.push(process.cpuUsage()), leadMs - 100);
const chunks: Chunk[] = [];
const { series } = await attack(
  { plan, assignment, attempt: 1 },
  { clock: systemClock, emit: async (chunk) => void chunks.push(chunk), stopRequested: async () => undefined },
);
clearTimeout(beforeStart);
const used = process.cpuUsage(cpus[0]);
const sum = new SeriesSum();
for (const each of series) sum.add(each);
const result = {
  sent: sum.sent,
  missed: total(sum.missed),
  valid: sum.valid,
  lagMs: inMs(sum.sendLag),
  responseMs: inMs(sum.responseTime()),
  cpuUs: (used.user + used.system) / sum.sent,
  memoryMb: Math.max(...chunks.map(({ health }) => health.residentMb)),
};
process.stdout.write(`${JSON.stringify(result)}\n`);

function inMs(histogram: Histogram): ResponseMs {
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1_000;
  return { p50: at(50), p99: at(99), p999: at(99.9), max: histogram.maxValue / 1_000 };
}
