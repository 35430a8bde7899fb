import { leastSquares } from "./leastSquares.ts";

/** How a rate limit behaves under a constant load above it. */
export type Shape = "none" | "token-bucket" | "fixed-window" | "sliding-window" | "shut" | "other";

/** The shape of a rate limit, as far as it was seen. */
export interface LimitShape {
  shape: Shape;
  /** What it lets through in the long run, in requests per second; null if that was not seen. */
  rps: number | null;
  rpsInterval: [number, number] | null;
  /** What it lets through at once after a pause; null if that was not seen. */
  burst: number | null;
  burstInterval: [number, number] | null;
  /** The length of its window, in ms, if it has one. */
  windowMs: number | null;
}

/** What happened to the requests that were due in a slot. */
export interface AdmissionSlot {
  /** The end of the slot, in ms from the first request. */
  endMs: number;
  admitted: number;
  refused: number;
}

/** All requests admitted up to an instant. */
interface Point {
  ms: number;
  admitted: number;
}

/** A straight line through points. */
interface Line {
  rps: number;
  /** Its value at the first request. */
  atStart: number;
  /** How far 95 % of the points are from it at most, in requests. */
  residual: number;
}

/** A pause of the limit is at least this long, in ms: shorter ones are jitter. */
const MIN_PAUSE_MS = 100;

/** Points are on a line if they are within this many requests of it, plus what the limit lets through in this time. */
const NEAR_REQUESTS = 1.5;
const NEAR_SECONDS = 0.1;

/** A line needs at least this many admitted requests, and windows may differ by this share. */
const MIN_ADMITTED = 8;
const MAX_SPREAD = 0.15;

/**
 * The shape of a rate limit, from what it let through over time while the load was constantly above it. A token bucket
 * lets through a burst, and then goes on at its rate without a pause. A fixed window lets through one batch in each
 * window; so does a window over the exact times of what it let through, which cannot be told apart by such a load. A
 * sliding window that counts what it let through, and weighs the window before, pauses once, for the rest of its first
 * window, and then goes on at its rate. A limit that counts refused requests too, or whose window is longer than the
 * measurement, shuts: after the burst it lets nothing through. `delayMs` is how late requests may have come: what the
 * limit lets through in that time makes the burst uncertain.
 */
export function limitShape(slots: readonly AdmissionSlot[], delayMs = 0): LimitShape {
  const points = pointsOf(slots);
  const knee = slots.findIndex(({ refused }) => refused > 0);
  const [from, last] = [points[knee], points.at(-1)];
  if (!from || !last) return { ...UNKNOWN, shape: "none" };
  const after = points.slice(knee);
  const line = lineThrough(after);
  const isStraight = line && isOnLine(line) && Math.abs(from.admitted - valueAt(line, from.ms)) <= 1.5 * near(line);
  if (isStraight) return tokenBucket(line, last.ms - from.ms, delayMs);
  const batches = batchesOf(slots);
  return (
    fixedWindow(batches) ??
    slidingWindow(batches, points) ??
    shut(from, points) ?? { ...UNKNOWN, shape: "other", rps: lateRate(points), burst: from.admitted }
  );
}

const UNKNOWN = { rps: null, rpsInterval: null, burst: null, burstInterval: null, windowMs: null };

function pointsOf(slots: readonly AdmissionSlot[]): Point[] {
  let admitted = 0;
  return slots.map((slot) => {
    admitted += slot.admitted;
    return { ms: slot.endMs, admitted };
  });
}

function lineThrough(points: readonly Point[]): Line | undefined {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || last.admitted - first.admitted < MIN_ADMITTED) return undefined;
  const fit = leastSquares(
    points.map(({ ms }) => [ms / 1_000, 1]),
    points.map(({ admitted }) => admitted),
  );
  if (!fit) return undefined;
  const [rps = 0, atStart = 0] = fit.coefficients;
  const off = points.map(({ ms, admitted }) => Math.abs(admitted - (atStart + (rps * ms) / 1_000)));
  off.sort((a, b) => a - b);
  return { rps, atStart, residual: off[Math.floor(off.length * 0.95)] ?? 0 };
}

function valueAt({ rps, atStart }: Line, ms: number): number {
  return atStart + (rps * ms) / 1_000;
}

function near({ rps }: Line): number {
  return NEAR_REQUESTS + NEAR_SECONDS * rps;
}

function isOnLine(line: Line): boolean {
  return line.rps > 0 && line.residual <= near(line);
}

