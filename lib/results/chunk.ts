import type { Sample } from "../answers/samples.ts";
import type { Phase } from "../plan/assign.ts";
import type { BlockCounts } from "./blocks.ts";

import type { SocketCounts } from "./sockets.ts";
import type { SubscriptionCounts } from "./subscriptions.ts";

/** The class, among a series' errors, of requests that were in flight when the run was aborted. */
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

/** What happened in one second of the run, by when the requests were due. */
export interface SecondCounts {
  sent: number;
  missed: number;
  valid: number;
  invalid: number;
  errors: number;
  /** Those that were no relay, by class; only where there were any. */
  classes?: Tally;
}

/** Counts by a stable name: the class of an error or of an invalid response, an HTTP status, a reason for a miss. */
export type Tally = Record<string, number>;

/** A part of a request's time, recorded on request: of each connection the first three, of a sample the others. */
export type Timing = "dns" | "connect" | "tls" | "firstByte" | "body";

/** One target's part of a series. */
export interface TargetSeries {
  sent: number;
  valid: number;
  invalid: number;
  errors: number;
  responseTime: string;
}

/** One chain's part of a chunk or of a summary, in one phase. Histograms are HdrHistogram V2, base64, in µs. */
export interface Series {
  chain: string;
  phase: Phase;
  sent: number;
  missed: Tally;
  errors: Tally;
  invalid: Tally;
  valid: number;
  /** Of the valid ones, those that were an answer of the node and no result, by class. */
  answers?: Tally;
  statuses: Tally;
  bytesSent: number;
  /** Bytes of response bodies as they came. */
  bytesReceived: number;
  /** The same bodies decoded, where any was encoded. */
  bytesDecoded?: number;
  /** One response of each class that was no plain relay. */
  samples?: Sample[];
  /** Where the chain's nodes said that they are, where the plan asks for stale blocks. */
  blocks?: BlockCounts;
  /** What happened to the chain's WebSockets, where it has any. */
  sockets?: SocketCounts;
  /** What its subscribers saw, by the name of the subscription, where the chain has any. */
  subscriptions?: Record<string, SubscriptionCounts>;
  /** By the second of the phase in which the requests were due. */
  seconds: Record<string, SecondCounts>;
  /** Response time of all responses, by the interval of the phase in which the requests were due. */
  responseTime: Record<string, string>;
  serviceTime: string;
  sendLag: string;
  timings?: Partial<Record<Timing, string>>;
  /** By the target's place in the chain, where a chain has several. */
  targets?: TargetSeries[];
}

/** How the generator itself fared while a chunk was filled. */
export interface Health {
  /** When it was taken, in ms from the run's start instant. */
  atMs: number;
  /** CPU time used ÷ time passed. */
  cpu: number;
  /** The share of the machine's cores in use, by whomever; not in Lambda, where each worker has its own. */
  machineCpu?: number;
  /** The event loop's busy share, 0 … 1. */
  eventLoop: number;
  /** The event loop's delay, p99 in ms. */
  eventLoopDelayMs: number;
  /** How long the event loop stood still, in ms, where that was 2 s or more. */
  frozenMs?: number;
  /** The longest pause for garbage collection, and all of them, in ms. */
  gcMaxMs: number;
  gcMs: number;
  residentMb: number;
  inFlight: number;
  connections: number;
  /** Connections opened since the chunk before. */
  opened: number;
  /** The host's TCP, where /proc tells it. */
  tcp?: TcpHealth;
}

/** The state of a host's TCP, in its network namespace. */
export interface TcpHealth {
  established: number;
  timeWait: number;
  /** Ephemeral ports that are neither in use nor waiting. */
  portsLeft: number;
  /** Segments sent again since the look before. */
  retransmits: number;
}

/** What a worker flushed. Of one attempt, in the order of `sequence`. */
export interface Chunk {
  version: 1;
  runId: string;
  assignment: string;
  worker: number;
  segment: number;
  attempt: number;
  /** The host of the fleet that it comes from. */
  host?: string;
  sequence: number;
  /** When it was flushed, in ms from the run's start instant. */
  atMs: number;
  /** The length of the intervals of `responseTime`, in ms. */
  intervalMs: number;
  series: Series[];
  /** Of their relays, those whose block was stale by what this worker alone has been answered; for the breaker. */
  stale?: number;
  health: Health;
}

/** How a worker's segment ended; `orphaned`: whoever had started the worker was gone. */
export type Outcome = "completed" | "aborted" | "superseded" | "orphaned";

/** All of an attempt's chunks in one, written at its end. */
export interface Summary extends Omit<Chunk, "sequence" | "health" | "stale"> {
  outcome: Outcome;
  /** First request sent − the instant at which the assignment's first one was due, in ms; null if none was sent. */
  startSkewMs: number | null;
  /** How long before its first due request the worker was ready, in ms; negative if it came late. */
  readyMs: number;
  health: Health[];
  /** How far the worker's clock was from the store's, in ms, and within which bound that is known. */
  clock?: { errorMs: number; boundMs: number; corrected: boolean } | null;
}

/** Length of the intervals over which response times are kept apart: at most 200 in a run, none below a second. */
export function intervalMs(durationMs: number): number {
  const seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600];
  return 1_000 * (seconds.find((each) => durationMs / (each * 1_000) <= 200) ?? 7_200);
}

/** Adds a tally to another. */
export function addTally(into: Tally, from: Tally): void {
  for (const [key, count] of Object.entries(from)) into[key] = (into[key] ?? 0) + count;
}

/** The sum of a tally. */
export function total(tally: Tally): number {
  let sum = 0;
  for (const count of Object.values(tally)) sum += count;
  return sum;
}
