import { Samples } from "../answers/samples.ts";
import type { Phase } from "../plan/assign.ts";
import { Admissions } from "./admissions.ts";
import { BlockCounter } from "./blocks.ts";
import { addTally, type SecondCounts, type Series, secondRows, type Tally, type TargetSeries } from "./chunk.ts";
import type { ParsedCounts } from "./hdrEncoding.ts";
import {
  createHistogram,
  encodeHistogram,
  encodeHistograms,
  type Histogram,
  packHistograms,
  parseHistogram,
  parsePacked,
} from "./histogram.ts";
import { NodesSum, type ParsedNodes, parseNodes } from "./nodes.ts";
import { RateLimits } from "./rateLimits.ts";
import { addSockets, anySockets, noSockets } from "./sockets.ts";
import {
  addSubscriptions,
  type ParsedSubscription,
  parseSubscriptions,
  type SubscriptionSum,
  subscriptionCounts,
} from "./subscriptions.ts";

/** A series with parsed histograms. */
export interface ParsedSeries {
  series: Series;
  intervals: [number, ParsedCounts][];
  serviceTime: ParsedCounts;
  sendLag: ParsedCounts;
  timings: [string, ParsedCounts][];
  targets: ParsedCounts[];
  subscriptions: ParsedSubscription[];
  nodes: ParsedNodes | undefined;
  blockAges: ParsedNodes | undefined;
}

/** Parses a series' histograms. Throws if one of them cannot be read. */
export function parseSeries(series: Series): ParsedSeries {
  return {
    series,
    intervals: parsePacked(series.responseTime),
    serviceTime: parseHistogram(series.serviceTime),
    sendLag: parseHistogram(series.sendLag),
    timings: Object.entries(series.timings ?? {}).map(([timing, text]) => [timing, parseHistogram(text)]),
    targets: (series.targets ?? []).map(({ responseTime }) => parseHistogram(responseTime)),
    subscriptions: parseSubscriptions(series.subscriptions ?? {}),
    nodes: series.nodes && parseNodes(series.nodes),
    blockAges: series.blockAges && parseNodes(series.blockAges),
  };
}

/** The counts of a series, without its histograms. */
type Counted = Pick<
  Series,
  | "sent"
  | "valid"
  | "bytesSent"
  | "bytesReceived"
  | "bytesDecoded"
  | "missed"
  | "errors"
  | "invalid"
  | "answers"
  | "statuses"
>;

/** The interval that holds all response times of a sum without separate intervals. */
const ALL_INTERVALS = 0;

/**
 * Series of one chain and phase, added up: counts and histograms exactly, in any order. Used for a chain's series over
 * all workers and for a worker's over all its chunks.
 */
export class SeriesSum {
  sent = 0;
  valid = 0;
  bytesSent = 0;
  bytesReceived = 0;
  bytesDecoded = 0;
  readonly missed: Tally = {};
  readonly errors: Tally = {};
  readonly invalid: Tally = {};
  readonly answers: Tally = {};
  readonly statuses: Tally = {};
  readonly samples = new Samples();
  readonly blocks = new BlockCounter();
  readonly rateLimits = new RateLimits();
  readonly admissions = new Admissions();
  readonly lookups: Record<string, Tally> = {};
  readonly nodes = new NodesSum();
  /** By the age of the block asked for. */
  readonly blockAges = new NodesSum();
  readonly sockets = noSockets();
  readonly subscriptions = new Map<string, SubscriptionSum>();
  readonly seconds = new Map<number, SecondCounts>();
  readonly intervals = new Map<number, Histogram>();
  readonly serviceTime = createHistogram();
  readonly sendLag = createHistogram();
  readonly timings = new Map<string, Histogram>();
  readonly targets = new Map<number, TargetSum>();

  /** Adds a series. Throws if one of its histograms cannot be read, and then adds nothing. */
  add(series: Series): void {
    this.addParsed(parseSeries(series));
  }

  /** Adds a parsed series, and adds it to `whole` as `addWhole` does, in the same pass over its response times. */
  addParsed(parsed: ParsedSeries, whole?: SeriesSum): void {
    const all = whole && parsed.intervals.length > 0 ? sumUnder(whole.intervals, ALL_INTERVALS) : undefined;
    for (const [interval, counts] of parsed.intervals) sumUnder(this.intervals, interval).addParsed(counts, all);
    if (parsed.nodes) this.nodes.add(parsed.nodes);
    if (parsed.blockAges) this.blockAges.add(parsed.blockAges);
    addSubscriptions(this.subscriptions, parsed.subscriptions);
    this.#addOthers(parsed);
    if (whole) whole.#addOthers(parsed);
  }

  /**
   * Adds a parsed series without keeping its response times separately by interval, and without what subscribers
   * received and which nodes answered.
   */
  addWhole(parsed: ParsedSeries): void {
    for (const [, counts] of parsed.intervals) sumUnder(this.intervals, ALL_INTERVALS).addParsed(counts);
    this.#addOthers(parsed);
  }

