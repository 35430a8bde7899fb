import type { Dispatcher } from "undici";
import { guardedAgent } from "../http/lookup.ts";
import { tripOf } from "../observe/breaker.ts";
import { type Observations, readTruth } from "../observe/observations.ts";
import { Scraper, type ScraperPorts } from "../observe/scraper.ts";
import { Thresholds } from "../observe/thresholds.ts";
import type { Watched } from "../observe/watched.ts";
import { type Allowance, heldTo } from "../plan/allowance.ts";
import { type BreakerSettings, breakerOf } from "../plan/breaker.ts";
import { type DeployedHosts, observeGuard } from "../plan/hosts.ts";
import type { RunSchedule } from "../plan/runSchedule.ts";
import type { Plan } from "../plan/schema.ts";
import { ticksSince } from "../results/ticks.ts";
import { LATE_TICKS_MS, LOOK_LIMIT_MS, LOOK_MS, WATCH_GRACE_MS, WATCHED_EVERY_MS } from "../schedule/tempo.ts";
import { type AbortCause, encodeAbort } from "../store/abort.ts";
import {
  abortKey,
  lostPrefix,
  observationsKey,
  planKey,
  scheduleKey,
  searchOf,
  summariesPrefix,
  watchedKey,
} from "../store/keys.ts";
import type { RunContext } from "../store/runContext.ts";
import { readJson, type Store } from "../store/store.ts";

/** How often Watch looks for assignments that no host took, in ms. */
const LOST_EVERY_MS = 10_000;

/** Watch's external dependencies. */
export interface WatchPorts extends Omit<ScraperPorts, "dispatcher"> {
  /** How long this call may watch, in ms. */
  callMs: number;
  sleep(ms: number): Promise<unknown>;
  /** The deployment's guards, if there is a deployment: the plan may have been changed since it was checked. */
  deployed?: DeployedHosts;
  /** What the person who started the run on this machine allowed. */
  allowance?: Allowance;
}

/**
 * Watches a run: trips the circuit breaker if the plan has one, reads the gateway's metrics and logs, and the stand-in
 * gateway's counts before and after. Resolves when all workers are done or should be, or after `callMs`. Its state from
 * earlier calls is in the store, so it can be called again whenever a call ends or fails.
 */
export async function watchTask(store: Store, runId: string, ports: WatchPorts): Promise<{ done: boolean }> {
  const untilMs = ports.nowMs() + ports.callMs;
  const stored = await readJson<Plan>(store, planKey(runId));
  const schedule = await readJson<RunSchedule>(store, scheduleKey(runId));
  if (!stored || !schedule) throw new Error(`there is no run ${runId} in the store`);
  const plan = heldTo(stored, ports.allowance);
  const run = { store, runId, plan };
  const watch = new Watch(run, schedule, ports);
  const dispatcher = guardedAgent(observeGuard(plan, ports.deployed));
  await observe(run, { when: "before", dispatcher });
  const scraper = new Scraper(run, schedule, { ...ports, dispatcher });
  await scraper.begin();
  for (;;) {
    scraper.look();
    if (await watch.look()) {
      await watch.leave();
      await scraper.lookLast();
      await observe(run, { when: "after", dispatcher, isSettled: await watch.isSettled() });
      return { done: true };
    }
    if (ports.nowMs() + LOOK_MS > untilMs) {
      await watch.leave();
      await scraper.settle();
      return { done: false };
    }
    await ports.sleep(LOOK_MS);
  }
}

/** One call's polls of a run's store. */
class Watch {
  readonly #store: Store;
  readonly #schedule: RunSchedule;
  readonly #ports: WatchPorts;
  readonly #breaker: BreakerSettings | undefined;
  readonly #thresholds: Thresholds;
  /** How far back a breaker or a threshold looks; undefined if there is neither. */
  readonly #reachMs: number | undefined;
  /** By when all workers are done, or never will be. */
  #lastMs: number;
  readonly #watched: Watched;
  readonly #isFleet: boolean;
  #lookedForLostMs = Number.NEGATIVE_INFINITY;
  #isAborted = false;
  #writtenMs = Number.NEGATIVE_INFINITY;

