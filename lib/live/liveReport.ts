import type { LogLooks } from "../observe/logTail.ts";
import type { Scrape } from "../observe/scrape.ts";
import type { RunSchedule } from "../plan/runSchedule.ts";
import type { Plan } from "../plan/schema.ts";
import { GeneratorTimeline } from "../report/generatorTimeline.ts";
import { buildReport, workerReport } from "../report/model.ts";
import type { Report } from "../report/schema.ts";
import { StaleBlocks } from "../results/blocks.ts";
import { type Chunk, type Health, intervalMs, total } from "../results/chunk.ts";
import { ledgerOf } from "../results/ledger.ts";
import { parseSeries, SeriesSum } from "../results/seriesSum.ts";
import { chunksPrefix, logsPrefix, scrapesPrefix } from "../store/keys.ts";
import type { Store } from "../store/store.ts";

/** What one worker has flushed. */
interface LiveWorker {
  worker: number;
  chains: Set<string>;
  sum: SeriesSum;
  health: Health[];
}

/** Maximum health samples kept per worker; the latest ones. */
const MAX_HEALTH = 3_600;

/** The report of a run in progress, from the chunks in its store; each object is read only once. */
export class LiveReport {
  readonly #store: Store;
  readonly #plan: Plan;
  readonly #schedule: RunSchedule;
  readonly #seen = new Set<string>();
  readonly #stale: StaleBlocks;
  readonly #chains = new Map<string, SeriesSum>();
  readonly #workers = new Map<number, LiveWorker>();
  readonly #scrapes: Scrape[] = [];
  readonly #logs: LogLooks[] = [];

  constructor(store: Store, plan: Plan, schedule: RunSchedule) {
    this.#store = store;
    this.#plan = plan;
    this.#schedule = schedule;
    this.#stale = new StaleBlocks(plan);
    for (const { name } of plan.chains) this.#chains.set(name, new SeriesSum());
  }

  /** Reads what is new in the store. */
  async update(): Promise<void> {
    const { runId } = this.#schedule;
    await this.#read<Chunk>(chunksPrefix(runId), (chunk) => this.#add(chunk));
    await this.#read<Scrape>(scrapesPrefix(runId), (scraped) => this.#scrapes.push(scraped));
    await this.#read<LogLooks>(logsPrefix(runId), (looks) => this.#logs.push(looks));
  }

  async #read<T>(prefix: string, take: (value: T) => void): Promise<void> {
    for (const key of await this.#store.list(prefix)) {
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      try {
        take(JSON.parse((await this.#store.get(key)) ?? "") as T);
      } catch {
        // The final report names what cannot be read.
      }
    }
  }

  #add(chunk: Chunk): void {
    const worker = this.#workers.get(chunk.worker) ?? {
      worker: chunk.worker,
      chains: new Set(),
      sum: new SeriesSum(),
      health: [],
    };
    this.#workers.set(chunk.worker, worker);
    worker.health.push(chunk.health);
    if (worker.health.length > MAX_HEALTH) worker.health.shift();
    this.#stale.take(chunk.series);
    for (const series of chunk.series) {
      if (series.phase !== "measure") continue;
      const parsed = parseSeries(series);
      this.#chains.get(series.chain)?.addParsed(parsed);
      worker.chains.add(series.chain);
      worker.sum.addWhole(parsed);
    }
  }

  /** The report of what was read so far, `nowMs` from the run's start instant. */
  report(nowMs: number): Report {
    const plan = this.#plan;
    const atMs = Math.max(0, Math.min(plan.durationMs, nowMs));
    const timeline = new GeneratorTimeline(intervalMs(plan.durationMs));
    const workers = [...this.#workers.values()]
      .sort((a, b) => a.worker - b.worker)
      .map(({ worker, chains, sum, health }) => {
        const place = { worker, chains: [...chains], rps: plan.perWorkerRps, sum, health };
        const unknown = { outcomes: [], startSkewMs: null, readyMs: null, clock: null, hosts: [] };
        const row = workerReport({ ...place, ...unknown, ledger: ledgerSoFar(sum) }, plan, atMs);
        timeline.add(row.id, health);
        return row;
      });
    const chains = [...this.#chains].map(([chain, sum]) => {
      return { chain, phase: "measure" as const, ledger: ledgerSoFar(sum), sum };
    });
    const report = buildReport({
      plan,
      schedule: this.#schedule,
      reduction: { chains, regions: [], findings: [], finishedMs: atMs },
      workers,
      generator: timeline.points(),
      scrapes: this.#scrapes,
      logs: this.#logs,
      measuredMs: atMs,
    });
    return { ...report, run: { ...report.run, live: { atMs } } };
  }
}

/** Counts requests that have ended or were missed; those in flight come with the next chunk. */
function ledgerSoFar(sum: SeriesSum) {
  const ended = sum.valid + total(sum.invalid) + total(sum.errors);
  return { ...ledgerOf(ended + total(sum.missed), sum), sent: ended };
}
