import type { Phase } from "../plan/assign.ts";
import { createHistogram, decodeHistogram, encodeHistogram, type Histogram } from "./histogram.ts";

/** The ledger's entries: scheduled = sent + missed; sent = responses + errors; responses = valid + invalid. */
export interface Ledger {
  scheduled: number;
  sent: number;
  missed: number;
  responses: number;
  errors: number;
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
  statuses: Tally;
  bytesSent: number;
  bytesReceived: number;
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
  /** The event loop's busy share, 0 … 1. */
  eventLoop: number;
  /** The event loop's delay, p99 in ms. */
  eventLoopDelayMs: number;
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
  sequence: number;
  /** When it was flushed, in ms from the run's start instant. */
  atMs: number;
  /** The length of the intervals of `responseTime`, in ms. */
  intervalMs: number;
  series: Series[];
  health: Health;
}

/** How a worker's segment ended. */
export type Outcome = "completed" | "aborted" | "superseded";

/** All of an attempt's chunks in one, written at its end. */
export interface Summary extends Omit<Chunk, "sequence" | "health"> {
  outcome: Outcome;
  /** First request sent − the instant at which the assignment's first one was due, in ms; null if none was sent. */
  startSkewMs: number | null;
  /** How long before its first due request the worker was ready, in ms; negative if it came late. */
  readyMs: number;
  health: Health[];
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

/** What a series and a sum have in common, once the series' histograms are decoded. */
interface Counted extends Pick<Series, "sent" | "valid" | "bytesSent" | "bytesReceived"> {
  missed: Tally;
  errors: Tally;
  invalid: Tally;
  statuses: Tally;
  seconds: Iterable<readonly [number, SecondCounts]>;
  serviceTime: Histogram;
  sendLag: Histogram;
}

/**
 * Series of one chain and phase, added up: counts and histograms exactly, in any order. A chain's series over all
 * workers, and a worker's over all its chunks, come out of this alike.
 */
export class SeriesSum {
  sent = 0;
  valid = 0;
  bytesSent = 0;
  bytesReceived = 0;
  readonly missed: Tally = {};
  readonly errors: Tally = {};
  readonly invalid: Tally = {};
  readonly statuses: Tally = {};
  readonly seconds = new Map<number, SecondCounts>();
  readonly intervals = new Map<number, Histogram>();
  readonly serviceTime = createHistogram();
  readonly sendLag = createHistogram();
  readonly timings = new Map<string, Histogram>();
  readonly targets = new Map<number, TargetSum>();

  /** Adds a series. Throws if one of its histograms cannot be read, and then adds nothing. */
  add(series: Series): void {
    const intervals = Object.entries(series.responseTime).map(([interval, text]): [number, Histogram] => [
      Number(interval),
      decodeHistogram(text),
    ]);
    const serviceTime = decodeHistogram(series.serviceTime);
    const sendLag = decodeHistogram(series.sendLag);
    const timings = Object.entries(series.timings ?? {}).map(
      ([timing, text]) => [timing, decodeHistogram(text)] as const,
    );
    const targets = (series.targets ?? []).map((each) => ({
      ...each,
      responseTime: decodeHistogram(each.responseTime),
    }));
    for (const [interval, histogram] of intervals) addTo(this.intervals, interval, histogram);
    for (const [timing, histogram] of timings) addTo(this.timings, timing, histogram);
    for (const [target, counts] of targets.entries()) this.#addTarget(target, counts);
    const seconds = Object.entries(series.seconds).map(([second, counts]) => [Number(second), counts] as const);
    this.#addCounts({ ...series, seconds, serviceTime, sendLag });
  }

  /** Adds another sum, which stays as it is. */
  merge(sum: SeriesSum): void {
    for (const [interval, histogram] of sum.intervals) addTo(this.intervals, interval, histogram);
    for (const [timing, histogram] of sum.timings) addTo(this.timings, timing, histogram);
    for (const [target, counts] of sum.targets) this.#addTarget(target, counts);
    this.#addCounts(sum);
  }

