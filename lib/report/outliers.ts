import type { ReportWorker } from "./schema.ts";
import { ms, percent } from "./units.ts";

/** Fewer workers than this that send the same chains are too few to find outliers among. */
const MIN_PEERS = 4;

/**
 * A value more than this many scaled median absolute deviations from the median is an outlier (Iglewicz and Hoaglin,
 * "How to Detect and Handle Outliers", 1993: 3.5); 1.4826 scales it to the standard deviation of a normal distribution.
 */
const MAX_DEVIATIONS = 3.5;
const SCALE = 1.4826;

/**
 * The difference must also matter: this ratio to the median and this many ms above it, or this much more of the
 * requests failed.
 */
const MIN_RATIO = 1.25;
const MIN_MS = 2;
const MIN_FAILED = 0.01;

/** The latencies to compare, and how to read them from a worker. */
const LATENCIES: [name: string, read: (worker: ReportWorker) => number | undefined][] = [
  ["response time p50", ({ responseTimeMs }) => responseTimeMs?.p50],
  ["response time p99", ({ responseTimeMs }) => responseTimeMs?.p99],
  ["send lag p99", ({ sendLagMs }) => sendLagMs?.p99],
];

/**
 * Marks workers whose response times, send lags or failures are far from those of workers that send the same chains.
 */
export function markOutliers(workers: readonly ReportWorker[]): ReportWorker[] {
  const groups = Map.groupBy(workers, ({ chains }) => chains.join(" "));
  const bounds = new Map([...groups].map(([chains, peers]) => [chains, boundsOfPeers(peers)]));
  return workers.map((worker) => {
    const own = bounds.get(worker.chains.join(" "));
    return own ? { ...worker, outlier: outlierReasons(worker, own) } : worker;
  });
}

/** The median of workers, and the value above which one is an outlier. */
interface Bounds {
  middle: number;
  most: number;
}

/** The bounds of each latency, and of the share of failed requests. */
interface PeerBounds {
  latencies: Bounds[];
  failed: Bounds;
}

function boundsOfPeers(peers: readonly ReportWorker[]): PeerBounds | undefined {
  if (peers.length < MIN_PEERS) return undefined;
  return {
    latencies: LATENCIES.map(([, read]) => boundsOf(peers.flatMap((peer) => read(peer) ?? []))),
    failed: boundsOf(peers.map(failedShare)),
  };
}

function outlierReasons(worker: ReportWorker, bounds: PeerBounds): string[] {
  const reasons: string[] = [];
  for (const [place, [name, read]] of LATENCIES.entries()) {
    const own = read(worker);
    const { middle, most } = bounds.latencies[place] as Bounds;
    if (own !== undefined && own > Math.max(most, middle * MIN_RATIO, middle + MIN_MS)) {
      reasons.push(`${name} ${ms(own)}, its peers' median ${ms(middle)}`);
    }
  }
  const { middle, most } = bounds.failed;
  const failed = failedShare(worker);
  if (failed > Math.max(most, middle + MIN_FAILED)) {
    reasons.push(`${percent(failed)} of its requests failed, of its peers' ${percent(middle)}`);
  }
  return reasons;
}

function failedShare({ ledger }: ReportWorker): number {
  return ledger.sent === 0 ? 0 : (ledger.errors + ledger.invalid) / ledger.sent;
}

function boundsOf(values: readonly number[]): Bounds {
  const middle = median(values);
  const deviation = median(values.map((value) => Math.abs(value - middle)));
  return { middle, most: middle + MAX_DEVIATIONS * SCALE * deviation };
}

/** The median of the values; 0 if there are none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? 0) + upper) / 2;
}
