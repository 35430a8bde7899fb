import type { ConnectionOptions, OpeningMs } from "../http/connection.ts";
import type { Handshake } from "../http/request.ts";
import { type Secure, secureOf } from "../http/secure.ts";
import { phaseRange, requestNumbers } from "../plan/assign.ts";
import { takesBlock } from "../plan/blockAge.ts";
import { connectProblems } from "../plan/connect.ts";
import { hostProblems, originsOf, targetGuard } from "../plan/hosts.ts";
import { isWebSocketUrl } from "../plan/httpUrl.ts";
import { SECRET_REFERENCE } from "../plan/placeholders.ts";
import { InputError } from "../plan/problems.ts";
import type { Chain } from "../plan/schema.ts";
import { referencesOf } from "../plan/secretReferences.ts";
import { addressesOf } from "../plan/subscriptions.ts";
import { StaleBlocks } from "../results/blocks.ts";
import { type Chunk, type Health, intervalMs, type Outcome, type Series, type Summary } from "../results/chunk.ts";
import { sumSeries } from "../results/seriesSum.ts";
import { countInShard, firstInShard } from "../schedule/schedule.ts";
import { ABORT_DRAIN_MS, flushMs, POLL_MS, TAKEOVER_MS } from "../schedule/tempo.ts";
import type { Clock } from "../store/clock.ts";
import { socketCounter } from "../ws/socketCounts.ts";
import { HealthMeter } from "./health.ts";
import { Lookups } from "./lookups.ts";
import { needsBlock, newestBlock } from "./newestBlock.ts";
import { Pacer, type Track } from "./pacer.ts";
import { Recorder } from "./recorder.ts";
import { plainSecret, prepareChain } from "./requests.ts";
import { Sender } from "./sender.ts";
import { TAKE_OVER_AHEAD_MS, WorkerSubscriptions } from "./subscriptions.ts";
import { chainEvents } from "./track.ts";
import { startWaker } from "./waker.ts";
import { warmUp } from "./warmup.ts";
import { startWatchdog, type Watchdog } from "./watchdog.ts";
import type { AttackInput, StopRequest, WorkerPorts } from "./workerPorts.ts";

/** The response time, in s, assumed for the number of connections opened in advance. */
const OPEN_AHEAD_S = 0.2;

/** WebSockets per chain if the plan does not set a number: each carries many calls. */
const SOCKETS = 10;

/**
 * Sends an assignment's requests, each when it is due, and flushes the recorded results as chunks. Returns the summary
 * of all chunks. A later attempt joins the schedule at the present: requests due before that belong to the earlier
 * attempt.
 */
export async function attack(input: AttackInput, ports: WorkerPorts): Promise<Summary> {
  const forbidden = [
    ...hostProblems(input.plan, ports.deployed),
    ...(ports.deployed ? connectProblems(input.plan, ports.deployed) : []),
  ];
  if (forbidden.length > 0) throw new InputError("the run's plan", forbidden);
  const { tls } = input.plan;
  const secret = ports.secret ?? (async (reference) => Promise.reject(noSecrets(reference)));
  const secure = tls && (await secureOf(tls, secret));
  const run = new WorkerRun(input, ports, secure);
  // Whatever the outcome: a process that continues must not keep its timers and connections.
  return run.run().finally(() => run.close());
}