function tokenBucket(line: Line, lengthMs: number, delayMs: number): LimitShape {
  const burst = Math.max(1, Math.round(line.atStart));
  const off = line.residual + 1 + (line.rps * delayMs) / 1_000;
  return {
    shape: "token-bucket",
    ...rateOf(line, lengthMs),
    burst,
    burstInterval: [Math.max(1, burst - off), burst + off],
    windowMs: null,
  };
}

/** A line's rate, which both of its ends make uncertain. */
function rateOf({ rps, residual }: Line, lengthMs: number): Pick<LimitShape, "rps" | "rpsInterval"> {
  const off = (2 * (residual + 0.5)) / (lengthMs / 1_000);
  return { rps, rpsInterval: [Math.max(0, rps - off), rps + off] };
}

/** What was admitted between two pauses. */
interface Batch {
  fromMs: number;
  toMs: number;
  admitted: number;
}

function batchesOf(slots: readonly AdmissionSlot[]): Batch[] {
  const batches: Batch[] = [];
  let refusedSinceMs: number | undefined;
  let beforeMs = 0;
  for (const { endMs, admitted, refused } of slots) {
    if (admitted > 0) {
      const open = batches.at(-1);
      const isAfterPause = refusedSinceMs !== undefined && beforeMs - refusedSinceMs >= MIN_PAUSE_MS;
      if (open && !isAfterPause) {
        open.admitted += admitted;
        open.toMs = endMs;
      } else batches.push({ fromMs: beforeMs, toMs: endMs, admitted });
      refusedSinceMs = refused > 0 ? endMs : undefined;
    } else if (refused > 0) refusedSinceMs ??= beforeMs;
    beforeMs = endMs;
  }
  return batches;
}

/** A limit that lets through the same number of requests in each window; at least two whole windows must show it. */
function fixedWindow(batches: readonly Batch[]): LimitShape | undefined {
  // The first window had begun before the first request, and the last one may have been cut short.
  const inner = batches.slice(1, -1);
  const [first, last] = [batches[1], batches.at(-1)];
  if (inner.length < 2 || !first || !last) return undefined;
  const counts = inner.map(({ admitted }) => admitted);
  const periods = batches.slice(2).map(({ fromMs }, index) => fromMs - (batches[index + 1]?.fromMs ?? 0));
  if (!areAlike(counts, 2) || !areAlike(periods, MIN_PAUSE_MS)) return undefined;
  const windowMs = (last.fromMs - first.fromMs) / periods.length;
  const count = counts.reduce((sum, each) => sum + each, 0) / counts.length;
  const rps = count / (windowMs / 1_000);
  const off = rps * (1 / count + MIN_PAUSE_MS / 2 / (windowMs * periods.length));
  const interval: [number, number] = [Math.min(...counts), Math.max(...counts)];
  return {
    shape: "fixed-window",
    rps,
    rpsInterval: [Math.max(0, rps - off), rps + off],
    burst: Math.round(count),
    burstInterval: interval,
    windowMs,
  };
}

function areAlike(values: readonly number[], slack: number): boolean {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return high - low <= slack + MAX_SPREAD * high;
}

/** A limit that counts only what it let through, and weighs the window before: one pause, then its rate. */
function slidingWindow(batches: readonly Batch[], points: readonly Point[]): LimitShape | undefined {
  const [first, next] = batches;
  if (!first || !next || batches.length !== 2) return undefined;
  const tail = points.filter(({ ms }) => ms >= next.fromMs);
  const line = lineThrough(tail);
  if (!line || !isOnLine(line)) return undefined;
  const rate = rateOf(line, (tail.at(-1)?.ms ?? 0) - next.fromMs);
  return {
    shape: "sliding-window",
    ...rate,
    burst: first.admitted,
    burstInterval: [first.admitted, first.admitted],
    windowMs: (first.admitted / line.rps) * 1_000,
  };
}

/** A limit that lets nothing through after the burst. */
function shut({ ms, admitted }: Point, points: readonly Point[]): LimitShape | undefined {
  const last = points.at(-1);
  const isShut =
    last !== undefined && points.every((each) => each.ms < ms + MIN_PAUSE_MS || each.admitted === last.admitted);
  if (!isShut) return undefined;
  return { ...UNKNOWN, shape: "shut", burst: last.admitted, burstInterval: [admitted, last.admitted] };
}

/** What was admitted per second in the second half. */
function lateRate(points: readonly Point[]): number | null {
  const [middle, last] = [points[Math.floor(points.length / 2)], points.at(-1)];
  if (!middle || !last || last.ms === middle.ms) return null;
  return (last.admitted - middle.admitted) / ((last.ms - middle.ms) / 1_000);
}