  constructor({ store, plan }: RunContext, schedule: RunSchedule, ports: WatchPorts) {
    this.#store = store;
    this.#schedule = schedule;
    this.#ports = ports;
    this.#isFleet = plan.mode === "fleet";
    this.#breaker = breakerOf(plan);
    const { stop = [] } = plan.limits;
    this.#thresholds = new Thresholds(store, schedule.runId, plan);
    const windows = [...(this.#breaker ? [this.#breaker.window] : []), ...stop.map(({ window }) => window)];
    this.#reachMs = windows.length === 0 ? undefined : Math.max(...windows);
    this.#lastMs = schedule.endAtMs + plan.timeoutMs + WATCH_GRACE_MS;
    this.#watched = { fromMs: ports.nowMs(), untilMs: ports.nowMs() };
  }

  /** Polls once; returns whether the run is over. A poll that fails or hangs is skipped: the next one is soon. */
  async look(): Promise<boolean> {
    const look = this.#lookNow().catch(() => undefined);
    return (await within(LOOK_LIMIT_MS, look)) ?? this.#ports.nowMs() > this.#lastMs;
  }

  async #lookNow(): Promise<boolean> {
    const nowMs = this.#ports.nowMs();
    if (!this.#isAborted) await this.#lookForTrouble(nowMs);
    await this.#writeDown(nowMs);
    if (nowMs > this.#lastMs) return true;
    // Before the end, workers are only done if the run was aborted, or if no host took some of their assignments.
    const mayBeDone = this.#isAborted || nowMs >= this.#schedule.endAtMs || (await this.#hasLost(nowMs));
    return mayBeDone && (await this.#allDone());
  }

  /** Whether the state machine gave up on an assignment of the fleet. Lists these now and then. */
  async #hasLost(nowMs: number): Promise<boolean> {
    if (!this.#isFleet || nowMs < this.#lookedForLostMs + LOST_EVERY_MS) return false;
    this.#lookedForLostMs = nowMs;
    return (await this.#assignmentsUnder(lostPrefix(this.#schedule.runId))).length > 0;
  }

  async #lookForTrouble(nowMs: number): Promise<void> {
    const { runId } = this.#schedule;
    const search = searchOf(runId);
    const [cause, ...aborts] = await Promise.all([
      this.#reachMs === undefined ? undefined : this.#trip(nowMs - this.#reachMs - LATE_TICKS_MS),
      this.#store.get(abortKey(runId)),
      search === undefined ? undefined : this.#store.get(abortKey(search)),
    ]);
    if (cause) await this.#store.putIfAbsent(abortKey(runId), encodeAbort(cause, nowMs));
    this.#isAborted = cause !== undefined || aborts.some((flag) => flag !== undefined);
    // Live workers stop within 2 s; a lost one will never write its summary.
    if (this.#isAborted) this.#lastMs = Math.min(this.#lastMs, nowMs + WATCH_GRACE_MS);
  }

  async #trip(sinceMs: number): Promise<AbortCause | undefined> {
    const { runId, startAtMs } = this.#schedule;
    const ticks = await ticksSince(this.#store, runId, sinceMs);
    return (this.#breaker && tripOf(ticks, this.#breaker)) ?? (await this.#thresholds.look(ticks, startAtMs));
  }

  /** Records when this call stopped watching, so that its end is not a gap. */
  async leave(): Promise<void> {
    await within(
      LOOK_LIMIT_MS,
      this.#put().catch(() => undefined),
    );
  }

  /** Records that Watch polled; times without a poll appear in the report. */
  async #writeDown(nowMs: number): Promise<void> {
    this.#watched.untilMs = nowMs;
    if (nowMs < this.#writtenMs + WATCHED_EVERY_MS) return;
    this.#writtenMs = nowMs;
    await this.#put();
  }

  async #put(): Promise<void> {
    await this.#store.put(watchedKey(this.#schedule.runId, this.#watched.fromMs), JSON.stringify(this.#watched));
  }

  /** Whether all workers have written their summaries: the stand-in's later counts no longer belong to the run. */
  async isSettled(): Promise<boolean> {
    return this.#haveSummaries().catch(() => false);
  }

  async #haveSummaries(): Promise<boolean> {
    const summaries = await this.#assignmentsUnder(summariesPrefix(this.#schedule.runId));
    return new Set(summaries).size >= this.#schedule.assignments;
  }

  /** Whether each assignment has a summary, or was given up. */
  async #allDone(): Promise<boolean> {
    if (!this.#isFleet) return this.#haveSummaries();
    const { runId, assignments } = this.#schedule;
    const ended = await Promise.all(
      [summariesPrefix(runId), lostPrefix(runId)].map((each) => this.#assignmentsUnder(each)),
    );
    return new Set(ended.flat()).size >= assignments;
  }

  async #assignmentsUnder(prefix: string): Promise<string[]> {
    const keys = await this.#store.list(prefix);
    return keys.map((key) => key.slice(prefix.length).split("/")[0]?.replace(".json", "") ?? "");
  }
}

/** What a promise resolves to, or undefined on timeout. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((done) => {
    timer = setTimeout(() => done(undefined), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Reads the stand-in's counts; a target that is not a stand-in, or does not respond, is ignored. */
async function observe(
  { store, runId, plan }: RunContext,
  { when, dispatcher, isSettled = false }: { when: "before" | "after"; dispatcher: Dispatcher; isSettled?: boolean },
): Promise<void> {
  const origin = plan.chains[0]?.targets[0] && new URL(plan.chains[0].targets[0].url).origin;
  if (!plan.gateway || !origin) return;
  const observations = JSON.parse((await store.get(observationsKey(runId))) ?? "{}") as Observations;
  if (observations[when]) return;
  try {
    observations[when] = await readTruth(origin, dispatcher);
    if (isSettled) observations.settled = true;
  } catch {
    return;
  }
  await store.put(observationsKey(runId), JSON.stringify(observations));
}
