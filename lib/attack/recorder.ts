import { isAnswer, VALID, type Verdict } from "../answers/jsonrpc.ts";
import { Samples } from "../answers/samples.ts";
import type { OpeningMs } from "../http/connection.ts";
import type { Phase } from "../plan/assign.ts";
import type { BlockAge } from "../plan/blockAge.ts";
import { MAX_TARGETS_APART } from "../plan/sizes.ts";
import { Admissions } from "../results/admissions.ts";
import { BlockCounter } from "../results/blocks.ts";
import {
  type SecondCounts,
  type Series,
  secondRows,
  type Tally,
  type TargetSeries,
  type Timing,
  UNFINISHED,
} from "../results/chunk.ts";
import {
  createHistogram,
  encodeHistogram,
  encodeHistograms,
  type Histogram,
  packHistograms,
  recordMs,
} from "../results/histogram.ts";
import { NodesSum } from "../results/nodes.ts";
import { mayBeLimited, RateLimits } from "../results/rateLimits.ts";
import { anySockets, noSockets, type SocketCounts } from "../results/sockets.ts";
import type { SubscriptionRecorder } from "../ws/subscriptionRecorder.ts";
import type { LookupOutcome } from "./lookups.ts";

/** Why a request was not sent. */
export type MissReason = "late" | "in-flight-cap" | "file-limit" | "aborted" | "superseded";

/** What is recorded in addition to the usual figures. */
export interface RecorderOptions {
  /** The share of requests whose time is split into first byte and body. */
  timings: number;
  /** The number of targets in the chain: up to MAX_TARGETS_APART, each is recorded separately. */
  targets: number;
  /** Values that must not appear in response samples. */
  secrets?: readonly string[];
  /** The response header that names the node, in lower case. */
  nodeHeader?: string | undefined;
  /** Whether what a rate limit lets through is counted over time. */
  countsAdmissions?: boolean;
}

/** One target's counts, while they are recorded. */
interface TargetCounts extends Omit<TargetSeries, "responseTime"> {
  responseTime: Histogram;
}

/** A complete response. Times are in ms: since it was due, and since it was sent. */
interface RecordedResponse {
  responseMs: number;
  serviceMs: number;
  status: number;
  /** Size of its body as received. */
  bytes: number;
  /** `valid`, or the class of what is wrong with it. */
  classified: string;
}

/** The same response, with what is shown or judged later. */
interface NotedResponse {
  responseMs: number;
  verdict: Verdict;
  status: number;
  body: Buffer;
}

/**
 * Records what happens to one chain's requests in one phase, and returns what was recorded since the last call as a
 * series.
 */
export class Recorder {
  readonly chain: string;
  readonly phase: Phase;
  readonly #intervalMs: number;
  /** Every n-th request's time is split; 0 for none. */
  readonly #splitEvery: number;
  #sent = 0;
  #valid = 0;
  #bytesSent = 0;
  #bytesReceived = 0;
  /** Total bytes that decoding added to bodies. */
  #bytesGained = 0;
  #missed: Tally = {};
  #errors: Tally = {};
  #invalid: Tally = {};
  #lookups: Record<string, Tally> = {};
  #answers: Tally = {};
  #statuses: Tally = {};
  readonly #seconds = new Map<number, SecondCounts>();
  /** The second that was counted last, and its counts. */
  #lastSecond = -1;
  #lastCounts = newSecond();
  readonly #intervals = new Map<number, Histogram>();
  readonly #spare: Histogram[] = [];
  readonly #serviceTime = createHistogram();
  /** The interval that was recorded last, and its histogram. */
  #lastInterval = -1;
  #lastHistogram = this.#serviceTime;
  readonly #sendLag = createHistogram();
  readonly #timings = new Map<Timing, Histogram>();
  readonly #targets: TargetCounts[];
  readonly #samples = new Samples();
  readonly #rateLimits = new RateLimits();
  readonly #admissions: Admissions | undefined;
  readonly #blocks = new BlockCounter();
  readonly #secrets: readonly string[];
  /** The response header that names the node that answered, if the plan has one, and what these nodes answered. */
  readonly nodeHeader: string | undefined;
  readonly #nodes = new NodesSum();
  readonly #blockAges = new NodesSum();
  /** What happened to the chain's WebSockets. */
  sockets: SocketCounts = noSockets();
  /** What its subscribers receive, by subscription name. */
  readonly subscriptions = new Map<string, SubscriptionRecorder>();

  /** `intervalMs` is the length of the intervals in which response times are recorded separately. */
  constructor(
    chain: string,
    phase: Phase,
    intervalMs: number,
    { timings, targets, secrets = [], nodeHeader, countsAdmissions = false }: RecorderOptions = ONE_TARGET,
  ) {
    this.chain = chain;
    this.phase = phase;
    this.#intervalMs = intervalMs;
    this.#secrets = secrets;
    this.#admissions = countsAdmissions ? new Admissions() : undefined;
    this.nodeHeader = nodeHeader;
    this.#splitEvery = timings > 0 ? Math.max(1, Math.round(1 / timings)) : 0;
    const apart = targets > 1 && targets <= MAX_TARGETS_APART ? targets : 0;
    this.#targets = Array.from({ length: apart }, () => ({ ...NO_COUNTS, responseTime: createHistogram() }));
  }

