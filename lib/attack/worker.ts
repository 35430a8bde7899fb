import type { OpeningMs } from "../http/connection.ts";
import { secureOf } from "../http/secure.ts";
import { assignedRps } from "../plan/assign.ts";
import { connectProblems } from "../plan/connect.ts";
import { hostProblems, targetGuard } from "../plan/hosts.ts";
import { InputError } from "../plan/problems.ts";
import type { Chain } from "../plan/schema.ts";
import { StaleBlocks } from "../results/blocks.ts";
import { type Chunk, type Health, intervalMs, type Outcome, type Series, type Summary } from "../results/chunk.ts";
import { sumSeries } from "../results/seriesSum.ts";
import { ABORT_DRAIN_MS, flushMs, POLL_MS } from "../schedule/tempo.ts";
import type { Clock } from "../store/clock.ts";
import { socketCounter } from "../ws/socketCounts.ts";
import { HealthMeter } from "./health.ts";
import { openAhead, openingMs } from "./openAhead.ts";
import { Pacer, type Track } from "./pacer.ts";
import { Recorder } from "./recorder.ts";
import { Sender } from "./sender.ts";
import { TAKE_OVER_AHEAD_MS, WorkerSubscriptions } from "./subscriptions.ts";
import { firstDueAtMs, type Prepared, prepareRequests, workerTracks } from "./tracks.ts";
import { chainsOf, fetchValues, noSecrets } from "./values.ts";
import { startWaker } from "./waker.ts";
import { warmUp } from "./warmup.ts";
import { startWatchdog, type Watchdog } from "./watchdog.ts";
import type { AttackInput, StopRequest, WorkerPorts } from "./workerPorts.ts";

/** How long before its first request a worker ends its warm-up, to make its tracks and connections, in ms. */
const READY_AHEAD_MS = 600;

/** How long before its first request a worker opens no more connections, in ms. */
const QUIET_MS = 100;

/** The shortest warm-up that is worth it, in ms. */
const MIN_WARMUP_MS = 400;

/**
 * Sends an assignment's requests, each when it is due, and flushes the recorded results as chunks. Returns the summary
 * of all chunks. A later attempt joins the schedule at the present: requests due before that belong to the earlier
 * attempt.
 */
export async function attack(input: AttackInput, ports: WorkerPorts): Promise<Summary> {
  const { plan, assignment } = input;
  const forbidden = [
    ...hostProblems(plan, ports.deployed),
    ...(ports.deployed ? connectProblems(plan, ports.deployed) : []),
  ];
  if (forbidden.length > 0) throw new InputError("the run's plan", forbidden);
  const secret = ports.secret ?? (async (reference) => Promise.reject(noSecrets(reference)));
  const secure = plan.tls && (await secureOf(plan.tls, secret));
  const options = { ...plan, guard: targetGuard(plan, ports.deployed), ...(secure && { secure }) };
  const chains = chainsOf(plan, assignment);
  const values = await fetchValues(chains, plan, options, ports.secret);
  // Before the warm-up, because thousands of targets take a while; all else after it, so that it has the shapes that the
  // code was compiled for.
  const requests = prepareRequests(input, values);
  await warmUpBefore(input, chains, ports.clock);
  const run = new WorkerRun(input, ports, { options, values, requests });
  // Whatever the outcome: a process that continues must not keep its timers and connections.
  return run.run().finally(() => run.close());
}

/** Warms the process up, if there is time before the first request. */
async function warmUpBefore(input: AttackInput, chains: readonly Chain[], clock: Clock): Promise<void> {
  const { plan, assignment } = input;
  const takesOver = assignment.segment > 0 && chains.some(({ subscriptions = [] }) => subscriptions.length > 0);
  const aheadMs = READY_AHEAD_MS + (takesOver ? TAKE_OVER_AHEAD_MS : 0);
  const leftMs = assignment.startAtMs + assignment.fromMs - clock.nowMs() - aheadMs;
  const spareMs = leftMs - Math.min(openingMs(input), leftMs / 2);
  if (spareMs > MIN_WARMUP_MS) await warmUp(clock, plan, spareMs, assignedRps(assignment));
}

