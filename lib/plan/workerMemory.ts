import { splitRates } from "./assign.ts";
import { lagLimitMs } from "./lagLimit.ts";
import { peakRps } from "./profile.ts";
import { regionShare } from "./regions.ts";
import type { Plan } from "./schema.ts";

/** How a worker reaches its targets: `reconnecting` opens a new TLS connection for each request. */
export type Wire = "http" | "tls" | "reconnecting";

/** The memory sizes that were measured, in MB; 1,769 MB buy a whole CPU. */
const MEASURED_MB = [256, 512, 1_024, 1_769] as const;

/** A worker at one rate, on each of the measured sizes. */
interface Measurement {
  wire: Wire;
  /** Requests per second of the worker. */
  rps: number;
  /** The p99 of its send lag in ms, in the order of MEASURED_MB; null if it did not send all of its requests. */
  lagP99Ms: readonly (number | null)[];
}

/** `npm run bench:share` on an AMD EPYC with two cores, Node 24.21: docs/aws.md has the table. By rate for each wire. */
const MEASURED: readonly Measurement[] = [
  { wire: "http", rps: 500, lagP99Ms: [6.45, 0.96, 1.53, 0.2] },
  { wire: "tls", rps: 500, lagP99Ms: [13.54, 4.44, 0.25, 0.2] },
  { wire: "tls", rps: 1_000, lagP99Ms: [87.87, 7, 1.46, 1.01] },
  { wire: "reconnecting", rps: 500, lagP99Ms: [null, null, 7.77, 3.27] },
];

/** How accurate a plan's workers are on a memory size. */
export interface MemorySize {
  mb: number;
  /** The expected p99 of the send lag, in ms; null if the workers cannot send all of their requests. */
  lagP99Ms: number | null;
}

/** The memory that a plan's workers need in Lambda. */
export interface WorkerMemory {
  wire: Wire;
  /** The highest rate of a worker, in requests per second. */
  rps: number;
  /** The p99 of the send lag above which a run is invalid, in ms. */
  limitMs: number;
  /** The sizes that were measured, the smallest first; empty if no worker was measured at this rate. */
  sizes: MemorySize[];
  /** The smallest size that keeps to the limit, in MB; null if none is known to. */
  neededMb: number | null;
}

/** The memory that a plan's workers need for their send lag to stay within the plan's limit. */
export function workerMemory(plan: Plan): WorkerMemory {
  const [wire, rps, limitMs] = [wireOf(plan), busiestRps(plan), lagLimitMs(plan)];
  const measured = MEASURED.find((each) => isAsHard(each.wire, wire) && each.rps >= rps);
  const sizes = MEASURED_MB.flatMap((mb, index) => (measured ? [{ mb, lagP99Ms: atLeast(measured, index) }] : []));
  const needed = sizes.find((size) => keepsTo(size, limitMs));
  return { wire, rps, limitMs, sizes, neededMb: needed?.mb ?? null };
}

/** What to expect of a deployment's memory: the largest measured size that is not above it; undefined if none is. */
export function sizeOf({ sizes }: WorkerMemory, mb: number): MemorySize | undefined {
  return sizes.findLast((size) => size.mb <= mb);
}

/** Whether workers of a size are accurate enough for a limit of the send lag's p99, in ms. */
export function keepsTo({ lagP99Ms }: MemorySize, limitMs: number): boolean {
  return lagP99Ms !== null && lagP99Ms <= limitMs;
}

/** Whether a measurement over one wire is an upper bound for another: plain HTTP takes less CPU than TLS. */
function isAsHard(measured: Wire, wire: Wire): boolean {
  return measured === wire || (measured === "tls" && wire === "http");
}

/** A smaller memory is not more accurate than a larger one: that one of them was in a measurement is chance. */
function atLeast({ lagP99Ms }: Measurement, index: number): number | null {
  const larger = lagP99Ms.slice(index);
  return larger.reduce((worst, lag) => (worst === null || lag === null ? null : Math.max(worst, lag)), 0);
}

function wireOf({ chains, keepalive }: Plan): Wire {
  // Plain HTTP without keep-alive was not measured: it takes less CPU than TLS without.
  if (!keepalive) return "reconnecting";
  return chains.some(({ targets }) => targets.some(({ url }) => /^(https|wss):/i.test(url))) ? "tls" : "http";
}

/** The highest rate of one worker; in a search, the rate that no trial exceeds. */
function busiestRps(plan: Plan): number {
  if (plan.profile.type === "search") return plan.perWorkerRps;
  const peaks = new Map(
    plan.chains.map((chain) => [chain.name, { chain, rps: peakRps({ ...plan, chains: [chain] }) }]),
  );
  const rates = splitRates(plan).map(({ region, shares }) =>
    shares.reduce((sum, share) => {
      const peak = peaks.get(share.chain);
      return sum + (peak ? (peak.rps * regionShare(peak.chain, region)) / share.of : 0);
    }, 0),
  );
  return Math.max(...rates);
}