  /** Records that a request was sent to one of the chain's targets. `dueMs` is from the phase's start. */
  sent(dueMs: number, lagMs: number, bytes: number, target = 0): void {
    this.#sent++;
    this.#bytesSent += bytes;
    this.#second(dueMs).sent++;
    recordMs(this.#sendLag, lagMs);
    const counts = this.#targets[target];
    if (counts) counts.sent++;
  }

  /** Records `count` requests that were not sent, all due in the same second. */
  missed(dueMs: number, reason: MissReason, count = 1): void {
    this.#missed[reason] = (this.#missed[reason] ?? 0) + count;
    this.#second(dueMs).missed += count;
  }

  /** Records a complete response. */
  responded(dueMs: number, response: RecordedResponse, target = 0): void {
    const { responseMs, serviceMs, status, bytes, classified } = response;
    const second = this.#second(dueMs);
    const counts = this.#targets[target];
    if (classified === VALID || isAnswer(classified)) {
      this.#valid++;
      second.valid++;
      if (counts) counts.valid++;
      if (classified !== VALID) this.#answers[classified] = (this.#answers[classified] ?? 0) + 1;
    } else {
      this.#invalid[classified] = (this.#invalid[classified] ?? 0) + 1;
      second.invalid++;
      countClass(second, classified);
      if (counts) counts.invalid++;
    }
    this.#admissions?.see(dueMs, mayBeLimited(classified));
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    this.#bytesReceived += bytes;
    recordMs(this.#interval(dueMs), responseMs);
    recordMs(this.#serviceTime, serviceMs);
    if (counts) recordMs(counts.responseTime, responseMs);
  }

  /**
   * Records the parts of the last response that are shown or judged later: it was not a plain relay, or it contained
   * block numbers.
   */
  noted(dueMs: number, { responseMs, verdict, status, body }: NotedResponse, target = 0): void {
    if (verdict.name !== VALID) this.#samples.see(verdict, status, body, this.#secrets);
    const isRelay = verdict.name === VALID || isAnswer(verdict.name);
    if (verdict.blocks && isRelay) this.#blocks.count(dueMs, dueMs + responseMs, verdict.blocks, target);
  }

  /** Records a response by the age of the block asked for. */
  aged(age: BlockAge, responseMs: number, classified: string): void {
    this.#blockAges.see(age, this, responseMs, classified === VALID || isAnswer(classified));
  }

  /** Records a call of a lookup. */
  lookedUp(name: string, outcome: LookupOutcome): void {
    this.#lookups[name] ??= {};
    const counts = this.#lookups[name];
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }

  /** Records which node sent a response, by the value of the plan's header in it. */
  answeredBy(node: string | undefined, connection: object, responseMs: number, classified: string): void {
    this.#nodes.see(node, connection, responseMs, classified === VALID || isAnswer(classified));
  }

  /** Records what a response that a rate limit may have refused says about the limit in its headers. */
  limited(classified: string, headers: readonly (readonly [string, string])[], nowMs: number): void {
    this.#rateLimits.see(classified, headers, nowMs, this.#secrets);
  }

  /** Records that an encoded body of `bytes` was decoded to `decodedBytes`. */
  decoded(bytes: number, decodedBytes: number): void {
    this.#bytesGained += decodedBytes - bytes;
  }

  /** Records a request that ended without a complete response. */
  failed(dueMs: number, failure: string, target = 0): void {
    this.#errors[failure] = (this.#errors[failure] ?? 0) + 1;
    const second = this.#second(dueMs);
    second.errors++;
    countClass(second, failure);
    const counts = this.#targets[target];
    if (counts && failure !== UNFINISHED) counts.errors++;
  }

  /** Whether the n-th request is in the sample whose time is split. */
  splits(n: number): boolean {
    return this.#splitEvery !== 0 && n % this.#splitEvery === 0;
  }

  /** Records how long a sampled request waited for its response's first byte, and for the rest. */
  split(firstByteMs: number, bodyMs: number): void {
    recordMs(this.#timing("firstByte"), firstByteMs);
    recordMs(this.#timing("body"), bodyMs);
  }

  /** Records a connection that was opened in this phase. */
  opened({ dns, connect, tls }: OpeningMs): void {
    if (this.#splitEvery === 0) return;
    if (dns !== undefined) recordMs(this.#timing("dns"), dns);
    recordMs(this.#timing("connect"), connect);
    if (tls !== undefined) recordMs(this.#timing("tls"), tls);
  }

  #timing(timing: Timing): Histogram {
    let histogram = this.#timings.get(timing);
    if (!histogram) {
      histogram = createHistogram();
      this.#timings.set(timing, histogram);
    }
    return histogram;
  }

  #second(dueMs: number): SecondCounts {
    const index = Math.floor(dueMs / 1_000);
    if (index === this.#lastSecond) return this.#lastCounts;
    let counts = this.#seconds.get(index);
    if (!counts) {
      counts = newSecond();
      this.#seconds.set(index, counts);
    }
    this.#lastSecond = index;
    this.#lastCounts = counts;
    return counts;
  }

  #interval(dueMs: number): Histogram {
    const index = Math.floor(dueMs / this.#intervalMs);
    if (index === this.#lastInterval) return this.#lastHistogram;
    let histogram = this.#intervals.get(index);
    if (!histogram) {
      histogram = this.#spare.pop() ?? createHistogram();
      this.#intervals.set(index, histogram);
    }
    this.#lastInterval = index;
    this.#lastHistogram = histogram;
    return histogram;
  }

  /** The series recorded since the last call, or undefined if nothing was. `nowMs` is from the run's start instant. */
  take(nowMs = 0): Series | undefined {
    const subscriptions = Object.fromEntries(
      [...this.subscriptions].flatMap(([name, recorder]) => {
        const counts = recorder.take(nowMs);
        return counts ? [[name, counts]] : [];
      }),
    );
    const hasSubscriptions = Object.keys(subscriptions).length > 0;
    if (this.#isEmpty && !hasSubscriptions) return undefined;
    const series = { ...this.#series(), ...(hasSubscriptions && { subscriptions }) };
    this.#reset();
    return series;
  }

  /** The same for the calls only, without resetting: the next series includes it too. */
  peek(): Series | undefined {
    return this.#isEmpty ? undefined : this.#series();
  }

  get #isEmpty(): boolean {
    return this.#seconds.size === 0 && !anySockets(this.sockets);
  }

  #series(): Series {
    const hasSockets = anySockets(this.sockets);
    const blocks = this.#blocks.counts();
    const rateLimits = this.#rateLimits.counts();
    const admissions = this.#admissions?.counts();
    const nodes = this.#nodes.counts();
    const blockAges = this.#blockAges.counts();
    return {
      chain: this.chain,
      phase: this.phase,
      sent: this.#sent,
      missed: this.#missed,
      errors: this.#errors,
      invalid: this.#invalid,
      valid: this.#valid,
      statuses: this.#statuses,
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      ...(this.#bytesGained !== 0 && { bytesDecoded: this.#bytesReceived + this.#bytesGained }),
      seconds: secondRows(this.#seconds),
      responseTime: packHistograms(this.#intervals),
      serviceTime: encodeHistogram(this.#serviceTime),
      sendLag: encodeHistogram(this.#sendLag),
      ...(Object.keys(this.#answers).length > 0 && { answers: this.#answers }),
      ...(this.#samples.list.length > 0 && { samples: this.#samples.list }),
      ...(blocks && { blocks }),
      ...(Object.keys(this.#lookups).length > 0 && { lookups: this.#lookups }),
      ...(rateLimits && { rateLimits }),
      ...(admissions && { admissions }),
      ...(nodes && { nodes }),
      ...(blockAges && { blockAges }),
      ...(hasSockets && { sockets: this.sockets }),
      ...(this.#timings.size > 0 && { timings: encodeHistograms(this.#timings) }),
      ...(this.#targets.length > 0 && {
        targets: this.#targets.map((counts) => ({ ...counts, responseTime: encodeHistogram(counts.responseTime) })),
      }),
    };
  }

  #reset(): void {
    this.#sent = 0;
    this.#valid = 0;
    this.#bytesSent = 0;
    this.#bytesReceived = 0;
    this.#bytesGained = 0;
    this.#missed = {};
    this.#errors = {};
    this.#invalid = {};
    this.#lookups = {};
    this.#answers = {};
    this.#statuses = {};
    this.#blocks.reset();
    this.#rateLimits.reset();
    this.#admissions?.reset();
    this.#nodes.reset();
    this.#blockAges.reset();
    this.sockets = noSockets();
    this.#seconds.clear();
    this.#lastSecond = -1;
    for (const histogram of this.#intervals.values()) {
      histogram.reset();
      this.#spare.push(histogram);
    }
    this.#intervals.clear();
    this.#lastInterval = -1;
    this.#serviceTime.reset();
    this.#sendLag.reset();
    this.#timings.clear();
    for (const counts of this.#targets) {
      Object.assign(counts, NO_COUNTS);
      counts.responseTime.reset();
    }
  }
}

function newSecond(): SecondCounts {
  return { sent: 0, missed: 0, valid: 0, invalid: 0, errors: 0 };
}

function countClass(second: SecondCounts, name: string): void {
  second.classes ??= {};
  second.classes[name] = (second.classes[name] ?? 0) + 1;
}

const ONE_TARGET: RecorderOptions = { timings: 0, targets: 1 };
const NO_COUNTS = { sent: 0, valid: 0, invalid: 0, errors: 0 };
