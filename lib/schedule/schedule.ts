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
  /** How many requests are reached at an instant from 0 to `durationMs`. */
  reachedAt(ms: number): number;
  /** When x requests are reached, for 0 ≤ x < reachedAt(durationMs). */
  dueAtMs(x: number): number;
}

/** By how much the sum of a rate over time may be off its true value, in requests: doubles round. */
const ROUNDING = 1e-6;

/** A constant rate from 0 until `durationMs`. */
export function constantCurve(rps: number, durationMs: number): Curve {
  // One division each: it is exact wherever the result is a whole number of ms or of requests.
  return { durationMs, dueAtMs: (x) => (x * 1_000) / rps, reachedAt: (ms) => (ms * rps) / 1_000 };
}

/** A constant rate: request n is due at n ÷ rps, and a phase's share of an interval later. */
export function constantSchedule(rps: number, durationMs: number, phase = 0): Schedule {
  return evenSchedule(constantCurve(rps, durationMs), phase);
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
  const dueAtMs = (x: number): number => {
    // A request that the border reaches, but for rounding, belongs behind it: before it the rate may be 0.
    const part = parts.findLast((each) => each.reached <= x + ROUNDING);
    if (!part) return 0;
    const left = x - part.reached;
    if (left <= 0) return part.beganMs;
    // The root of perMs·t + growth·t²/2 = x − reached, in the form that is stable where growth is small.
    const root = Math.sqrt(Math.max(0, part.perMs ** 2 + 2 * part.growth * left));
    return Math.min(part.beganMs + part.durationMs, part.beganMs + (2 * left) / (part.perMs + root));
  };
  const reachedAt = (ms: number): number => {
    const part = parts.findLast((each) => each.beganMs <= ms);
    if (!part) return 0;
    const t = Math.min(ms - part.beganMs, part.durationMs);
    return part.reached + part.perMs * t + (part.growth * t ** 2) / 2;
  };
  return { dueAtMs, reachedAt, durationMs: beganMs };
}

/** What a kind of schedule knows: only of the requests that it has, and of instants within its duration. */
interface Within {
  durationMs: number;
  count: number;
  /** When request n is due, for 0 ≤ n < count. */
  dueAtMs(n: number): number;
  /** How many requests are due before an instant, for 0 < ms < durationMs. */
  dueBefore(ms: number): number;
}

/** A schedule over all numbers and instants, infinite ones too. Throws a RangeError where one is not a number. */
function scheduleWithin(within: Within): Schedule {
  const { durationMs, count } = within;
  return {
    count,
    dueAtMs(n) {
      if (!(n >= 0)) throw new RangeError(`a schedule has no request ${n}`);
      return n < count ? within.dueAtMs(n) : Number.POSITIVE_INFINITY;
    },
    dueBefore(ms) {
      if (Number.isNaN(ms)) throw new RangeError("a schedule has no instant NaN");
      if (ms <= 0) return 0;
      return ms >= durationMs ? count : within.dueBefore(ms);
    },
  };
}

/** Longest time, in ms, that a schedule begins later for its phase. */
const MAX_PHASE_MS = 1_000;

/**
 * Requests as evenly as the rate allows: request n is due when the curve reaches n, or for a phase from 0 up to 1 that
 * share of an interval later. The phase changes no count: it is less where the last request would not fit any more.
 */
export function evenSchedule(curve: Curve, phase = 0): Schedule {
  const { durationMs } = curve;
  const end = curve.reachedAt(durationMs);
  const count = Math.max(0, Math.ceil(end - ROUNDING));
  const room = Math.min(end - (count - 1), curve.reachedAt(Math.min(MAX_PHASE_MS, durationMs)));
  const shift = phase === 0 ? 0 : phase * Math.min(1, Math.max(0, room));
  const dueAtMs = (n: number): number => curve.dueAtMs(n + shift);
  const reachedAt = (ms: number): number => curve.reachedAt(ms) - shift;
  const dueBefore = (ms: number): number => {
    let n = Math.min(count, Math.max(0, Math.ceil(reachedAt(ms))));
    // The two round apart: the count must agree with the instants to the request.
    while (n > 0 && dueAtMs(n - 1) >= ms) n--;
    while (n < count && dueAtMs(n) < ms) n++;
    return n;
  };
  return scheduleWithin({ durationMs, count, dueAtMs, dueBefore });
}

/** Mean number of arrivals that are drawn together. */
const DRAWN_TOGETHER = 256;

/**
 * Poisson arrivals: independent users whose joint rate is the curve's. Where the curve has reached x, arrivals are a
 * Poisson process of rate 1 in x; it is drawn in blocks, each from a seed of its own, so that any request's instant is a
 * function of its number here too.
 */
export function poissonSchedule(curve: Curve, seed: number): Schedule {
  const { durationMs } = curve;
  const end = curve.reachedAt(durationMs);
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
  let drawn = -1;
  let points: number[] = [];
  const pointsOf = (block: number): number[] => {
    if (block !== drawn) points = draw(block);
    drawn = block;
    return points;
  };
  return scheduleWithin({
    durationMs,
    count: before[blocks] as number,
    dueAtMs(n) {
      const block = lastAtMost(before, n);
      return curve.dueAtMs(pointsOf(block)[n - (before[block] as number)] as number);
    },
    dueBefore(ms) {
      const block = Math.min(blocks - 1, Math.floor(curve.reachedAt(ms) / DRAWN_TOGETHER));
      return block < 0 ? 0 : (before[block] as number) + pointsOf(block).filter((x) => curve.dueAtMs(x) < ms).length;
    },
  });
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
  return scheduleWithin({
    durationMs,
    count: before(durationMs),
    dueAtMs: (n) => instantsMs[n] as number,
    dueBefore: before,
  });
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
