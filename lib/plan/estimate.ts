import {
  ANNOUNCE_MS,
  lambdaLeadMs,
  MAX_FLUSH_MS,
  POLL_MS,
  WATCH_CALL_MS,
  WATCHED_EVERY_MS,
} from "../schedule/tempo.ts";
import { cutSegments, splitRates } from "./assign.ts";
import { bodyOf } from "./body.ts";
import { isStoppable } from "./breaker.ts";
import { PRICES } from "./prices.ts";
import { firstShare, meanShare } from "./profile.ts";
import type { Plan } from "./schema.ts";

/** The settings of a deployment that decide what a run costs. */
export interface EstimateSetting {
  /** A worker's memory, in MB. */
  workerMb: number;
  /** Whether the load goes through NAT gateways (fixedEgress). */
  isBehindNat: boolean;
  /** How many workers each host of its fleet runs; 1 by default. */
  workersPerHost?: number;
}

/** The default deployment: the smallest memory with a send lag of at most 1 ms at 500 requests/s over TLS. */
export const DEFAULT_SETTING: EstimateSetting = { workerMb: 1_024, isBehindNat: false };

/** Memory of the other functions, in GB. */
const PLAN_GB = 1;
const WATCH_GB = 0.25;
const REDUCE_GB = 3_008 / 1_024;

/** Time of an invocation of a worker after its last request, in s: the last responses, and the summary. */
const END_S = 1.5;

/** Time of Plan, and of Reduce with what each worker adds (docs/scale.md), in s. */
const PLAN_S = 3;
const REDUCE_S = 3;
const REDUCE_PER_WORKER_S = 0.02;

/**
 * Time of a fleet's hosts outside the run, in s: until they are ready, for which Plan waits, and until they are
 * released.
 */
const HOSTS_COME_S = 240;
const HOSTS_GO_S = 60;

/** Hosts besides those that the run needs. */
const SPARE_HOSTS = 1;

/** How many seconds of ticks Watch lists at each look, once a second. */
const TICKS_S = 25;

/** Reads of an invocation: its looks at S3's clock, and the plan, its clock's object and its lease. */
const READS_PER_INVOCATION = 8;

/**
 * Bytes that leave AWS with a request's body, for its headers and the framing around them; bytes of a whole response.
 */
const HEADER_BYTES = 250;
const RESPONSE_BYTES = 600;

/** Memory of the function that waits for a worker in another region, in GB. */
const CALLER_GB = 128 / 1_024;

/** Bytes that a worker's write and its look at an object take between regions, with TLS and headers. */
const CHUNK_BYTES = 4_000;
const POLL_BYTES = 1_500;

/** Bytes of logs of an invocation: Lambda's three lines, and a dozen Step Functions events of its child execution. */
const LOG_BYTES = 6_000;

/** What a run would cost in AWS, by item, in US dollars. */
export interface Estimate {
  requests: number;
  /** Of workers; 0 in a fleet. */
  invocations: number;
  /** Of all functions. */
  gbSeconds: number;
  /** Of the workers alone. */
  workerGbSeconds: number;
  items: { name: string; usd: number }[];
  usd: number;
}

/** How much of each thing a run uses. */
interface Quantities {
  seconds: number;
  /** Workers, and their assignments: one for each segment. */
  workers: number;
  children: number;
  leadS: number;
  requests: number;
  bytesOut: number;
}

function quantities(plan: Plan): Quantities {
  const seconds = (plan.durationMs + plan.warmupMs) / 1_000;
  const workers = splitRates(plan).length;
  const segments = plan.mode === "fleet" ? 1 : cutSegments(-plan.warmupMs, plan.durationMs, plan.segmentMs).length;
  const fullSeconds = (plan.durationMs * meanShare(plan) + plan.warmupMs * firstShare(plan)) / 1_000;
  const requests = plan.chains.reduce((sum, { rps }) => sum + rps * fullSeconds, 0);
  const bytesOut = plan.chains.reduce((sum, { rps, targets }) => {
    const bodies = targets.reduce((bytes, target) => bytes + (bodyOf(target)?.length ?? 0) * target.weight, 0);
    const weights = targets.reduce((all, { weight }) => all + weight, 0);
    return sum + rps * fullSeconds * (bodies / Math.max(weights, Number.MIN_VALUE) + HEADER_BYTES);
  }, 0);
  return { seconds, workers, children: workers * segments, leadS: lambdaLeadMs(workers) / 1_000, requests, bytesOut };
}

