import type { Chunk } from "../attack/chunk.ts";
import type { RunSchedule } from "../plan/runSchedule.ts";
import type { Observe, Plan } from "../plan/schema.ts";
import { encodeAbort } from "../results/abort.ts";
import {
  abortKey,
  chunksPrefix,
  logsKey,
  logsPrefix,
  observationsKey,
  planKey,
  scheduleKey,
  scrapeKey,
  scrapesPrefix,
  searchOf,
  summariesPrefix,
} from "../results/keys.ts";
import { readJson, type Store } from "../results/store.ts";
import { Breaker } from "./breaker.ts";
import { type LogLooks, lookAtLogs } from "./logTail.ts";
import { type Observations, readTruth } from "./observations.ts";
import { scrape } from "./scrape.ts";
import { observeOf } from "./standIn.ts";

/** How often Watch looks, in ms. */
const LOOK_MS = 1_000;

/** How long after the last request's timeout Watch waits for summaries, in ms. */
const GRACE_MS = 5_000;

/** What Watch needs from outside. */
export interface WatchPorts {
  /** How long this call may look on, in ms. */
  callMs: number;
  nowMs(): number;
  sleep(ms: number): Promise<unknown>;
  /** A header's value with its references to secrets resolved. */
  reveal(value: string): Promise<string>;
}

/**
 * Looks on at a run: trips the circuit breaker where the plan has one, and reads the stand-in gateway's counts before
 * and after. Resolves when all workers are done or should be, or when `callMs` are over.
 */
export async function watchRun(store: Store, runId: string, ports: WatchPorts): Promise<{ done: boolean }> {
  const plan = JSON.parse((await store.get(planKey(runId))) ?? "{}") as Plan;
  const schedule = JSON.parse((await store.get(scheduleKey(runId))) ?? "{}") as RunSchedule;
  const untilMs = ports.nowMs() + ports.callMs;
  let lastMs = schedule.endAtMs + plan.timeoutMs + GRACE_MS;
  await observe(store, runId, plan, "before");
  const scraper = new Scraper(store, runId, plan, schedule, ports);
  await scraper.begin();

  const breaker = plan.limits.breaker ? new Breaker(plan.limits.breaker) : undefined;
  const seen = new Set<string>();
  for (;;) {
    await scraper.look();
    if (breaker) await tripIfNeeded(store, runId, breaker, seen, ports.nowMs());
    // Workers that live stop within 2 s; one that was lost will never write its summary.
    if (await isAborted(store, runId)) lastMs = Math.min(lastMs, ports.nowMs() + GRACE_MS);
    if (ports.nowMs() > lastMs || (await allDone(store, runId, schedule))) {
      await scraper.look(true);
      await observe(store, runId, plan, "after");
      return { done: true };
    }
    if (ports.nowMs() + LOOK_MS > untilMs) return { done: false };
    await ports.sleep(LOOK_MS);
  }
}

/** Reads the gateway's metrics and logs every so often, and keeps what the plan has a use for. */
class Scraper {
  readonly #store: Store;
  readonly #runId: string;
  readonly #schedule: RunSchedule;
  readonly #ports: WatchPorts;
  readonly #observe: Observe;
  readonly #everyMs: number;
  #number = 0;
  #logNumber = 0;
  #logs: LogLooks | undefined;
  #nextMs = 0;

  constructor(store: Store, runId: string, plan: Plan, schedule: RunSchedule, ports: WatchPorts) {
    this.#store = store;
    this.#runId = runId;
    this.#schedule = schedule;
    this.#ports = ports;
    this.#observe = observeOf(plan);
    // A short run wants some twenty looks all the same.
    this.#everyMs = Math.min(this.#observe.every, Math.max(LOOK_MS, plan.durationMs / 20));
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

  /** Reads the metrics and the logs if it is time to, or if it is the last look. */
  async look(isLast = false): Promise<void> {
    const nowMs = this.#ports.nowMs();
    if (nowMs < this.#nextMs && !isLast) return;
    this.#nextMs = nowMs + this.#everyMs - LOOK_MS / 2;
    await Promise.all([this.#scrape(), this.#tail(isLast)]);
  }

  async #scrape(): Promise<void> {
    if (this.#observe.endpoints.length === 0) return;
    const atMs = (): number => this.#ports.nowMs() - this.#schedule.startAtMs;
    const scraped = await scrape(this.#observe, atMs, this.#ports.reveal);
    await this.#store.put(scrapeKey(this.#runId, this.#number++), JSON.stringify(scraped));
  }

  async #tail(isLast: boolean): Promise<void> {
    if (this.#observe.logs.length === 0) return;
    const ports = { ...this.#ports, startAtMs: this.#schedule.startAtMs };
    this.#logs = await lookAtLogs(this.#observe.logs, this.#logs, ports, isLast);
    await this.#store.put(logsKey(this.#runId, this.#logNumber++), JSON.stringify(this.#logs));
  }
}

/** Whether somebody stopped the run, or the search that it is a trial of. */
async function isAborted(store: Store, runId: string): Promise<boolean> {
  const flags = [runId, searchOf(runId) ?? runId].map((id) => store.get(abortKey(id)));
  return (await Promise.all(flags)).some((flag) => flag !== undefined);
}

async function allDone(store: Store, runId: string, schedule: RunSchedule): Promise<boolean> {
  const prefix = summariesPrefix(runId);
  const summaries = await store.list(prefix);
  const assignments = new Set(summaries.map((key) => key.slice(prefix.length).split("/")[0]));
  return assignments.size >= schedule.assignments;
}

async function tripIfNeeded(
  store: Store,
  runId: string,
  breaker: Breaker,
  seen: Set<string>,
  atMs: number,
): Promise<void> {
  for (const key of await store.list(chunksPrefix(runId))) {
    if (seen.has(key)) continue;
    seen.add(key);
    const text = await store.get(key);
    if (text !== undefined) breaker.add(JSON.parse(text) as Chunk);
  }
  const cause = breaker.tripped();
  if (cause) await store.putIfAbsent(abortKey(runId), encodeAbort(cause, atMs));
}

/** Reads the stand-in's counts; a target that is no stand-in, or does not answer, leaves no trace and no failure. */
async function observe(store: Store, runId: string, plan: Plan, when: keyof Observations): Promise<void> {
  const origin = plan.chains[0]?.targets[0] && new URL(plan.chains[0].targets[0].url).origin;
  if (!plan.gateway || !origin) return;
  const observations = JSON.parse((await store.get(observationsKey(runId))) ?? "{}") as Observations;
  if (observations[when]) return;
  try {
    observations[when] = await readTruth(origin);
  } catch {
    return;
  }
  await store.put(observationsKey(runId), JSON.stringify(observations));
}
