import { chainSchedule } from "../plan/assign.ts";
import { firstShare } from "../plan/profile.ts";
import type { Chain, Plan } from "../plan/schema.ts";
import { FEW_PORTS } from "../report/hints.ts";
import { latencyOfAll } from "../results/allRequests.ts";
import { StaleBlocks } from "../results/blocks.ts";
import { type Chunk, total, UNFINISHED } from "../results/chunk.ts";
import { parseSeries, SeriesSum } from "../results/seriesSum.ts";
import type { Schedule } from "../schedule/schedule.ts";
import { chunksPrefix } from "../store/keys.ts";
import type { Store } from "../store/store.ts";

/** One chain's progress, from what has been flushed so far. */
export interface ChainProgress {
  name: string;
  /** Requests per second that were due in that time. */
  offeredRps: number;
  /** Requests sent per second, over the time that each worker has flushed; null before the first flush. */
  achievedRps: number | null;
  sent: number;
  missed: number;
  valid: number;
  invalid: number;
  errors: number;
  /** Valid relays ÷ requests that have ended; null before the first. */
  success: number | null;
  /**
   * Percentiles of all requests that have ended, as in the report: one without a response counts as at least the plan's
   * timeout.
   */
  p50Ms: number | null;
  p99Ms: number | null;
}

/** Follows a run through the chunks in its store; anyone with access to the store can do so. */
export class Progress {
  readonly #store: Store;
  readonly #runId: string;
  readonly #plan: Plan;
  readonly #seen = new Set<string>();
  readonly #stale: StaleBlocks;
  readonly #schedules = new Map<string, Schedule>();
  readonly #warned = new Map<string, string>();
  readonly #chains = new Map<string, { sum: SeriesSum; workers: Map<number, { sent: number; atMs: number }> }>();

  constructor(store: Store, runId: string, plan: Plan) {
    this.#store = store;
    this.#runId = runId;
    this.#plan = plan;
    this.#stale = new StaleBlocks(plan);
    for (const { name } of plan.chains) this.#chains.set(name, { sum: new SeriesSum(), workers: new Map() });
  }

  /** Reads what was flushed since the last call; returns whether there was anything. */
  async update(): Promise<boolean> {
    const keys = (await this.#store.list(chunksPrefix(this.#runId))).filter((key) => !this.#seen.has(key));
    for (const key of keys) this.#seen.add(key);
    // In parallel, because the store may be far away.
    for (const text of await Promise.all(keys.map((key) => this.#store.get(key)))) {
      if (text === undefined) continue;
      try {
        this.#add(JSON.parse(text) as Chunk);
      } catch {
        // Reduce reports it; here it would only hide the others.
      }
    }
    return keys.length > 0;
  }

  #add(chunk: Chunk): void {
    const { tcp } = chunk.health;
    if (tcp && tcp.portsLeft < FEW_PORTS) {
      const who = chunk.host ?? `w${String(chunk.worker).padStart(3, "0")}`;
      this.#warned.set(who, `${who} has ${tcp.portsLeft} ephemeral ports left, ${tcp.timeWait} in TIME-WAIT`);
    }
    this.#stale.take(chunk.series);
    for (const series of chunk.series) {
      const chain = this.#chains.get(series.chain);
      if (!chain || series.phase !== "measure") continue;
      // Only the report shows figures over time: for a long run, each interval would take memory.
      chain.sum.addWhole(parseSeries(series));
      const worker = chain.workers.get(chunk.worker) ?? { sent: 0, atMs: 0 };
      worker.sent += series.sent;
      worker.atMs = Math.min(this.#plan.durationMs, Math.max(worker.atMs, chunk.atMs));
      chain.workers.set(chunk.worker, worker);
    }
  }

  /** What threatens the load generator, by host or worker, as last seen. */
  warnings(): string[] {
    return [...this.#warned.values()];
  }

  /** The progress of each chain. */
  chains(): ChainProgress[] {
    return this.#plan.chains.map((chain) => {
      const { name } = chain;
      const { sum, workers } = this.#chains.get(name) ?? { sum: new SeriesSum(), workers: new Map() };
      const invalid = total(sum.invalid);
      const errors = total(sum.errors);
      const ended = sum.valid + invalid + errors;
      const failed = errors - (sum.errors[UNFINISHED] ?? 0);
      const times = latencyOfAll({ responseTime: sum.responseTime(), failed }, this.#plan.timeoutMs);
      return {
        name,
        offeredRps: this.#offered(chain, [...workers.values()]),
        achievedRps: achieved([...workers.values()]),
        sent: sum.sent,
        missed: total(sum.missed),
        valid: sum.valid,
        invalid,
        errors,
        success: ended === 0 ? null : sum.valid / ended,
        p50Ms: times?.p50 ?? null,
        p99Ms: times?.p99 ?? null,
      };
    });
  }

  /** The schedule's mean rate up to the last flush; before the first flush, its initial rate. */
  #offered(chain: Chain, workers: readonly { atMs: number }[]): number {
    const atMs = Math.max(0, ...workers.map((worker) => worker.atMs));
    if (atMs === 0) return chain.rps * firstShare(this.#plan);
    const schedule = this.#schedules.get(chain.name) ?? chainSchedule(this.#plan, chain, "measure");
    this.#schedules.set(chain.name, schedule);
    return (schedule.dueBefore(atMs) / atMs) * 1_000;
  }
}

/** Workers flush at different times, so each worker's rate is over its own time. */
function achieved(workers: readonly { sent: number; atMs: number }[]): number | null {
  const flushed = workers.filter(({ atMs }) => atMs > 0);
  if (flushed.length === 0) return null;
  return flushed.reduce((rps, { sent, atMs }) => rps + sent / (atMs / 1_000), 0);
}