/** Estimates a run from its plan, by list prices. Quantity × price for each item; nothing is rounded. */
export function estimate(plan: Plan, setting: EstimateSetting = DEFAULT_SETTING): Estimate {
  const all = quantities(plan);
  const isFleet = plan.mode === "fleet";
  const invocations = isFleet ? 0 : all.children;
  const workerSeconds = isFleet ? 0 : billedWorkerSeconds(all.workers, invocations, all.seconds);
  const workerGbSeconds = workerSeconds * (setting.workerMb / 1_024);
  const gbSeconds = workerGbSeconds + otherGbSeconds(all, isFleet);
  const watchCalls = Math.ceil((all.leadS + all.seconds) / (WATCH_CALL_MS / 1_000));
  // Plan, Run, Attack, Watch and its Choice for each call, Watched, two Choices, Reduce, Verdict and its end; for each
  // child its start, the Wait, the Choice and the Task.
  const transitions = 9 + 2 * watchCalls + 4 * all.children;
  const { puts, gets } = storeCalls(plan, all, isFleet ? hostCalls(all) : { puts: 0, gets: 0 });
  const natBytes = setting.isBehindNat ? all.bytesOut + all.requests * RESPONSE_BYTES : 0;
  const hosts = Math.ceil(all.workers / (setting.workersPerHost ?? 1)) + SPARE_HOSTS;
  const hostHours = isFleet ? (hosts * (HOSTS_COME_S + all.seconds + HOSTS_GO_S)) / 3_600 : 0;
  const away = shareAway(plan);
  const hostUsd = PRICES.hostHour + (setting.isBehindNat ? 0 : PRICES.addressHour);
  const items = [
    { name: "Lambda time", usd: gbSeconds * PRICES.lambdaGbSecond },
    { name: "Lambda requests", usd: (invocations + watchCalls + 2) * PRICES.lambdaRequest },
    ...(isFleet ? [{ name: "EC2", usd: hostHours * hostUsd }] : []),
    { name: "Step Functions", usd: transitions * PRICES.stateTransition },
    { name: "S3 writes", usd: puts * PRICES.s3Put },
    { name: "S3 reads", usd: gets * PRICES.s3Get },
    { name: "Logs", usd: ((all.children * LOG_BYTES) / 1e9) * PRICES.logGb },
    ...(setting.isBehindNat ? [{ name: "NAT", usd: (natBytes / 1e9) * PRICES.natGb }] : []),
    ...(away > 0
      ? [
          {
            name: "Calls to other regions",
            usd: away * (workerSeconds * CALLER_GB * PRICES.lambdaGbSecond + invocations * PRICES.lambdaRequest),
          },
          {
            name: "Transfer between regions",
            usd: ((away * (puts * CHUNK_BYTES + gets * POLL_BYTES)) / 1e9) * PRICES.regionGb,
          },
        ]
      : []),
    { name: "Egress", usd: (all.bytesOut / 1e9) * PRICES.egressGb },
  ];
  const usd = items.reduce((sum, item) => sum + item.usd, 0);
  return { requests: all.requests, invocations, gbSeconds, workerGbSeconds, items, usd };
}

/**
 * The time that Lambda bills for all invocations of workers that each send for `seconds`, in s: each is invoked its lead
 * before its first request.
 */
export function billedWorkerSeconds(workers: number, invocations: number, seconds: number): number {
  return workers * seconds + invocations * (lambdaLeadMs(workers) / 1_000 + END_S);
}

/** The share of a plan's workers that run in another region than its deployment's home. */
function shareAway(plan: Plan): number {
  if (plan.home === undefined) return 0;
  const workers = splitRates(plan);
  return workers.filter(({ region }) => region !== undefined && region !== plan.home).length / workers.length;
}

function otherGbSeconds({ workers, seconds, leadS }: Quantities, isFleet: boolean): number {
  const plan = PLAN_GB * (PLAN_S + (isFleet ? HOSTS_COME_S : 0));
  const watch = WATCH_GB * (leadS + seconds + END_S);
  const reduce = REDUCE_GB * (REDUCE_S + workers * REDUCE_PER_WORKER_S);
  return plan + watch + reduce;
}

/** S3 calls by price: writes and lists, and reads. */
interface StoreCalls {
  puts: number;
  gets: number;
}

/**
 * Calls of a fleet's hosts, besides those of their workers, and for them: each host says that it is there, and waits for
 * its task during the lead, the spare until the end; both ask once a second. A task is written, claimed and read; Watch
 * lists which were lost.
 */
function hostCalls({ workers, seconds, leadS }: Quantities): StoreCalls {
  const waitingS = workers * leadS + SPARE_HOSTS * (leadS + seconds);
  const announced = ((workers + SPARE_HOSTS) * (HOSTS_COME_S + seconds)) / (ANNOUNCE_MS / 1_000);
  return { puts: waitingS + announced + workers * 3 + seconds / 10, gets: waitingS + workers };
}

function storeCalls(plan: Plan, { workers, children, seconds, leadS }: Quantities, hosts: StoreCalls): StoreCalls {
  // If the run may be stopped, each flush also puts a tick, and Watch lists the ticks in pages of a thousand.
  const flushes = (workers * seconds) / (MAX_FLUSH_MS / 1_000);
  const hasTicks = isStoppable(plan);
  const lists = hasTicks ? seconds * Math.ceil((workers * TICKS_S) / (MAX_FLUSH_MS / 1_000) / 1_000) : 0;
  const { endpoints, logs, every } = plan.observe;
  const looks = (endpoints.length > 0 ? 1 : 0) + (logs.length > 0 ? 1 : 0);
  const scrapes = (looks * seconds) / (every / 1_000);
  // A lease and a summary of each child; the plan twice, schedule, assignments and parts; four files of the report.
  const looked = seconds / (WATCHED_EVERY_MS / 1_000);
  const puts = flushes * (hasTicks ? 2 : 1) + lists + scrapes + looked + children * 2 + 9 + hosts.puts;
  // Workers poll for the abort flag and the next lease, Watch for the flag; Reduce reads each summary.
  const polls = (2 * workers * seconds) / (POLL_MS / 1_000) + leadS + seconds;
  return { puts, gets: polls + children * (READS_PER_INVOCATION + 1) + scrapes + hosts.gets };
}
