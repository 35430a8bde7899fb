import { randomSeries } from "./random.ts";

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

/** A rate over time by its integral, and that integral's inverse: neither is rounded to whole requests. */
export interface Curve {
  durationMs: number;
  /** How many requests are reached at an instant. */
  reachedAt(ms: number): number;
  /** When so many are reached. */
  dueAtMs(n: number): number;
}

/** A constant rate from 0 until `durationMs`. */
export function constantCurve(rps: number, durationMs: number): Curve {
  const intervalMs = 1_000 / rps;
  return { durationMs, dueAtMs: (n) => n * intervalMs, reachedAt: (ms) => ms / intervalMs };
}

/** A constant rate: request n is due at n ÷ rps. */
export function constantSchedule(rps: number, durationMs: number): Schedule {
  return evenSchedule(constantCurve(rps, durationMs));
}

/** A stretch of time over which the rate goes linearly from one value to another. */
export interface Stretch {
  durationMs: number;
  fromRps: number;
  toRps: number;
}

/** Stretches one after another: request n is due when the rate's integral over time reaches n. */
export function stretchSchedule(stretches: readonly Stretch[]): Schedule {
  return evenSchedule(stretchCurve(stretches));
}

/** Stretches one after another, as a curve. */
export function stretchCurve(stretches: readonly Stretch[]): Curve {
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
  return { dueAtMs, reachedAt, durationMs: beganMs };
}

/** Requests as evenly as the rate allows: request n is due when the curve reaches n. */
export function evenSchedule({ dueAtMs, reachedAt, durationMs }: Curve): Schedule {
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

/** Mean number of arrivals that are drawn together. */
const DRAWN_TOGETHER = 256;

/**
 * Poisson arrivals: independent users whose joint rate is the curve's. Where the curve has reached x, arrivals are a
 * Poisson process of rate 1 in x; it is drawn in blocks, each from a seed of its own, so that any request's instant is a
 * function of its number here too.
 */
export function poissonSchedule(curve: Curve, seed: number): Schedule {
  const end = curve.reachedAt(curve.durationMs);
  const blocks = Math.ceil(end / DRAWN_TOGETHER);
  /** Arrivals before each block, and after the last one. */
  const before = new Float64Array(blocks + 1);
  const draw = (block: number): number[] => {
    const random = randomSeries(seed + Math.imul(block + 1, 0x9e3779b1));
    const from = block * DRAWN_TOGETHER;
    const to = Math.min(end, from + DRAWN_TOGETHER);
    const points: number[] = [];
    const gap = (): number => -Math.log(1 - random());
    for (let x = from + gap(); x < to; x += gap()) points.push(x);
    return points;
  };
  for (let block = 0; block < blocks; block++) before[block + 1] = (before[block] as number) + draw(block).length;
  const count = before[blocks] ?? 0;
  let drawn = -1;
  let points: number[] = [];
  const pointsOf = (block: number): number[] => {
    if (block !== drawn) points = draw(block);
    drawn = block;
    return points;
  };
  return {
    count,
    dueAtMs(n) {
      if (n >= count) return Number.POSITIVE_INFINITY;
      const block = lastAtMost(before, n);
      return curve.dueAtMs(pointsOf(block)[n - (before[block] as number)] as number);
    },
    dueBefore(ms) {
      if (ms <= 0) return 0;
      if (ms >= curve.durationMs) return count;
      const block = Math.min(blocks - 1, Math.floor(curve.reachedAt(ms) / DRAWN_TOGETHER));
      return (before[block] as number) + pointsOf(block).filter((x) => curve.dueAtMs(x) < ms).length;
    },
  };
}

/** The last place whose value is at most n; values rise, and the first is. */
function lastAtMost(values: ArrayLike<number>, n: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((values[middle] as number) <= n) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** A schedule that was recorded: instants in ms from the start, rising; those at or after `durationMs` are left out. */
export function recordedSchedule(instantsMs: readonly number[], durationMs: number): Schedule {
  const before = (ms: number): number => {
    if (instantsMs.length === 0 || (instantsMs[0] as number) >= ms) return 0;
    let place = lastAtMost(instantsMs, ms) + 1;
    while (place > 0 && (instantsMs[place - 1] as number) >= ms) place--;
    return place;
  };
  const count = before(durationMs);
  return {
    count,
    dueAtMs: (n) => (n < count ? (instantsMs[n] as number) : Number.POSITIVE_INFINITY),
    dueBefore: (ms) => Math.min(count, before(ms)),
  };
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
