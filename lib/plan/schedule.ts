/**
 * When each request of a chain is due, as a function: nothing is accumulated, so that a late worker is never paced
 * late, and the n-th request of a chain is due at the same instant however many workers share it.
 */
export interface Schedule {
  /** How many requests the schedule has; they are numbered 0 … count − 1. */
  readonly count: number;
  /** The instant at which request n is due, in ms from the schedule's start. */
  dueAtMs(n: number): number;
  /** How many requests are due before an instant, in ms from the schedule's start. */
  dueBefore(ms: number): number;
}

/** A constant rate from 0 until `durationMs`: request n is due at n ÷ rps. */
export function constantSchedule(rps: number, durationMs: number): Schedule {
  const intervalMs = 1_000 / rps;
  return inverse(
    (n) => n * intervalMs,
    (ms) => ms / intervalMs,
    durationMs,
  );
}

/** A stretch of time over which the rate goes linearly from one value to another. */
export interface Stretch {
  durationMs: number;
  fromRps: number;
  toRps: number;
}

/** Stretches one after another: request n is due when the rate's integral over time reaches n. */
export function stretchSchedule(stretches: readonly Stretch[]): Schedule {
  let beganMs = 0;
  let reached = 0;
  const parts = stretches.map(({ durationMs, fromRps, toRps }) => {
    const part = {
      beganMs,
      durationMs,
      reached,
      perMs: fromRps / 1_000,
      growth: (toRps - fromRps) / 1_000 / durationMs,
    };
    beganMs += durationMs;
    reached += ((fromRps + toRps) / 2_000) * durationMs;
    return part;
  });
  const dueAtMs = (n: number): number => {
    // Rounding must not add a request at the very end.
    const part = n < reached - 1e-6 ? parts.findLast((each) => each.reached <= n) : undefined;
    if (!part) return Number.POSITIVE_INFINITY;
    // The root of perMs·t + growth·t²/2 = n − reached, in the form that is stable where growth is small.
    const left = n - part.reached;
    const root = Math.sqrt(Math.max(0, part.perMs ** 2 + 2 * part.growth * left));
    return left === 0 ? part.beganMs : part.beganMs + (2 * left) / (part.perMs + root);
  };
  const reachedAt = (ms: number): number => {
    const part = parts.findLast((each) => each.beganMs <= ms) ?? parts[0];
    if (!part) return 0;
    const t = Math.min(ms - part.beganMs, part.durationMs);
    return part.reached + part.perMs * t + (part.growth * t ** 2) / 2;
  };
  return inverse(dueAtMs, reachedAt, beganMs);
}

/** A schedule from the instants and from the count that is reached at an instant, which are each other's inverse. */
function inverse(dueAtMs: (n: number) => number, reachedAt: (ms: number) => number, durationMs: number): Schedule {
  const dueBefore = (ms: number): number => {
    let n = Math.max(0, Math.ceil(reachedAt(Math.min(ms, durationMs))));
    // The two round apart: the count must agree with the instants to the request.
    while (n > 0 && dueAtMs(n - 1) >= ms) n--;
    while (dueAtMs(n) < Math.min(ms, durationMs)) n++;
    return n;
  };
  const count = dueBefore(durationMs);
  return { count, dueAtMs, dueBefore: (ms) => Math.min(count, dueBefore(ms)) };
}

/** A worker's part of a chain's schedule: the requests n with `from ≤ n < to` and n ≡ shard (mod of). */
export interface Shard {
  shard: number;
  of: number;
  from: number;
  to: number;
}

/** The first request at or after n that belongs to the shard; it may lie at or past `to`. */
export function firstInShard(n: number, { shard, of }: Pick<Shard, "shard" | "of">): number {
  const offset = (((shard - n) % of) + of) % of;
  return n + offset;
}

/** How many requests a shard has between two numbers of the schedule. */
export function countInShard({ shard, of, from, to }: Shard): number {
  const first = firstInShard(from, { shard, of });
  return first >= to ? 0 : Math.floor((to - 1 - first) / of) + 1;
}
