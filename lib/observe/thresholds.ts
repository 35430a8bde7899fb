import type { Stop } from "../plan/sloSchema.ts";
import { latencyOfAll } from "../results/allRequests.ts";
import { type Chunk, total } from "../results/chunk.ts";
import { parseSeries, SeriesSum } from "../results/seriesSum.ts";
import { sloLines } from "../results/slo.ts";
import type { Tick } from "../results/ticks.ts";
import type { AbortCause } from "../store/abort.ts";
import { chunkKey } from "../store/keys.ts";
import type { Store } from "../store/store.ts";
import { FEWEST } from "./breaker.ts";

/** Number of chunks fetched at once. */
const AT_ONCE = 16;

/** One flush of a worker, summed by chain. */
export interface Flush {
  atMs: number;
  chains: Map<string, SeriesSum>;
}

/**
 * A plan's thresholds over a run's last seconds. Each flush is read once, and dropped when no window includes it any
 * more.
 */
export class Thresholds {
  readonly #store: Store;
  readonly #runId: string;
  readonly #stops: readonly Stop[];
  readonly #timeoutMs: number;
  readonly #flushes = new Map<string, Flush>();

  constructor(store: Store, runId: string, stops: readonly Stop[], timeoutMs: number) {
    this.#store = store;
    this.#runId = runId;
    this.#stops = stops;
    this.#timeoutMs = timeoutMs;
  }

  /** Reads the new flushes among a run's latest ones, and returns the first threshold that was missed. */
  async look(ticks: readonly Tick[], startAtMs: number): Promise<ReturnType<typeof thresholdTripOf>> {
    if (this.#stops.length === 0) return undefined;
    const own = new Map(ticks.map((tick) => [chunkKeyOf(this.#runId, tick), tick]));
    for (const key of this.#flushes.keys()) if (!own.has(key)) this.#flushes.delete(key);
    const fresh = [...own].filter(([key]) => !this.#flushes.has(key));
    for (let first = 0; first < fresh.length; first += AT_ONCE) {
      await Promise.all(fresh.slice(first, first + AT_ONCE).map(([key, { atMs }]) => this.#read(key, atMs)));
    }
    for (const stop of this.#stops) {
      const cause = thresholdTripOf([...this.#flushes.values()], stop, { startAtMs, timeoutMs: this.#timeoutMs });
      if (cause) return cause;
    }
    return undefined;
  }

  async #read(key: string, atMs: number): Promise<void> {
    const text = await this.#store.get(key);
    if (text === undefined) return;
    const chains = new Map<string, SeriesSum>();
    this.#flushes.set(key, { atMs, chains });
    for (const series of (JSON.parse(text) as Chunk).series) {
      if (series.phase !== "measure") continue;
      const sum = chains.get(series.chain) ?? new SeriesSum();
      chains.set(series.chain, sum);
      sum.addParsed(parseSeries(series), false);
    }
  }
}

function chunkKeyOf(runId: string, { assignment, attempt, sequence }: Tick): string {
  return chunkKey(runId, assignment, attempt, sequence);
}

/**
 * Which line of a threshold was missed, over its window before the latest flush, and by which chain. Undefined if the
 * run may continue, if it has not lasted as long as the window yet, or if too few requests ended to judge.
 */
export function thresholdTripOf(
  flushes: readonly Flush[],
  stop: Stop,
  { startAtMs, timeoutMs }: { startAtMs: number; timeoutMs: number },
): Extract<AbortCause, { kind: "threshold" }> | undefined {
  const latestMs = flushes.reduce((latest, { atMs }) => Math.max(latest, atMs), -Infinity);
  if (latestMs - startAtMs < stop.window) return undefined;
  const sums = new Map<string, SeriesSum>();
  for (const { atMs, chains } of flushes) {
    if (atMs <= latestMs - stop.window) continue;
    for (const [name, sum] of chains) {
      if (stop.chain !== undefined && stop.chain !== name) continue;
      const whole = sums.get(name) ?? new SeriesSum();
      sums.set(name, whole);
      whole.merge(sum);
    }
  }
  for (const [chain, sum] of sums) {
    const missed = linesOf(sum, stop, timeoutMs).find(({ pass }) => !pass);
    if (!missed) continue;
    const { pass: _, ...line } = missed;
    return { kind: "threshold", chain, ...line, windowMs: stop.window };
  }
  return undefined;
}

function linesOf(sum: SeriesSum, stop: Stop, timeoutMs: number): ReturnType<typeof sloLines> {
  const errors = total(sum.errors);
  const responses = sum.valid + total(sum.invalid);
  const ended = responses + errors;
  if (ended < FEWEST) return [];
  const counts = { responses, errors, valid: sum.valid, measuredMs: stop.window };
  const responseTimeAllMs = latencyOfAll({ responseTime: sum.responseTime(), failed: errors }, timeoutMs);
  const failures = { ...sum.errors, ...sum.invalid };
  return sloLines({ ...counts, success: sum.valid / ended, responseTimeAllMs, failures }, stop);
}