class WorkerRun {
  readonly #input: AttackInput;
  readonly #ports: WorkerPorts;
  readonly #clock: Clock;
  readonly #prepared: Prepared;
  readonly #sender: Sender;
  #recorders: Recorder[] = [];
  readonly #stale: StaleBlocks;
  readonly #intervalMs: number;
  readonly #chunks: Chunk[] = [];
  /** What is to be written by the next flush. */
  readonly #unwritten: Chunk[] = [];
  #flushing: Promise<unknown> = Promise.resolve();
  #outcome: Outcome = "completed";
  #cutOff: () => void = () => {};
  /** Resolves when an abort has waited long enough for responses. */
  readonly #cutShort = new Promise<void>((done) => {
    this.#cutOff = done;
  });
  readonly #health: HealthMeter;
  #watchdog: Watchdog | undefined;
  #subscriptions: WorkerSubscriptions | undefined;

  constructor(input: AttackInput, ports: WorkerPorts, prepared: Prepared) {
    this.#input = input;
    this.#ports = ports;
    this.#clock = ports.clock;
    this.#prepared = prepared;
    this.#stale = new StaleBlocks(input.plan);
    this.#intervalMs = intervalMs(input.plan.durationMs);
    const onOpened = (times: OpeningMs): void => this.#recorders.at(-1)?.opened(times);
    const counterOf = (chain: string) => socketCounter(() => this.#recorderOf(chain).sockets);
    this.#sender = new Sender(ports.clock, prepared.options, { onOpened, counterOf });
    this.#health = new HealthMeter(ports.clock, this.#sender, input.assignment.startAtMs);
  }

  async run(): Promise<Summary> {
    const { plan, assignment } = this.#input;
    const { tracks, recorders, handshakes } = workerTracks(
      this.#input,
      this.#prepared,
      this.#sender,
      this.#clock.nowMs(),
    );
    this.#recorders = recorders;
    const subscriptions = this.#subscribe();
    const beginAtMs = firstDueAtMs(tracks, assignment);
    subscriptions.start();
    const untilMs = assignment.startAtMs + assignment.fromMs - QUIET_MS;
    const goesOn = (): boolean => this.#clock.nowMs() < untilMs;
    const opened = openAhead(this.#sender, this.#input, { handshakes, subscribers: subscriptions.size, goesOn });
    await Promise.race([opened, delay(Math.max(0, untilMs - this.#clock.nowMs()))]);
    const readyMs = beginAtMs - this.#clock.nowMs();
    this.#health.take();

    const { watchdog: options } = this.#ports;
    this.#watchdog = startWatchdog({ name: assignment.id, ...options });
    const pacer = new Pacer(this.#clock, tracks);
    const flushTimer = setInterval(() => this.#flush(), flushMs(plan.durationMs));
    const pollTimer = setInterval(() => this.#poll(pacer), POLL_MS);
    this.#poll(pacer);
    this.#startLookups();
    this.#ports.told?.then((request) => this.#stop(pacer, request));
    await Promise.all([pacer.run(startWaker), subscriptions.ended()]);
    // The sender times out each request, so this ends.
    await Promise.race([this.#sender.drained(), this.#cutShort]);
    clearInterval(pollTimer);
    this.#stopLookups();
    clearInterval(flushTimer);
    this.#sender.close();
    this.#flush();
    this.#watchdog.close();
    await this.#flushing;
    return this.#summary(readyMs, beginAtMs);
  }

  /** Releases its resources; safe to call repeatedly. */
  close(): void {
    this.#sender.close();
    this.#health.close();
    this.#subscriptions?.stop();
    this.#stopLookups();
  }

  /** Creates this worker's subscribers, with a recorder for each of their chains. */
  #subscribe(): WorkerSubscriptions {
    const { plan, assignment } = this.#input;
    const recorderOf = (chain: string): Recorder => {
      const own = this.#measureOf(chain);
      if (own) return own;
      const made = new Recorder(chain, "measure", this.#intervalMs);
      this.#recorders.push(made);
      return made;
    };
    const parts = {
      ...{ assignment, options: this.#prepared.options, clock: this.#clock, seed: plan.seed },
      ...{ secret: this.#prepared.values.reveal, recorderOf, connections: this.#sender },
    };
    this.#subscriptions = new WorkerSubscriptions(chainsOf(plan, assignment), parts);
    return this.#subscriptions;
  }

  #startLookups(): void {
    for (const [chain, lookups] of this.#prepared.values.lookups) {
      lookups.start((name, outcome) => this.#measureOf(chain)?.lookedUp(name, outcome));
    }
  }

  #stopLookups(): void {
    for (const lookups of this.#prepared.values.lookups.values()) lookups.stop();
  }

  /** A chain's recorder for the measurement. */
  #measureOf(chain: string): Recorder | undefined {
    return this.#recorders.find((each) => each.chain === chain && each.phase === "measure");
  }

  /** A chain's recorder for the current phase. */
  #recorderOf(chain: string): Recorder {
    const own = this.#recorders.filter((recorder) => recorder.chain === chain);
    const phase = this.#clock.nowMs() < this.#input.assignment.startAtMs ? "warmup" : "measure";
    const recorder = own.find((each) => each.phase === phase) ?? own.at(-1);
    if (!recorder) throw new Error(`no request of chain ${chain} is due, and it has a connection`);
    return recorder;
  }

  #stop(pacer: Pacer, request: StopRequest): void {
    if (this.#outcome !== "completed") return;
    this.#outcome = request.reason;
    pacer.stop((track, from) => missRest(track, from, request));
    this.#subscriptions?.stop();
    this.#stopLookups();
    setTimeout(this.#cutOff, ABORT_DRAIN_MS);
  }

  #poll(pacer: Pacer): void {
    this.#ports
      .stopRequested()
      .then((request) => request && this.#stop(pacer, request))
      // If the store is unavailable, the next poll asks again: a failure says nothing about the run.
      .catch(() => {});
  }

  #flush(): void {
    const nowMs = this.#clock.nowMs() - this.#input.assignment.startAtMs;
    const series = this.#recorders.flatMap((recorder) => recorder.take(nowMs) ?? []);
    if (series.length > 0) {
      const chunk: Chunk = {
        ...this.#place(),
        sequence: this.#chunks.length + 1,
        series,
        ...(this.#stale.isAsked && { stale: this.#countStale(series) }),
        health: this.#takeHealth(),
      };
      this.#chunks.push(chunk);
      this.#unwritten.push(chunk);
    }
    this.#flushing = Promise.all([this.#flushing, this.#write()]);
  }

  #countStale(series: readonly Series[]): number {
    this.#stale.learn(series);
    return series.reduce((sum, each) => sum + this.#stale.count(each), 0);
  }

  #takeHealth(): Health {
    const frozenMs = this.#watchdog?.take() ?? 0;
    return { ...this.#health.take(), ...(frozenMs > 0 && { frozenMs }) };
  }

  /** Writes all unwritten chunks at once: in a slow store, one after another would take longer than sending them. */
  async #write(): Promise<void> {
    const write = async (chunk: Chunk): Promise<void> => {
      try {
        await this.#ports.emit(chunk);
      } catch {
        // The next flush tries again, and the summary contains it in any case.
        this.#unwritten.push(chunk);
      }
    };
    await Promise.all(this.#unwritten.splice(0).map(write));
  }

  /** The fields that identify a chunk or summary, and its time. */
  #place() {
    const { assignment, attempt, host } = this.#input;
    return {
      ...(host !== undefined && { host }),
      version: 2 as const,
      runId: assignment.runId,
      assignment: assignment.id,
      worker: assignment.worker,
      segment: assignment.segment,
      attempt,
      atMs: Math.round(this.#clock.nowMs() - assignment.startAtMs),
      intervalMs: this.#intervalMs,
    };
  }

  #summary(readyMs: number, beginAtMs: number): Summary {
    const { firstSentAtMs } = this.#sender;
    return {
      ...this.#place(),
      series: sumSeries(this.#chunks),
      outcome: this.#outcome,
      startSkewMs: firstSentAtMs === undefined ? null : round(firstSentAtMs - beginAtMs, 3),
      readyMs: Math.round(readyMs),
      health: this.#chunks.map(({ health }) => health),
    };
  }
}

/** Books the requests that a stopped worker will not send, up to the instant from which another worker sends. */
function missRest(track: Track, from: number, request: StopRequest): void {
  const { reason } = request;
  if (reason === "orphaned") return;
  const untilMs = reason === "superseded" ? request.joinsAtMs : Number.POSITIVE_INFINITY;
  const to = Math.min(track.to, track.schedule.dueBefore(untilMs - track.originMs));
  for (let n = from; n < to; n += track.of) {
    track.events.missed(track.originMs + track.schedule.dueAtMs(n), reason);
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((done) => {
    setTimeout(done, ms).unref();
  });
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
