import { randomSeries } from "./random.ts";

/**
 * When each request of a chain is due, as a function. Nothing accumulates, so a late worker's next requests are still
 * due on time, and request n is due at the same instant no matter how many workers share the chain.
 */
export interface Schedule {
  /** How many requests the schedule has; they are numbered 0 … count − 1. */
  readonly count: number;
  /** The instant at which request n is due, in ms from the schedule's start. */
  dueAtMs(n: number): number;
  /** How many requests are due before an instant, in ms from the schedule's start. */
  dueBefore(ms: number): number;
}

/** A rate over time, as its integral and the integral's inverse. Neither is rounded to whole requests. */
export interface Curve {
  durationMs: number;
  /** The integral up to an instant from 0 to `durationMs`, in requests. */
  reachedAt(ms: number): number;
  /** The instant at which the integral reaches x requests, for 0 ≤ x < reachedAt(durationMs). */
  dueAtMs(x: number): number;
}

/** Tolerance for rounding errors in the integral of a rate, in requests. */
const ROUNDING = 1e-6;

/** A constant rate from 0 until `durationMs`. */
export function constantCurve(rps: number, durationMs: number): Curve {
  // One division each: the result is exact if it is a whole number of ms or of requests.
  return { durationMs, dueAtMs: (x) => (x * 1_000) / rps, reachedAt: (ms) => (ms * rps) / 1_000 };
}

/** A constant rate: request n is due at n ÷ rps, plus the phase as a share of an interval. */
export function constantSchedule(rps: number, durationMs: number, phase = 0): Schedule {
  return evenSchedule(constantCurve(rps, durationMs), phase);
}

/** A stretch of time over which the rate changes linearly from one value to another. */
export interface Stretch {
  durationMs: number;
  fromRps: number;
  toRps: number;
}

/** Consecutive stretches: request n is due when the rate's integral over time reaches n. */
export function stretchSchedule(stretches: readonly Stretch[]): Schedule {
  return evenSchedule(stretchCurve(stretches));
}

/** Consecutive stretches, as a curve. */
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
    // A request due at a boundary, give or take rounding, belongs to the next stretch: before the boundary the rate may
    // be 0.
    const part = parts.findLast((each) => each.reached <= x + ROUNDING);
    if (!part) return 0;
    const left = x - part.reached;
    if (left <= 0) return part.beganMs;
    // The root of perMs·t + growth·t²/2 = x − reached, in the form that is stable if growth is small.
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

/** A schedule that is defined only for its own requests and for instants within its duration. */
interface Within {
  durationMs: number;
  count: number;
  /** When request n is due, for 0 ≤ n < count. */
  dueAtMs(n: number): number;
  /** How many requests are due before an instant, for 0 < ms < durationMs. */
  dueBefore(ms: number): number;
}

/**
 * Extends a schedule to all numbers and instants, infinite ones too. Its functions throw a RangeError for NaN and for a
 * negative request number.
 */
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

/** Longest time that a phase delays a schedule's start, in ms. */
const MAX_PHASE_MS = 1_000;

/**
 * Requests as evenly spaced as the rate allows: request n is due when the curve reaches n. A phase from 0 up to 1
 * delays it by that share of an interval. The phase never changes the count: it shrinks if the last request would no
 * longer fit.
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
    // The two functions round differently, but the count must match the instants exactly.
    while (n > 0 && dueAtMs(n - 1) >= ms) n--;
    while (n < count && dueAtMs(n) < ms) n++;
    return n;
  };
  return scheduleWithin({ durationMs, count, dueAtMs, dueBefore });
}

/** Mean number of arrivals that are drawn per block. */
const DRAWN_TOGETHER = 256;

/**
 * Poisson arrivals: independent users whose joint rate is the curve's. Over x, the curve's integral, arrivals are a
 * Poisson process of rate 1. They are drawn in blocks, each from its own seed, so that a request's instant is a
 * function of its number here too.
 */
export function poissonSchedule(curve: Curve, seed: number): Schedule {
  const { durationMs } = curve;
  const end = curve.reachedAt(durationMs);
  const blocks = Math.ceil(end / DRAWN_TOGETHER);
  /** Arrivals before each block; the last element is the total. */
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

/** The last index whose value is at most n. Values are ascending, and the first is at most n. */
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

/** A recorded schedule: ascending instants in ms from the start. Those at or after `durationMs` are left out. */
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

/** The first request at or after n that belongs to the shard; it may be at or past `to`. */
export function firstInShard(n: number, { shard, of }: Pick<Shard, "shard" | "of">): number {
  const offset = (((shard - n) % of) + of) % of;
  return n + offset;
}

/** How many requests a shard has between two numbers of the schedule. */
export function countInShard({ shard, of, from, to }: Shard): number {
  const first = firstInShard(from, { shard, of });
  return first >= to ? 0 : Math.floor((to - 1 - first) / of) + 1;
}
