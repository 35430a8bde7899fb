import { MAX_FLUSH_MS, POLL_MS } from "../schedule/tempo.ts";
import { cutSegments, splitRates } from "./assign.ts";
import { isStoppable } from "./breaker.ts";
import { PRICES } from "./prices.ts";
import { firstShare, meanShare } from "./profile.ts";
import { bodyOf, type Plan } from "./schema.ts";

/** Memory of a worker's Lambda, in GB: 500 requests/s need less than the CPU share that comes with it. */
export const WORKER_GB = 0.25;

/** Time of a worker's invocation besides its segment, in s: start, warm-up, drain, summary. */
const OVERHEAD_S = 12;

/** For how many seconds Watch lists ticks at each look. */
const TICKS_S = 25;

/** Bytes of a request's headers, in and around, that leave AWS with its body. */
const HEADER_BYTES = 250;

/** What a run would cost in AWS, by item, in US dollars. */
export interface Estimate {
  requests: number;
  invocations: number;
  gbSeconds: number;
  items: { name: string; usd: number }[];
  usd: number;
}

/** Estimates a run in Lambda from its plan, by list prices. Quantity × price for each item; nothing is rounded. */
export function estimate(plan: Plan): Estimate {
  const seconds = (plan.durationMs + plan.warmupMs) / 1_000;
  const workers = splitRates(plan).length;
  const segments = cutSegments(-plan.warmupMs, plan.durationMs, plan.segmentMs).length;
  const invocations = workers * segments;
  const gbSeconds = (workers * seconds + invocations * OVERHEAD_S) * WORKER_GB + seconds * WORKER_GB;
  const fullSeconds = (plan.durationMs * meanShare(plan) + plan.warmupMs * firstShare(plan)) / 1_000;
  const requests = plan.chains.reduce((sum, { rps }) => sum + rps * fullSeconds, 0);
  const bytesOut = plan.chains.reduce((sum, { rps, targets }) => {
    const bodies = targets.reduce((bytes, target) => bytes + (bodyOf(target)?.length ?? 0) * target.weight, 0);
    const weights = targets.reduce((all, { weight }) => all + weight, 0);
    return sum + rps * fullSeconds * (bodies / Math.max(weights, Number.MIN_VALUE) + HEADER_BYTES);
  }, 0);
  // With a breaker each flush puts a tick too, and Watch lists them, by pages of a thousand.
  const flushes = (workers * seconds) / (MAX_FLUSH_MS / 1_000);
  const lists = isStoppable(plan) ? seconds * Math.ceil((workers * TICKS_S) / (MAX_FLUSH_MS / 1_000) / 1_000) : 0;
  const puts = flushes * (isStoppable(plan) ? 2 : 1) + lists + invocations * 2 + 6;
  const gets = (2 * workers * seconds) / (POLL_MS / 1_000) + invocations * 3;
  // Plan, Reduce, Verdict and the branches once; each child is Wait and Worker, with its start.
  const transitions = 10 + invocations * 3 + Math.ceil(seconds / 600) * 2;
  const items = [
    { name: "Lambda time", usd: gbSeconds * PRICES.lambdaGbSecond },
    { name: "Lambda requests", usd: (invocations + 3) * PRICES.lambdaRequest },
    { name: "Step Functions", usd: transitions * PRICES.stateTransition },
    { name: "S3 writes", usd: puts * PRICES.s3Put },
    { name: "S3 reads", usd: gets * PRICES.s3Get },
    { name: "Logs", usd: ((invocations * 2_000) / 1e9) * PRICES.logGb },
    { name: "Egress", usd: (bytesOut / 1e9) * PRICES.egressGb },
  ];
  const usd = items.reduce((sum, item) => sum + item.usd, 0);
  return { requests, invocations, gbSeconds, items, usd };
}
