import type { Phase } from "../plan/assign.ts";
import type { SecondCounts, Series, Tally } from "./chunk.ts";
import { createHistogram, encodeHistogram, type Histogram, recordMs } from "./histogram.ts";
import { VALID } from "./jsonrpc.ts";

/** Why a request was not sent. */
export type MissReason = "late" | "in-flight-cap" | "aborted" | "superseded";

/** Records what happens to one chain's requests in one phase, and gives it out as a series of what came since. */
export class Recorder {
  readonly #chain: string;
  readonly #phase: Phase;
  readonly #intervalMs: number;
  #sent = 0;
  #valid = 0;
  #bytesSent = 0;
  #bytesReceived = 0;
  #missed: Tally = {};
  #errors: Tally = {};
  #invalid: Tally = {};
  #statuses: Tally = {};
  readonly #seconds = new Map<number, SecondCounts>();
  readonly #intervals = new Map<number, Histogram>();
  readonly #spare: Histogram[] = [];
  readonly #serviceTime = createHistogram();
  readonly #sendLag = createHistogram();

  /** `intervalMs` is the length of the intervals over which response times are kept apart. */
  constructor(chain: string, phase: Phase, intervalMs: number) {
    this.#chain = chain;
    this.#phase = phase;
    this.#intervalMs = intervalMs;
  }

  /** A request was sent. `dueMs` is from the phase's start. */
  sent(dueMs: number, lagMs: number, bytes: number): void {
    this.#sent++;
    this.#bytesSent += bytes;
    this.#second(dueMs).sent++;
    recordMs(this.#sendLag, lagMs);
  }

  /** Requests were not sent: so many, all due in the same second. */
  missed(dueMs: number, reason: MissReason, count = 1): void {
    this.#missed[reason] = (this.#missed[reason] ?? 0) + count;
    this.#second(dueMs).missed += count;
  }

  /** A response came in whole: its class is `valid` or says what is wrong with it. */
  responded(
    dueMs: number,
    responseMs: number,
    serviceMs: number,
    status: number,
    bytes: number,
    classified: string,
  ): void {
    const second = this.#second(dueMs);
    if (classified === VALID) {
      this.#valid++;
      second.valid++;
    } else {
      this.#invalid[classified] = (this.#invalid[classified] ?? 0) + 1;
      second.invalid++;
    }
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    this.#bytesReceived += bytes;
    recordMs(this.#interval(dueMs), responseMs);
    recordMs(this.#serviceTime, serviceMs);
  }

  /** A request ended without a complete response. */
  failed(dueMs: number, failure: string): void {
    this.#errors[failure] = (this.#errors[failure] ?? 0) + 1;
    this.#second(dueMs).errors++;
  }

  #second(dueMs: number): SecondCounts {
    const index = Math.floor(dueMs / 1_000);
    let counts = this.#seconds.get(index);
    if (!counts) {
      counts = { sent: 0, missed: 0, valid: 0, invalid: 0, errors: 0 };
      this.#seconds.set(index, counts);
    }
    return counts;
  }

  #interval(dueMs: number): Histogram {
    const index = Math.floor(dueMs / this.#intervalMs);
    let histogram = this.#intervals.get(index);
    if (!histogram) {
      histogram = this.#spare.pop() ?? createHistogram();
      this.#intervals.set(index, histogram);
    }
    return histogram;
  }

  /** What was recorded since the last call, or undefined if nothing was. */
  take(): Series | undefined {
    const series = this.peek();
    if (series) this.#reset();
    return series;
  }

  /** The same, without taking it: it is in the next series too. */
  peek(): Series | undefined {
    if (this.#seconds.size === 0) return undefined;
    return {
      chain: this.#chain,
      phase: this.#phase,
      sent: this.#sent,
      missed: this.#missed,
      errors: this.#errors,
      invalid: this.#invalid,
      valid: this.#valid,
      statuses: this.#statuses,
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      seconds: Object.fromEntries(this.#seconds),
      responseTime: Object.fromEntries(
        [...this.#intervals].map(([index, histogram]) => [index, encodeHistogram(histogram)]),
      ),
      serviceTime: encodeHistogram(this.#serviceTime),
      sendLag: encodeHistogram(this.#sendLag),
    };
  }

  #reset(): void {
    this.#sent = 0;
    this.#valid = 0;
    this.#bytesSent = 0;
    this.#bytesReceived = 0;
    this.#missed = {};
    this.#errors = {};
    this.#invalid = {};
    this.#statuses = {};
    this.#seconds.clear();
    for (const histogram of this.#intervals.values()) {
      histogram.reset();
      this.#spare.push(histogram);
    }
    this.#intervals.clear();
    this.#serviceTime.reset();
    this.#sendLag.reset();
  }
}
