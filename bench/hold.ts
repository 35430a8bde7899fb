import { attack } from "../lib/attack/worker.ts";
import { assign } from "../lib/plan/assign.ts";
import { checkPlan } from "../lib/plan/load.ts";
import { type Chunk, total } from "../lib/results/chunk.ts";
import { SeriesSum } from "../lib/results/seriesSum.ts";
import { systemClock } from "../lib/store/clock.ts";

/*
 * One worker at one rate, as the bench runs it in a process of its own: `node bench/hold.ts URL RPS SECONDS [LEAD]`, the last in ms. Prints a
 * line of JSON: what was sent and valid, the send lag in ms, CPU time in µs for each request, memory in MB.
 */

const [url = "", rps = "0", seconds = "3", lead = "2800"] = process.argv.slice(2);
const plan = checkPlan(
  {
    name: "hold",
    chains: [
      {
        name: "bench",
        rps: Number(rps),
        targets: [{ url, body: { jsonrpc: "2.0", method: "eth_blockNumber", params: [], id: 1 } }],
      },
    ],
    duration: Number(seconds),
    perWorkerRps: 1_000_000,
    workers: 1,
    limits: { inFlightPerWorker: 1_000 },
  },
  ".",
  "the bench's plan",
);
const [assignment] = assign(plan, { runId: "bench", startAtMs: Date.now() + Number(lead), leadMs: 0 });
if (!assignment) throw new Error("the bench's plan has no assignment");
const cpus: NodeJS.CpuUsage[] = [];
const beforeStart = setTimeout(() => cpus.push(process.cpuUsage()), Number(lead) - 100);
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
  lagMs: {
    p50: sum.sendLag.getValueAtPercentile(50) / 1_000,
    p99: sum.sendLag.getValueAtPercentile(99) / 1_000,
    p999: sum.sendLag.getValueAtPercentile(99.9) / 1_000,
  },
  cpuUs: (used.user + used.system) / sum.sent,
  memoryMb: Math.max(...chunks.map(({ health }) => health.residentMb)),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
