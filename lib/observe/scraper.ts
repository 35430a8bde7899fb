import type { Dispatcher } from "undici";
import type { RunSchedule } from "../plan/runSchedule.ts";
import type { Observe } from "../plan/schema.ts";
import { logsKey, logsPrefix, scrapeKey, scrapesPrefix } from "../store/keys.ts";
import type { RunContext } from "../store/runContext.ts";
import { readJson, type Store } from "../store/store.ts";
import { type LogLooks, lookAtLogs } from "./logTail.ts";
import { scrape } from "./scrape.ts";
import { observeOf } from "./standIn.ts";

/** A short run wants some twenty looks all the same, but no more than one in this time, in ms. */
const MIN_EVERY_MS = 1_000;

/** What looking at a gateway needs from outside. */
export interface ScraperPorts {
  nowMs(): number;
  /** A header's value with its references to secrets resolved. */
  reveal(value: string): Promise<string>;
  /** The connections to metrics' and logs' servers. */
  dispatcher: Dispatcher;
}

/** Reads the gateway's metrics and logs every so often, and keeps what the plan has a use for. */
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

  /** Goes on where an earlier call ended. */
  async begin(): Promise<void> {
    const { endpoints, logs } = this.#observe;
    if (endpoints.length > 0) this.#number = (await this.#store.list(scrapesPrefix(this.#runId))).length;
    if (logs.length === 0) return;
    const keys = await this.#store.list(logsPrefix(this.#runId));
    this.#logNumber = keys.length;
    const last = keys.at(-1);
    if (last !== undefined) this.#logs = await readJson<LogLooks>(this.#store, last);
  }

  /** Begins a look at the metrics and the logs if it is time to, and none is under way. It goes on by itself. */
  look(): void {
    const nowMs = this.#ports.nowMs();
    if (nowMs < this.#nextMs || this.#looking) return;
    this.#nextMs = nowMs + this.#everyMs - MIN_EVERY_MS / 2;
    // A look that fails is one look less, and nothing to the run.
    this.#looking = this.#lookNow(false)
      .catch(() => {})
      .finally(() => {
        this.#looking = undefined;
      });
  }

  /** Waits for the look that is under way. */
  async settle(): Promise<void> {
    await this.#looking;
  }

  /** Looks for the last time, at whatever has come by now. */
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
