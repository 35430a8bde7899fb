import { request } from "undici";
import { attack } from "../lib/attack/worker.ts";
import { assign } from "../lib/plan/assign.ts";
import { checkPlan } from "../lib/plan/load.ts";
import { type Chunk, total } from "../lib/results/chunk.ts";
import { createHistogram } from "../lib/results/histogram.ts";
import { SeriesSum } from "../lib/results/seriesSum.ts";
import { systemClock } from "../lib/store/clock.ts";

/*
 * One worker as Lambda runs it: `node bench/shareWorker.ts '{"url": …, "rps": …, "seconds": …, "leadMs": …, "keepalive": …}'`.
 * It asks for two objects every 1.2 s, as a worker asks S3. Prints a line of JSON, times in ms.
 */

interface Input {
  url: string;
  rps: number;
  seconds: number;
  leadMs: number;
  keepalive: boolean;
}

const { url, rps, seconds, leadMs, keepalive } = JSON.parse(process.argv[2] ?? "{}") as Input;
const body = { jsonrpc: "2.0", method: "eth_blockNumber", params: [], id: 1 };
const plan = checkPlan(
  {
    name: "share",
    chains: [{ name: "bench", rps, targets: [{ url, body }] }],
    duration: seconds,
    workers: 1,
    perWorkerRps: rps,
    keepalive,
    ...(url.startsWith("https:") && { tls: { insecure: true } }),
  },
  undefined,
  "the bench's plan",
);
const [assignment] = assign(plan, { runId: "bench", startAtMs: Date.now() + leadMs, leadMs: 0 });
if (!assignment) throw new Error("the bench's plan has no assignment");
const chunks: Chunk[] = [];
const poll = async (): Promise<undefined> => {
  const { body: answer } = await request(url.replace(/^https:/, "http:").replace(/:\d+/, `:${process.argv[3]}`));
  await answer.dump();
  return undefined;
};
const { series } = await attack(
  { plan, assignment, attempt: 1 },
  {
    clock: systemClock,
    emit: async (chunk) => void chunks.push(chunk),
    stopRequested: async () => {
      await Promise.all([poll(), poll()]);
      return undefined;
    },
  },
);
const sum = new SeriesSum();
for (const each of series) sum.add(each);
const responses = createHistogram();
for (const interval of sum.intervals.values()) responses.add(interval);
const of = (histogram: typeof responses, percentile: number): number =>
  histogram.getValueAtPercentile(percentile) / 1_000;
const result = {
  sent: sum.sent,
  missed: total(sum.missed),
  valid: sum.valid,
  lagMs: { p50: of(sum.sendLag, 50), p99: of(sum.sendLag, 99), p999: of(sum.sendLag, 99.9) },
  responseMs: { p50: of(responses, 50), p99: of(responses, 99) },
  memoryMb: Math.max(...chunks.map(({ health }) => health.residentMb)),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