class WorkerRun {
  readonly #input: AttackInput;
  readonly #ports: WorkerPorts;
  readonly #clock: Clock;
  readonly #options: ConnectionOptions;
  readonly #sender: Sender;
  readonly #recorders: Recorder[] = [];
  /** The handshakes of the chains' WebSockets. */
  readonly #handshakes: Handshake[] = [];
  readonly #stale: StaleBlocks;
  readonly #intervalMs: number;
  readonly #chunks: Chunk[] = [];
  /** What is to be written by the next flush. */
  readonly #unwritten: Chunk[] = [];
  #flushing: Promise<unknown> = Promise.resolve();
  #firstSentAtMs: number | undefined;
  #outcome: Outcome = "completed";
  #cutOff: () => void = () => {};
  /** Resolves when an abort has waited long enough for responses. */
  readonly #cutShort = new Promise<void>((done) => {
    this.#cutOff = done;
  });
  readonly #health: HealthMeter;
  #watchdog: Watchdog | undefined;
  #subscriptions: WorkerSubscriptions | undefined;
  readonly #blocks = new Map<string, number>();
  /** By chain. */
  readonly #lookups = new Map<string, Lookups>();
  readonly #secrets = new Map<string, string>();

  constructor(input: AttackInput, ports: WorkerPorts, secure: Secure | undefined) {
    this.#input = input;
    this.#ports = ports;
    this.#clock = ports.clock;
    this.#stale = new StaleBlocks(input.plan);
    this.#intervalMs = intervalMs(input.plan.durationMs);
    const guard = targetGuard(input.plan, ports.deployed);
    this.#options = { ...input.plan, guard, ...(secure && { secure }) };
    const onOpened = (times: OpeningMs): void => this.#recorders.at(-1)?.opened(times);
    const counterOf = (chain: string) => socketCounter(() => this.#recorderOf(chain).sockets);
    this.#sender = new Sender(ports.clock, this.#options, { onOpened, counterOf });
    this.#health = new HealthMeter(ports.clock, this.#sender, input.assignment.startAtMs);
  }

  async run(): Promise<Summary> {
    const { plan, assignment } = this.#input;
    await this.#prepare();
    const tracks = this.#tracks();
    const subscriptions = this.#subscribe();
    const firstDueAtMs = this.#firstDueAtMs(tracks);
    const rps = assignment.shares.reduce((sum, share) => sum + share.rps, 0);
    const spareMs = assignment.startAtMs + assignment.fromMs - this.#clock.nowMs();
    const aheadMs = subscriptions.isEmpty || assignment.segment === 0 ? 600 : TAKE_OVER_AHEAD_MS + 600;
    if (spareMs > aheadMs + 400) await warmUp(this.#clock, plan, spareMs - aheadMs, rps);
    subscriptions.start();
    await this.#openConnections();
    const readyMs = firstDueAtMs - this.#clock.nowMs();
    this.#health.take();

    const { watchdog: options } = this.#ports;
    this.#watchdog = startWatchdog({ name: assignment.id, ...options });
    const pacer = new Pacer(this.#clock, tracks);
    const flushTimer = setInterval(() => this.#flush(), flushMs(plan.durationMs));
    const pollTimer = setInterval(() => this.#poll(pacer), POLL_MS);
    this.#poll(pacer);
    for (const lookups of this.#lookups.values()) lookups.start();
    this.#ports.told?.then((request) => this.#stop(pacer, request));
    await Promise.all([pacer.run(startWaker), subscriptions.ended()]);
    // The sender times out each request, so this ends.
    await Promise.race([this.#sender.drained(), this.#cutShort]);
    clearInterval(pollTimer);
    for (const lookups of this.#lookups.values()) lookups.stop();
    clearInterval(flushTimer);
    this.#sender.close();
    this.#flush();
    this.#watchdog.close();
    await this.#flushing;
    return this.#summary(readyMs, firstDueAtMs);
  }

  /** Releases its resources; safe to call repeatedly. */
  close(): void {
    this.#sender.close();
    this.#health.close();
    this.#subscriptions?.stop();
    for (const lookups of this.#lookups.values()) lookups.stop();
  }

  /** Creates this worker's subscribers, with a recorder for each of their chains. */
  #subscribe(): WorkerSubscriptions {
    const { plan, assignment } = this.#input;
    const recorderOf = (chain: string): Recorder => {
      const own = this.#recorders.find((each) => each.chain === chain && each.phase === "measure");
      if (own) return own;
      const made = new Recorder(chain, "measure", this.#intervalMs);
      this.#recorders.push(made);
      return made;
    };
    const secret = (reference: string): string => this.#reveal(reference);
    const parts = {
      ...{ assignment, options: this.#options, clock: this.#clock, seed: plan.seed },
      ...{ secret, recorderOf, connections: this.#sender },
    };
    this.#subscriptions = new WorkerSubscriptions(this.#chains(), parts);
    return this.#subscriptions;
  }

  /** When the first request is due; if the worker has none, when its segment begins. */
  #firstDueAtMs(tracks: readonly Track[]): number {
    const { startAtMs, fromMs } = this.#input.assignment;
    if (tracks.length === 0) return startAtMs + fromMs;
    return Math.min(...tracks.map((track) => track.originMs + track.schedule.dueAtMs(firstInShard(track.from, track))));
  }

  /** Fetches what requests need beyond the plan: secrets, and the newest blocks. */
  async #prepare(): Promise<void> {
    const { plan } = this.#input;
    for (const chain of this.#chains()) {
      for (const reference of addressesOf(chain).flatMap(referencesOf)) {
        if (this.#secrets.has(reference)) continue;
        if (!this.#ports.secret) throw noSecrets(reference);
        this.#secrets.set(reference, plainSecret(reference, await this.#ports.secret(reference)));
      }
      if (needsBlock(chain) || (plan.blockAges && chain.targets.some(({ body = "" }) => takesBlock(body)))) {
        this.#blocks.set(chain.name, await newestBlock(chain, this.#options, (text) => this.#reveal(text)));
      }
      if (chain.lookups) await this.#lookUp(chain);
    }
  }

  /** Makes a chain's lookups for the first time. */
  async #lookUp(chain: Chain): Promise<void> {
    const lookups = new Lookups(chain, {
      options: this.#options,
      secret: (reference) => this.#reveal(reference),
      onCall: (name, outcome) => {
        const own = this.#recorders.find((each) => each.chain === chain.name && each.phase === "measure");
        own?.lookedUp(name, outcome);
      },
    });
    this.#lookups.set(chain.name, lookups);
    await lookups.first();
  }

  /** A chain's recorder for the current phase. */
  #recorderOf(chain: string): Recorder {
    const own = this.#recorders.filter((recorder) => recorder.chain === chain);
    const phase = this.#clock.nowMs() < this.#input.assignment.startAtMs ? "warmup" : "measure";
    const recorder = own.find((each) => each.phase === phase) ?? own.at(-1);
    if (!recorder) throw new Error(`no request of chain ${chain} is due, and it has a connection`);
    return recorder;
  }

  #reveal(value: string): string {
    return value.replace(SECRET_REFERENCE, (reference) => this.#secrets.get(reference) ?? reference);
  }

  /** The chains that this worker sends to. */
  #chains(): Chain[] {
    const { plan, assignment } = this.#input;
    return assignment.shares.map(({ chain: wanted }) => {
      const chain = plan.chains.find(({ name }) => name === wanted);
      if (!chain) throw new Error(`the plan has no chain ${wanted}`);
      return chain;
    });
  }

  /** This assignment's part of each chain's schedule, in each phase that overlaps its segment. */
  #tracks(): Track[] {
    const { plan, assignment, attempt, joinsAtMs } = this.#input;
    const joinAtMs = attempt === 1 ? -Infinity : (joinsAtMs ?? this.#clock.nowMs() + TAKEOVER_MS);
    const chains = this.#chains();
    return assignment.shares.flatMap((share, index) => {
      const chain = chains[index] as Chain;
      const block = this.#blocks.get(chain.name);
      const lookups = this.#lookups.get(chain.name);
      const requests = prepareChain(chain, {
        keepalive: plan.keepalive,
        http: plan.http,
        seed: plan.seed,
        ...(block !== undefined && { block }),
        ...(lookups && { lookups: lookups.values }),
        ...(plan.blockAges && { blockAges: plan.blockAges }),
        secret: (reference) => this.#reveal(reference),
      });
      this.#handshakes.push(...requests.handshakes);
      return (["warmup", "measure"] as const).flatMap((phase): Track[] => {
        const originMs = assignment.startAtMs - (phase === "warmup" ? plan.warmupMs : 0);
        const range = phaseRange(plan, assignment, share, phase);
        const from = Math.max(range.from, range.schedule.dueBefore(joinAtMs - originMs));
        const { shard, of } = share;
        if (countInShard({ shard, of, from, to: range.to }) === 0) return [];
        const secrets = [...this.#secrets.values()];
        const options = {
          timings: plan.timings,
          targets: chain.apart?.targets ?? chain.targets.length,
          secrets,
          nodeHeader: plan.nodeHeader,
          countsAdmissions: phase === "measure" && plan.profile.type === "limit",
        };
        const recorder = new Recorder(chain.name, phase, this.#intervalMs, options);
        this.#recorders.push(recorder);
        const onSend = (nowMs: number): void => {
          this.#firstSentAtMs ??= nowMs;
        };
        const part = { shard, of, from, to: range.to };
        const { [chain.name]: first } = this.#input.firstNumbers ?? {};
        const numberOf =
          first === undefined
            ? requestNumbers(plan, chain, phase, assignment.region)
            : (n: number): number => first + n;
        const parts = {
          plan,
          requests,
          range: part,
          numberOf,
          sender: this.#sender,
          recorder,
          originMs,
          onSend,
        };
        return [{ schedule: range.schedule, originMs, ...part, events: chainEvents(parts) }];
      });
    });
  }

  /**
   * Opens as many connections as the plan sets, or else as many as the load needs at a response time of 200 ms. Idle
   * ones cost the target little. Opening them only when a target first stalls would cost the target and the worker the
   * time they need to catch up.
   */
  async #openConnections(): Promise<void> {
    const { plan, assignment } = this.#input;
    const rates = new Map<string, number>();
    for (const share of assignment.shares) {
      const chain = plan.chains.find(({ name }) => name === share.chain);
      const targets = chain?.targets.filter(({ url }) => !isWebSocketUrl(url)) ?? [];
      const origins = new Set(targets.flatMap(({ url }) => originsOf(url, chain?.data)));
      for (const origin of origins) rates.set(origin, (rates.get(origin) ?? 0) + share.rps / origins.size);
    }
    const places = rates.size + this.#handshakes.length;
    // Each subscriber needs a connection too, and connects later.
    const left = Math.max(places, this.#sender.count.most - (this.#subscriptions?.size ?? 0));
    const most = Math.min(plan.limits.inFlightPerWorker, left / places);
    const counts = [...rates].map(([origin, rps]) => {
      const wanted = plan.connections === undefined ? rps * OPEN_AHEAD_S : plan.connections / places;
      return [origin, Math.ceil(Math.min(most, wanted))] as const;
    });
    const mostMs = Math.max(0, assignment.startAtMs + assignment.fromMs - this.#clock.nowMs() - 100);
    const sockets = Math.ceil(Math.min(most, plan.connections === undefined ? SOCKETS : plan.connections / places));
    const opened = Promise.all([
      ...counts.map(([origin, count]) => this.#sender.open(origin, count)),
      ...this.#handshakes.map((handshake) => this.#sender.open(handshake, sockets)),
    ]);
    await Promise.race([opened, delay(mostMs)]);
  }

  #stop(pacer: Pacer, request: StopRequest): void {
    if (this.#outcome !== "completed") return;
    this.#outcome = request.reason;
    pacer.stop((track, from) => missRest(track, from, request));
    this.#subscriptions?.stop();
    for (const lookups of this.#lookups.values()) lookups.stop();
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

  #summary(readyMs: number, firstDueAtMs: number): Summary {
    return {
      ...this.#place(),
      series: sumSeries(this.#chunks),
      outcome: this.#outcome,
      startSkewMs: this.#firstSentAtMs === undefined ? null : round(this.#firstSentAtMs - firstDueAtMs, 3),
      readyMs: Math.round(readyMs),
      health: this.#chunks.map(({ health }) => health),
    };
  }
}

function noSecrets(reference: string): Error {
  return new Error(`there is no store of secrets for ${reference}`);
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
