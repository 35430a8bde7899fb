import type { Dispatcher } from "undici";
import type { RunSchedule } from "../plan/runSchedule.ts";
import type { Observe } from "../plan/schema.ts";
import { logsKey, logsPrefix, scrapeKey, scrapesPrefix } from "../store/keys.ts";
import type { RunContext } from "../store/runContext.ts";
import { readJson, type Store } from "../store/store.ts";
import { type LogLooks, lookAtLogs } from "./logTail.ts";
import { scrape } from "./scrape.ts";
import { observeOf } from "./standIn.ts";

/** Minimum interval, in ms: a short run also gets some twenty reads, but at most one per interval. */
const MIN_EVERY_MS = 1_000;

/** The dependencies for observing a gateway. */
export interface ScraperPorts {
  nowMs(): number;
  /** A header's value with its references to secrets resolved. */
  reveal(value: string): Promise<string>;
  /** The dispatcher for connections to metrics and log servers. */
  dispatcher: Dispatcher;
}

/** Reads the gateway's metrics and logs at regular intervals, and stores what the plan uses. */
export class Scraper {
  readonly #store: Store;
  readonly #runId: string;
  readonly #schedule: RunSchedule;
  readonly #ports: ScraperPorts;
  readonly #observe: Observe;
  readonly #everyMs: number;
  #number = 0;
  #logNumber = 0;
  #logs: LogLooks | undefined;
  #nextMs = 0;
  #looking: Promise<void> | undefined;

  constructor({ store, runId, plan }: RunContext, schedule: RunSchedule, ports: ScraperPorts) {
    this.#store = store;
    this.#runId = runId;
    this.#schedule = schedule;
    this.#ports = ports;
    this.#observe = observeOf(plan);
    this.#everyMs = Math.min(this.#observe.every, Math.max(MIN_EVERY_MS, plan.durationMs / 20));
  }

  /** Continues where an earlier call ended. */
  async begin(): Promise<void> {
    const { endpoints, logs } = this.#observe;
    if (endpoints.length > 0) this.#number = (await this.#store.list(scrapesPrefix(this.#runId))).length;
    if (logs.length === 0) return;
    const keys = await this.#store.list(logsPrefix(this.#runId));
    this.#logNumber = keys.length;
    const last = keys.at(-1);
    if (last !== undefined) this.#logs = await readJson<LogLooks>(this.#store, last);
  }

  /** Starts a read of the metrics and logs if it is due and none is running. Does not wait for it. */
  look(): void {
    const nowMs = this.#ports.nowMs();
    if (nowMs < this.#nextMs || this.#looking) return;
    this.#nextMs = nowMs + this.#everyMs - MIN_EVERY_MS / 2;
    // A failed read is only a gap, and does not affect the run.
    this.#looking = this.#lookNow(false)
      .catch(() => {})
      .finally(() => {
        this.#looking = undefined;
      });
  }

  /** Waits for the running read. */
  async settle(): Promise<void> {
    await this.#looking;
  }

  /** Reads one last time, including whatever has arrived by now. */
  async lookLast(): Promise<void> {
    await this.settle();
    await this.#lookNow(true);
  }

  async #lookNow(isLast: boolean): Promise<void> {
    await Promise.all([this.#scrape(), this.#tail(isLast)]);
  }

  async #scrape(): Promise<void> {
    if (this.#observe.endpoints.length === 0) return;
    const atMs = (): number => this.#ports.nowMs() - this.#schedule.startAtMs;
    const scraped = await scrape(this.#observe, atMs, this.#ports);
    await this.#store.put(scrapeKey(this.#runId, this.#number++), JSON.stringify(scraped));
  }

  async #tail(isLast: boolean): Promise<void> {
    if (this.#observe.logs.length === 0) return;
    const ports = { ...this.#ports, startAtMs: this.#schedule.startAtMs };
    this.#logs = await lookAtLogs(this.#observe.logs, this.#logs, ports, isLast);
    await this.#store.put(logsKey(this.#runId, this.#logNumber++), JSON.stringify(this.#logs));
  }
}
