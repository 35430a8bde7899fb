import type { Plan } from "../plan/schema.ts";
import type { Chunk } from "../results/chunk.ts";
import { parseSeries, SeriesSum } from "../results/seriesSum.ts";
import type { Tick } from "../results/ticks.ts";
import { chunkKey } from "../store/keys.ts";
import type { Store } from "../store/store.ts";
import { type Flush, thresholdTripOf } from "./thresholdTrip.ts";

/** Number of chunks fetched at once. */
const AT_ONCE = 16;

/**
 * A plan's thresholds over a run's last seconds. Each flush is read once, and dropped when no window includes it any
 * more.
 */
export class Thresholds {
  readonly #store: Store;
  readonly #runId: string;
  readonly #plan: Plan;
  readonly #flushes = new Map<string, Flush>();

  constructor(store: Store, runId: string, plan: Plan) {
    this.#store = store;
    this.#runId = runId;
    this.#plan = plan;
  }

  /** Reads the new flushes among a run's latest ones, and returns the first threshold that was missed. */
  async look(ticks: readonly Tick[], startAtMs: number): Promise<ReturnType<typeof thresholdTripOf>> {
    const { stop: stops = [] } = this.#plan.limits;
    if (stops.length === 0) return undefined;
    const own = new Map(ticks.map((tick) => [chunkKeyOf(this.#runId, tick), tick]));
    for (const key of this.#flushes.keys()) if (!own.has(key)) this.#flushes.delete(key);
    const fresh = [...own].filter(([key]) => !this.#flushes.has(key));
    for (let first = 0; first < fresh.length; first += AT_ONCE) {
      await Promise.all(fresh.slice(first, first + AT_ONCE).map(([key, { atMs }]) => this.#read(key, atMs)));
    }
    for (const stop of stops) {
      const cause = thresholdTripOf([...this.#flushes.values()], stop, { startAtMs, plan: this.#plan });
      if (cause) return cause;
    }
    return undefined;
  }

  async #read(key: string, atMs: number): Promise<void> {
    const text = await this.#store.get(key);
    if (text === undefined) return;
    const chains = new Map<string, SeriesSum>();
    const { worker, series: all } = JSON.parse(text) as Chunk;
    this.#flushes.set(key, { atMs, worker, chains });
    for (const series of all) {
      if (series.phase !== "measure") continue;
      const sum = chains.get(series.chain) ?? new SeriesSum();
      chains.set(series.chain, sum);
      sum.addWhole(parseSeries(series));
    }
  }
}

function chunkKeyOf(runId: string, { assignment, attempt, sequence }: Tick): string {
  return chunkKey(runId, assignment, attempt, sequence);
}
