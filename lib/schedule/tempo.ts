/*
 * Times that more than one part of Volley depends on, in ms. test/schedule/tempo.test.ts asserts how they relate. A
 * time that only one file uses is defined in that file.
 */

/** Longest time that a Lambda invocation runs. */
export const LAMBDA_MS = 900_000;

/**
 * How long before their first request workers are invoked in AWS: a cold start and a warm-up on a fraction of a CPU.
 */
export const LAMBDA_LEAD_MS = 20_000;

/**
 * Additional lead per worker. Step Functions makes 800 state transitions a second in most Regions, and a child
 * execution takes four of them before its worker is invoked. Lambda starts 1,000 environments of a function in 10 s.
 */
export const LEAD_PER_WORKER_MS = 10;

/** The lead of a run with this many workers in AWS. */
export function lambdaLeadMs(workers: number): number {
  return LAMBDA_LEAD_MS + LEAD_PER_WORKER_MS * workers;
}

/** Longest time that one invocation sends for: it must also start, drain and write its summary. */
export const MAX_SEGMENT_MS = 12 * 60_000;

/** Time after its segment and the plan's timeout within which a worker must write its summary. */
export const WORKER_GRACE_MS = 15_000;

/** How often a worker checks whether it must stop. */
export const POLL_MS = 1_200;

/** How long a worker waits for responses after an abort. */
export const ABORT_DRAIN_MS = 500;

/** Workers stop within this time of an abort. */
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

/** How long one look at the store may take before Watch tries again. */
export const LOOK_LIMIT_MS = 10_000;

/** How far before the breaker's window Watch lists too: clocks differ, and writes take time. */
export const LATE_TICKS_MS = 15_000;

/** How long after the last request's timeout Watch waits for summaries. */
export const WATCH_GRACE_MS = 5_000;

/** How long one call of Watch runs; it is then called again. */
export const WATCH_CALL_MS = 10 * 60_000;

/** How often a call of Watch records that it is still running. */
export const WATCHED_EVERY_MS = 5_000;

/** How often a fleet host that runs an assignment sends a heartbeat; the definition sets its HeartbeatSeconds. */
export const HEARTBEAT_MS = 2_000;

/** How often a fleet host announces itself, and how old an announcement may be. */
export const ANNOUNCE_MS = 15_000;
export const FRESH_MS = 4 * ANNOUNCE_MS;

/** How long Plan waits in AWS for a fleet's hosts: an instance starts, installs Volley and is tuned. */
export const FLEET_WAIT_MS = 10 * 60_000;