  #addCounts(from: Counted): void {
    this.sent += from.sent;
    this.valid += from.valid;
    this.bytesSent += from.bytesSent;
    this.bytesReceived += from.bytesReceived;
    addTally(this.missed, from.missed);
    addTally(this.errors, from.errors);
    addTally(this.invalid, from.invalid);
    addTally(this.statuses, from.statuses);
    for (const [second, counts] of from.seconds) this.#addSecond(second, counts);
    this.serviceTime.add(from.serviceTime);
    this.sendLag.add(from.sendLag);
  }

  #addTarget(target: number, counts: TargetSum): void {
    const sum = this.targets.get(target) ?? {
      sent: 0,
      valid: 0,
      invalid: 0,
      errors: 0,
      responseTime: createHistogram(),
    };
    this.targets.set(target, sum);
    sum.sent += counts.sent;
    sum.valid += counts.valid;
    sum.invalid += counts.invalid;
    sum.errors += counts.errors;
    sum.responseTime.add(counts.responseTime);
  }

  #addSecond(second: number, counts: SecondCounts): void {
    const sum = this.seconds.get(second);
    if (!sum) {
      this.seconds.set(second, { ...counts });
      return;
    }
    sum.sent += counts.sent;
    sum.missed += counts.missed;
    sum.valid += counts.valid;
    sum.invalid += counts.invalid;
    sum.errors += counts.errors;
  }

  /** Response time over all intervals. */
  responseTime(): Histogram {
    const sum = createHistogram();
    for (const histogram of this.intervals.values()) sum.add(histogram);
    return sum;
  }

  /** The sum as a series of its own. */
  toSeries(chain: string, phase: Phase): Series {
    return {
      chain,
      phase,
      sent: this.sent,
      missed: this.missed,
      errors: this.errors,
      invalid: this.invalid,
      valid: this.valid,
      statuses: this.statuses,
      bytesSent: this.bytesSent,
      bytesReceived: this.bytesReceived,
      seconds: Object.fromEntries(this.seconds),
      responseTime: Object.fromEntries(
        [...this.intervals].map(([interval, histogram]) => [interval, encodeHistogram(histogram)]),
      ),
      serviceTime: encodeHistogram(this.serviceTime),
      sendLag: encodeHistogram(this.sendLag),
      ...(this.timings.size > 0 && {
        timings: Object.fromEntries(
          [...this.timings].map(([timing, histogram]) => [timing, encodeHistogram(histogram)]),
        ),
      }),
      ...(this.targets.size > 0 && {
        targets: [...this.targets]
          .sort(([a], [b]) => a - b)
          .map(([, counts]) => ({ ...counts, responseTime: encodeHistogram(counts.responseTime) })),
      }),
    };
  }
}

/** One target's counts, added up. */
export interface TargetSum extends Omit<TargetSeries, "responseTime"> {
  responseTime: Histogram;
}

/** Adds a histogram to the one under a key. It is never kept itself: the caller may go on with it. */
function addTo<K>(sums: Map<K, Histogram>, key: K, histogram: Histogram): void {
  let sum = sums.get(key);
  if (!sum) {
    sum = createHistogram();
    sums.set(key, sum);
  }
  sum.add(histogram);
}

/** Series of several chunks or summaries, added up by chain and phase. */
export function sumSeries(parts: Iterable<{ series: readonly Series[] }>): Series[] {
  const sums = new Map<string, { sum: SeriesSum; chain: string; phase: Phase }>();
  for (const { series } of parts) {
    for (const each of series) {
      const key = JSON.stringify([each.chain, each.phase]);
      let entry = sums.get(key);
      if (!entry) {
        entry = { sum: new SeriesSum(), chain: each.chain, phase: each.phase };
        sums.set(key, entry);
      }
      entry.sum.add(each);
    }
  }
  return [...sums.values()].map(({ sum, chain, phase }) => sum.toSeries(chain, phase));
}
