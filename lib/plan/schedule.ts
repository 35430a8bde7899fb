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
  const dueAtMs = (n: number): number => n * intervalMs;
  const unbounded = (ms: number): number => {
    let n = Math.max(0, Math.ceil(ms / intervalMs));
    // Division and multiplication round apart: the count must agree with dueAtMs to the request.
    while (n > 0 && dueAtMs(n - 1) >= ms) n--;
    while (dueAtMs(n) < ms) n++;
    return n;
  };
  const count = unbounded(durationMs);
  return { count, dueAtMs, dueBefore: (ms) => Math.min(count, unbounded(ms)) };
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
