/*
 * Times on which more than one part of Volley depends, in ms. What holds between them is asserted in
 * test/schedule/tempo.test.ts; a time that concerns one file alone stands there.
 */

/** How long a Lambda invocation lives at most. */
export const LAMBDA_MS = 900_000;

/** How long before their first request workers are called in AWS: a cold start and a warm-up on a share of a CPU. */
export const LAMBDA_LEAD_MS = 20_000;

/**
 * How much longer for each worker: Step Functions makes 800 state transitions a second in most Regions, of which a child
 * takes four before its worker is called, and Lambda starts 1,000 environments of a function in 10 s.
 */
export const LEAD_PER_WORKER_MS = 10;

/** The lead of a run of this many workers in AWS. */
export function lambdaLeadMs(workers: number): number {
  return LAMBDA_LEAD_MS + LEAD_PER_WORKER_MS * workers;
}

/** Longest time that one invocation sends for: it must also start, drain and write its summary. */
export const MAX_SEGMENT_MS = 12 * 60_000;

/** Time beyond its segment and the plan's timeout in which a worker must have written its summary. */
export const WORKER_GRACE_MS = 15_000;

/** How often a worker asks whether it is to stop. */
export const POLL_MS = 1_200;

/** How long a worker waits for responses after an abort. */
export const ABORT_DRAIN_MS = 500;

/** Within this time of an abort the workers have stopped. */
export const STOP_MS = 2_000;

/** How long a second attempt waits before it sends: by then the first has seen that it was superseded. */
export const TAKEOVER_MS = STOP_MS;

/** Longest and shortest time between a worker's chunks. */
export const MAX_FLUSH_MS = 5_000;
export const MIN_FLUSH_MS = 1_000;

/** How often a worker flushes a chunk: 20 times in a run, within the two limits. */
export function flushMs(durationMs: number): number {
  return Math.min(MAX_FLUSH_MS, Math.max(MIN_FLUSH_MS, durationMs / 20));
}

/** How often Watch looks at a run. */
export const LOOK_MS = 1_000;

/** How long one look at the store may take: a store that hangs is asked again. */
export const LOOK_LIMIT_MS = 10_000;

/** How much of what lies before the breaker's window Watch lists too: clocks differ, and writes take their time. */
export const LATE_TICKS_MS = 15_000;

/** How long after the last request's timeout Watch waits for summaries. */
export const WATCH_GRACE_MS = 5_000;

/** How long one call of Watch looks on; it is then called again. */
export const WATCH_CALL_MS = 10 * 60_000;

/** How often a call of Watch writes down that it is still there. */
export const WATCHED_EVERY_MS = 5_000;

/** How often a fleet's host that runs an assignment says that it lives: the definition has its HeartbeatSeconds. */
export const HEARTBEAT_MS = 2_000;

/** How often a fleet's host says that it is there, and how old that may be. */
export const ANNOUNCE_MS = 15_000;
export const FRESH_MS = 4 * ANNOUNCE_MS;

/** How long Plan waits in AWS for a fleet's hosts: an instance is started, installs Volley and is tuned. */
export const FLEET_WAIT_MS = 10 * 60_000;