  /** Adds what is added in both ways. */
  #addOthers({ series, ...parsed }: ParsedSeries): void {
    for (const [timing, counts] of parsed.timings) sumUnder(this.timings, timing).addParsed(counts);
    for (const [target, counts] of parsed.targets.entries()) {
      this.#target(target, series.targets?.[target] ?? NO_TARGET).addParsed(counts);
    }
    this.serviceTime.addParsed(parsed.serviceTime);
    this.sendLag.addParsed(parsed.sendLag);
    this.addCounts(series);
    for (const sample of series.samples ?? []) this.samples.add(sample);
    if (series.blocks) this.blocks.add(series.blocks);
    if (series.rateLimits) this.rateLimits.add(series.rateLimits);
    for (const [name, tally] of Object.entries(series.lookups ?? {})) {
      this.lookups[name] ??= {};
      addTally(this.lookups[name], tally);
    }
    if (series.admissions) this.admissions.add(series.admissions);
    if (series.sockets) addSockets(this.sockets, series.sockets);
    this.addSeconds(series);
  }

  /** Adds a series' counts by second, and nothing else. */
  addSeconds({ seconds }: Pick<Series, "seconds">): void {
    for (const [second, sent, missed, valid, invalid, errors, classes] of seconds) {
      let sum = this.seconds.get(second);
      if (!sum) {
        sum = { sent: 0, missed: 0, valid: 0, invalid: 0, errors: 0 };
        this.seconds.set(second, sum);
      }
      sum.sent += sent;
      sum.missed += missed;
      sum.valid += valid;
      sum.invalid += invalid;
      sum.errors += errors;
      if (!classes) continue;
      sum.classes ??= {};
      addTally(sum.classes, classes);
    }
  }

  /** Adds another sum, which stays unchanged; its blocks, rate limits and nodes and what its subscribers received are left out. */
  merge(sum: SeriesSum): void {
    for (const [interval, histogram] of sum.intervals) sumUnder(this.intervals, interval).add(histogram);
    for (const [timing, histogram] of sum.timings) sumUnder(this.timings, timing).add(histogram);
    for (const [target, counts] of sum.targets) this.#target(target, counts).add(counts.responseTime);
    this.serviceTime.add(sum.serviceTime);
    this.sendLag.add(sum.sendLag);
    this.addCounts(sum);
    for (const sample of sum.samples.list) this.samples.add(sample);
    addSockets(this.sockets, sum.sockets);
    this.addSeconds({ seconds: secondRows(sum.seconds) });
  }

  /** Adds a series' counts, without its histograms and seconds. */
  addCounts(from: Counted): void {
    this.sent += from.sent;
    this.valid += from.valid;
    this.bytesSent += from.bytesSent;
    this.bytesReceived += from.bytesReceived;
    this.bytesDecoded += from.bytesDecoded ?? from.bytesReceived;
    addTally(this.missed, from.missed);
    addTally(this.errors, from.errors);
    addTally(this.invalid, from.invalid);
    addTally(this.answers, from.answers ?? {});
    addTally(this.statuses, from.statuses);
  }

  /** Adds a target's counts, and returns the histogram for its response times. */
  #target(target: number, counts: Omit<TargetSeries, "responseTime">): Histogram {
    const sum = this.targets.get(target) ?? { ...NO_TARGET, responseTime: createHistogram() };
    this.targets.set(target, sum);
    sum.sent += counts.sent;
    sum.valid += counts.valid;
    sum.invalid += counts.invalid;
    sum.errors += counts.errors;
    return sum.responseTime;
  }

  /** Response times over all intervals. */
  responseTime(): Histogram {
    const sum = createHistogram();
    for (const histogram of this.intervals.values()) sum.add(histogram);
    return sum;
  }

  /** The sum as a separate series. */
  toSeries(chain: string, phase: Phase): Series {
    const blocks = this.blocks.counts();
    const rateLimits = this.rateLimits.counts();
    const admissions = this.admissions.counts();
    const nodes = this.nodes.counts();
    const blockAges = this.blockAges.counts();
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
      ...(this.bytesDecoded !== this.bytesReceived && { bytesDecoded: this.bytesDecoded }),
      seconds: secondRows(this.seconds),
      responseTime: packHistograms(this.intervals),
      serviceTime: encodeHistogram(this.serviceTime),
      sendLag: encodeHistogram(this.sendLag),
      ...(Object.keys(this.answers).length > 0 && { answers: this.answers }),
      ...(this.samples.list.length > 0 && { samples: this.samples.list }),
      ...(blocks && { blocks }),
      ...(rateLimits && { rateLimits }),
      ...(admissions && { admissions }),
      ...(Object.keys(this.lookups).length > 0 && { lookups: this.lookups }),
      ...(nodes && { nodes }),
      ...(blockAges && { blockAges }),
      ...(anySockets(this.sockets) && { sockets: this.sockets }),
      ...(this.subscriptions.size > 0 && { subscriptions: subscriptionCounts(this.subscriptions) }),
      ...(this.timings.size > 0 && {
        timings: encodeHistograms(this.timings),
      }),
      ...(this.targets.size > 0 && {
        targets: [...this.targets]
          .sort(([a], [b]) => a - b)
          .map(([, counts]) => ({ ...counts, responseTime: encodeHistogram(counts.responseTime) })),
      }),
    };
  }
}

const NO_TARGET = { sent: 0, valid: 0, invalid: 0, errors: 0 };

/** One target's counts, added up. */
export interface TargetSum extends Omit<TargetSeries, "responseTime"> {
  responseTime: Histogram;
}

function sumUnder<K>(sums: Map<K, Histogram>, key: K): Histogram {
  let sum = sums.get(key);
  if (!sum) {
    sum = createHistogram();
    sums.set(key, sum);
  }
  return sum;
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
