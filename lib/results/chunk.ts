import type { Sample } from "../answers/samples.ts";
import type { Phase } from "../plan/assign.ts";
import type { AdmissionCounts } from "./admissions.ts";
import type { BlockCounts } from "./blocks.ts";
import type { PackedHistograms } from "./histogram.ts";
import type { NodesCounts } from "./nodes.ts";
import type { RateLimitCounts } from "./rateLimits.ts";
import type { SocketCounts } from "./sockets.ts";
import type { SubscriptionCounts } from "./subscriptions.ts";

/** The error class of requests that were in flight when the run was aborted. */
export const UNFINISHED = "aborted";

/** The ledger's entries: scheduled = sent + missed; sent = responses + errors + unfinished; responses = valid + invalid. */
export interface Ledger {
  scheduled: number;
  sent: number;
  missed: number;
  responses: number;
  errors: number;
  /** In flight when the run was aborted: neither a success nor a failure. */
  unfinished: number;
  valid: number;
  invalid: number;
}

/** The counts of one second of the run, by when the requests were due. */
export interface SecondCounts {
  sent: number;
  missed: number;
  valid: number;
  invalid: number;
  errors: number;
  /** Requests that were not valid relays, by class; absent if there were none. */
  classes?: Tally;
}

/** The counts of a second in a chunk or summary: a reducer parses a row in less than half the time of named counts. */
export type SecondRow = [
  second: number,
  sent: number,
  missed: number,
  valid: number,
  invalid: number,
  errors: number,
  classes?: Tally,
];

/** Counts by a stable name: the class of an error or of an invalid response, an HTTP status, or a miss reason. */
export type Tally = Record<string, number>;

/**
 * A part of a request's time, recorded if the plan asks for it: the first three for each connection, the others for a
 * sample of requests.
 */
export type Timing = "dns" | "connect" | "tls" | "firstByte" | "body";

/** One target's part of a series. */
export interface TargetSeries {
  sent: number;
  valid: number;
  invalid: number;
  errors: number;
  responseTime: string;
}

/**
 * One chain's part of a chunk or summary, in one phase. Histograms are HdrHistogram V2, base64, in µs; those of intervals
 * are packed.
 */
export interface Series {
  chain: string;
  phase: Phase;
  sent: number;
  missed: Tally;
  errors: Tally;
  invalid: Tally;
  valid: number;
  /** Valid relays in which the node answered without a result, by class. */
  answers?: Tally;
  statuses: Tally;
  bytesSent: number;
  /** Bytes of response bodies as received. */
  bytesReceived: number;
  /** Bytes of the same bodies after decoding; absent if none was encoded. */
  bytesDecoded?: number;
  /** One sample response of each class that was not a plain relay. */
  samples?: Sample[];
  /** The block numbers that the chain's nodes reported, if the plan asks for stale blocks. */
  blocks?: BlockCounts;
  /** What responses said that a rate limit refused, if there were any. */
  rateLimits?: RateLimitCounts;
  /** How the calls of the chain's lookups ended, by the lookup's name. */
  lookups?: Record<string, Tally>;
  /** What a rate limit let through over time, if the plan looks for its shape. */
  admissions?: AdmissionCounts;
  /** Which nodes answered, if the plan has a header for it. */
  nodes?: NodesCounts;
  /** The same by the age of the block asked for, if the plan asks for it. */
  blockAges?: NodesCounts;
  /** What happened to the chain's WebSockets, if it has any. */
  sockets?: SocketCounts;
  /** What the chain's subscribers received, by subscription name, if it has any. */
  subscriptions?: Record<string, SubscriptionCounts>;
  /** By the second of the phase in which the requests were due. */
  seconds: SecondRow[];
  /** Response times of all responses, by the interval of the phase in which the requests were due. */
  responseTime: PackedHistograms;
  serviceTime: string;
  sendLag: string;
  timings?: Partial<Record<Timing, string>>;
  /** By the target's index in the chain, if the chain has several. */
  targets?: TargetSeries[];
}

/** The load generator's own health while a chunk was filled. */
export interface Health {
  /** When it was taken, in ms from the run's start instant. */
  atMs: number;
  /** CPU time used ÷ time passed. */
  cpu: number;
  /** The share of the machine's cores in use by any process; absent in Lambda, where each worker has its own cores. */
  machineCpu?: number;
  /** Event loop utilization, 0 … 1. */
  eventLoop: number;
  /** Event loop delay, p99 in ms. */
  eventLoopDelayMs: number;
  /** How long the event loop was blocked, in ms; only if that was 2 s or more. */
  frozenMs?: number;
  /** The longest garbage collection pause, and the total of all pauses, in ms. */
  gcMaxMs: number;
  gcMs: number;
  residentMb: number;
  inFlight: number;
  connections: number;
  /** Connections opened since the previous chunk. */
  opened: number;
  /** The host's TCP state, if /proc provides it. */
  tcp?: TcpHealth;
}

/** A host's TCP state, in its network namespace. */
export interface TcpHealth {
  established: number;
  timeWait: number;
  /** Ephemeral ports that are neither in use nor in TIME_WAIT. */
  portsLeft: number;
  /** Segments retransmitted since the previous sample. */
  retransmits: number;
}

/** What a worker wrote in one flush. An attempt's chunks are ordered by `sequence`. */
export interface Chunk {
  version: 2;
  runId: string;
  assignment: string;
  worker: number;
  segment: number;
  attempt: number;
  /** The fleet host that wrote it. */
  host?: string;
  sequence: number;
  /** Flush time, in ms from the run's start instant. */
  atMs: number;
  /** The length of the intervals of `responseTime`, in ms. */
  intervalMs: number;
  series: Series[];
  /** Relays in `series` whose block was stale by what this worker alone has seen; for the breaker. */
  stale?: number;
  health: Health;
}

/** How a worker's segment ended. `orphaned`: the process that started the worker was gone. */
export type Outcome = "completed" | "aborted" | "superseded" | "orphaned";

/** All of an attempt's chunks merged, written when it ends. */
export interface Summary extends Omit<Chunk, "sequence" | "health" | "stale"> {
  outcome: Outcome;
  /** Send time of the first request − due time of the assignment's first request, in ms; null if none was sent. */
  startSkewMs: number | null;
  /** How long before its first request was due the worker was ready, in ms; negative if it was late. */
  readyMs: number;
  health: Health[];
  /** The offset of the worker's clock from the store's, in ms, and the error bound of that measurement. */
  clock?: { errorMs: number; boundMs: number; corrected: boolean } | null;
}

/**
 * Length of the intervals in which response times are recorded separately: at most 200 per run, none below a second.
 */
export function intervalMs(durationMs: number): number {
  const seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600];
  return 1_000 * (seconds.find((each) => durationMs / (each * 1_000) <= 200) ?? 7_200);
}

/** The counts of seconds as rows. */
export function secondRows(seconds: ReadonlyMap<number, SecondCounts>): SecondRow[] {
  return [...seconds].map(([second, { sent, missed, valid, invalid, errors, classes }]): SecondRow => {
    const row: SecondRow = [second, sent, missed, valid, invalid, errors];
    if (classes) row.push(classes);
    return row;
  });
}

/** Adds one tally to another. */
export function addTally(into: Tally, from: Tally): void {
  for (const [key, count] of Object.entries(from)) into[key] = (into[key] ?? 0) + count;
}

/** The sum of a tally. */
export function total(tally: Tally): number {
  let sum = 0;
  for (const count of Object.values(tally)) sum += count;
  return sum;
}
