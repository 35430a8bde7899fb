import type { Chain, Plan } from "../plan/schema.ts";
import type { Stop } from "../plan/sloSchema.ts";
import { latencyOfAll } from "../results/allRequests.ts";
import { type Tally, total } from "../results/chunk.ts";
import { sumsByMethod } from "../results/methods.ts";
import { SeriesSum, type TargetSum } from "../results/seriesSum.ts";
import { relayRateLine, type SloLine, sloLines } from "../results/slo.ts";
import { flushMs } from "../schedule/tempo.ts";
import type { AbortCause } from "../store/abort.ts";
import { FEWEST } from "./breaker.ts";

/** One flush of a worker, summed by chain. */
export interface Flush {
  /** In ms since the epoch. */
  atMs: number;
  worker: number;
  chains: Map<string, SeriesSum>;
}

/** The run whose flushes are judged. */
export interface JudgedRun {
  /** Its start instant, in ms since the epoch. */
  startAtMs: number;
  plan: Pick<Plan, "chains" | "durationMs" | "timeoutMs">;
}

/** What a threshold requires of a chain or of one of its methods. */
type Required = Omit<Stop, "chain" | "window" | "methods">;

/**
 * Which line of a threshold was missed, over its window before the latest flush, and by which chain or method.
 * Undefined if the run may continue, or if it has not lasted as long as the window yet. If few requests ended, only
 * their rate is judged.
 */
export function thresholdTripOf(
  flushes: readonly Flush[],
  stop: Stop,
  run: JudgedRun,
): Extract<AbortCause, { kind: "threshold" }> | undefined {
  const latestMs = flushes.reduce((latest, { atMs }) => Math.max(latest, atMs), -Infinity);
  if (latestMs - run.startAtMs < stop.window) return undefined;
  const { chain: only, window: windowMs, methods = {}, ...required } = stop;
  const window = new Window(flushes, latestMs - windowMs, run);
  for (const chain of run.plan.chains.filter(({ name }) => only === undefined || only === name)) {
    const missed = missedLine(window.chain(chain.name), required, run);
    if (missed) return { kind: "threshold", chain: chain.name, ...missed, windowMs };
    for (const [method, own] of Object.entries(methods)) {
      const line = missedLine(window.method(chain, method), own, run);
      if (line) return { kind: "threshold", chain: chain.name, method, ...line, windowMs };
    }
  }
  return undefined;
}

/** What a chain or a method did in a window. */
interface Part extends TargetSum {
  /** By class, if these are recorded separately. */
  failures: Tally;
  /** Valid relays per second; undefined if no worker that sends them has flushed. */
  rps: number | undefined;
}

/** The flushes of the last seconds, and how much of a run each of them covers. */
class Window {
  readonly #flushes: readonly Flush[];
  readonly #coveredMs: ReadonlyMap<Flush, number>;

  constructor(flushes: readonly Flush[], sinceMs: number, run: JudgedRun) {
    this.#flushes = flushes.filter(({ atMs }) => atMs > sinceMs);
    this.#coveredMs = coveredMs(flushes, run);
  }

  chain(name: string): Part {
    const sum = this.#sum(name);
    const counts = { sent: sum.sent, valid: sum.valid, invalid: total(sum.invalid), errors: total(sum.errors) };
    const rps = this.#rps(name, (each) => each.valid);
    return { ...counts, responseTime: sum.responseTime(), failures: { ...sum.errors, ...sum.invalid }, rps };
  }

  method(chain: Chain, method: string): Part | undefined {
    const part = sumsByMethod(this.#sum(chain.name), chain).get(method);
    const validOf = (sum: SeriesSum): number => sumsByMethod(sum, chain).get(method)?.valid ?? 0;
    return part && { ...part, failures: {}, rps: this.#rps(chain.name, validOf) };
  }

  #sum(chain: string): SeriesSum {
    const sum = new SeriesSum();
    for (const { chains } of this.#flushes) {
      const own = chains.get(chain);
      if (own) sum.merge(own);
    }
    return sum;
  }

  /** The sum of the workers' rates, each over the time that its flushes cover: workers flush at different times. */
  #rps(chain: string, validOf: (sum: SeriesSum) => number): number | undefined {
    const workers = new Map<number, { valid: number; ms: number }>();
    for (const flush of this.#flushes) {
      const own = flush.chains.get(chain);
      if (!own) continue;
      const worker = workers.get(flush.worker) ?? { valid: 0, ms: 0 };
      workers.set(flush.worker, worker);
      worker.valid += validOf(own);
      worker.ms += this.#coveredMs.get(flush) ?? 0;
    }
    const covered = [...workers.values()].filter(({ ms }) => ms > 0);
    if (covered.length === 0) return undefined;
    return covered.reduce((rps, { valid, ms }) => rps + (valid / ms) * 1_000, 0);
  }
}

/**
 * The time of the measurement that each flush covers, in ms: since its worker's previous flush or the run's start, at
 * most the interval between flushes, and none after the last request was due.
 */
function coveredMs(flushes: readonly Flush[], { startAtMs, plan }: JudgedRun): ReadonlyMap<Flush, number> {
  const covered = new Map<Flush, number>();
  const untilMs = new Map<number, number>();
  for (const flush of [...flushes].sort((a, b) => a.atMs - b.atMs)) {
    const atMs = Math.min(flush.atMs, startAtMs + plan.durationMs);
    const sinceMs = untilMs.get(flush.worker) ?? startAtMs;
    covered.set(flush, Math.max(0, Math.min(flushMs(plan.durationMs), atMs - sinceMs)));
    untilMs.set(flush.worker, atMs);
  }
  return covered;
}

/** The first line that was missed, without its `pass`. */
function missedLine(part: Part | undefined, required: Required, run: JudgedRun): Omit<SloLine, "pass"> | undefined {
  const missed = part && linesOf(part, required, run).find(({ pass }) => !pass);
  if (!missed) return undefined;
  const { pass: _, ...line } = missed;
  return line;
}

function linesOf(part: Part, { relayRps, ...required }: Required, { plan }: JudgedRun): SloLine[] {
  const { valid, invalid, errors, responseTime, failures, rps } = part;
  const rate = relayRps === undefined || rps === undefined ? [] : [relayRateLine(rps, relayRps)];
  const ended = valid + invalid + errors;
  if (ended < FEWEST) return rate;
  const counts = { valid, responses: valid + invalid, errors, failures, measuredMs: plan.durationMs };
  const responseTimeAllMs = latencyOfAll({ responseTime, failed: errors }, plan.timeoutMs);
  return [...sloLines({ ...counts, success: valid / ended, responseTimeAllMs }, required), ...rate];
}
