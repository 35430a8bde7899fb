import { type Assignment, phaseRange } from "../plan/assign.ts";
import { countInShard, firstInShard } from "../plan/schedule.ts";
import type { Plan } from "../plan/schema.ts";
import { type Chunk, type Health, intervalMs, type Outcome, type Summary, sumSeries } from "./chunk.ts";
import type { Clock } from "./clock.ts";
import { Pacer, type Track } from "./pacer.ts";
import { type MissReason, Recorder } from "./recorder.ts";
import { prepareRequests } from "./requests.ts";
import { Sender } from "./sender.ts";
import { chainEvents } from "./track.ts";
import { startWaker } from "./waker.ts";
import { warmUp } from "./warmup.ts";

/** How often a worker asks whether it is to stop, in ms. */
export const POLL_MS = 400;

/**
 * How long a worker warms itself up where there is time, in ms: with ten workers on two cores that is
 * no more than some hundred requests each.
 */
const WARMUP_MS = 1_500;

/** The response time, in s, for which a worker opens connections ahead. */
const OPEN_AHEAD_S = 0.2;

/** How long a worker waits for responses after an abort, in ms. */
const ABORT_DRAIN_MS = 500;

/** How long a second attempt waits before it sends, in ms: by then the first has seen that it was superseded. */
const TAKEOVER_MS = 4 * POLL_MS;

/** What a worker needs from outside. */
export interface WorkerPorts {
  clock: Clock;
  /** Writes a chunk. A chunk that cannot be written is offered again at the next flush, before the next one. */
  emit(chunk: Chunk): Promise<void>;
  /** Whether the worker is to stop, and why. */
  stopRequested(): Promise<"aborted" | "superseded" | undefined>;
}

/** One invocation for an assignment. */
export interface AttackInput {
  plan: Plan;
  assignment: Assignment;
  /** 1 for the first invocation, one more for each that follows. */
  attempt: number;
}

/**
 * Sends an assignment's requests, each at its instant, and flushes what it recorded as chunks. Returns the summary of
 * them all. A later attempt joins the schedule at the present: what was due before is the earlier one's.
 */
export async function attack(input: AttackInput, ports: WorkerPorts): Promise<Summary> {
  const run = new WorkerRun(input, ports);
  return run.run();
}

class WorkerRun {
  readonly #input: AttackInput;
  readonly #ports: WorkerPorts;
  readonly #clock: Clock;
  readonly #sender: Sender;
  readonly #recorders: Recorder[] = [];
  readonly #intervalMs: number;
  readonly #chunks: Chunk[] = [];
  readonly #unwritten: Chunk[] = [];
  #flushing: Promise<void> = Promise.resolve();
  #firstSentAtMs: number | undefined;
  #outcome: Outcome = "completed";
  #cutOff: () => void = () => {};
  /** Resolves when an abort has waited long enough for responses. */
  readonly #cutShort = new Promise<void>((done) => {
    this.#cutOff = done;
  });
  #cpu = process.cpuUsage();
  #loop = performance.eventLoopUtilization();
  #measuredAtMs: number;

  constructor(input: AttackInput, ports: WorkerPorts) {
    this.#input = input;
    this.#ports = ports;
    this.#clock = ports.clock;
    this.#intervalMs = intervalMs(input.plan.durationMs);
    this.#sender = new Sender(ports.clock, input.plan);
    this.#measuredAtMs = ports.clock.nowMs();
  }

  async run(): Promise<Summary> {
    const { plan, assignment } = this.#input;
    const tracks = this.#tracks();
    const firstDueAtMs = Math.min(
      ...tracks.map((track) => track.originMs + track.schedule.dueAtMs(firstInShard(track.from, track))),
    );
    const rps = assignment.shares.reduce((sum, share) => sum + share.rps, 0);
    const spareMs = assignment.startAtMs + assignment.fromMs - this.#clock.nowMs();
    if (spareMs > 1_000) await warmUp(this.#clock, plan, Math.min(WARMUP_MS, spareMs - 600), rps);
    await this.#openConnections();
    const readyMs = firstDueAtMs - this.#clock.nowMs();
    this.#health();

    const pacer = new Pacer(this.#clock, tracks);
    const flushTimer = setInterval(() => this.#flush(), flushMs(plan.durationMs));
    const pollTimer = setInterval(() => this.#poll(pacer), POLL_MS);
    await pacer.run(startWaker);
    // The sender cuts each request off at the plan's timeout, so this ends.
    await Promise.race([this.#sender.drained(), this.#cutShort]);
    clearInterval(pollTimer);
    clearInterval(flushTimer);
    this.#sender.close();
    this.#flush();
    await this.#flushing;
    return this.#summary(readyMs, firstDueAtMs);
  }

  /** This assignment's part of each chain's schedule, in each phase that falls into its segment. */
  #tracks(): Track[] {
    const { plan, assignment, attempt } = this.#input;
    const joinAtMs = attempt === 1 ? -Infinity : this.#clock.nowMs() + TAKEOVER_MS;
    return assignment.shares.flatMap((share) =>
      (["warmup", "measure"] as const).flatMap((phase): Track[] => {
        const originMs = assignment.startAtMs - (phase === "warmup" ? plan.warmupMs : 0);
        const range = phaseRange(plan, assignment, share, phase);
        const from = Math.max(range.from, range.schedule.dueBefore(joinAtMs - originMs));
        const { shard, of } = share;
        if (countInShard({ shard, of, from, to: range.to }) === 0) return [];
        const { schedule, to } = range;
        const recorder = new Recorder(share.chain, phase, this.#intervalMs);
        this.#recorders.push(recorder);
        const events = this.#events(share.chain, recorder, originMs);
        return [{ schedule, originMs, shard, of, from, to, events }];
      }),
    );
  }

  #events(chainName: string, recorder: Recorder, originMs: number): Track["events"] {
    const { plan } = this.#input;
    const chain = plan.chains.find(({ name }) => name === chainName);
    if (!chain) throw new Error(`the plan has no chain ${chainName}`);
    return chainEvents({
      plan,
      chain,
      requests: prepareRequests(chain.targets, plan.keepalive),
      sender: this.#sender,
      recorder,
      originMs,
      onSend: (nowMs) => {
        this.#firstSentAtMs ??= nowMs;
      },
    });
  }

  /**
   * Opens as many connections as the plan says, or else as the load needs where a response takes 200 ms. Idle ones cost
   * the target little, while opening them when a target first stalls costs it, and the worker, the time that they need
   * to catch up.
   */
  async #openConnections(): Promise<void> {
    const { plan, assignment } = this.#input;
    const rates = new Map<string, number>();
    for (const share of assignment.shares) {
      const chain = plan.chains.find(({ name }) => name === share.chain);
      const origins = new Set(chain?.targets.map(({ url }) => new URL(url).origin));
      for (const origin of origins) rates.set(origin, (rates.get(origin) ?? 0) + share.rps / origins.size);
    }
    const counts = [...rates].map(([origin, rps]) => {
      const wanted = plan.connections === undefined ? rps * OPEN_AHEAD_S : plan.connections / rates.size;
      return [origin, Math.ceil(Math.min(plan.limits.inFlightPerWorker, wanted))] as const;
    });
    const mostMs = Math.max(0, assignment.startAtMs + assignment.fromMs - this.#clock.nowMs() - 100);
    const opened = Promise.all(counts.map(([origin, count]) => this.#sender.open(origin, count)));
    await Promise.race([opened, delay(mostMs)]);
  }

  #poll(pacer: Pacer): void {
    this.#ports
      .stopRequested()
      .then((reason) => {
        if (!reason || this.#outcome !== "completed") return;
        this.#outcome = reason;
        pacer.stop((track, from) => missRest(track, from, reason));
        setTimeout(this.#cutOff, ABORT_DRAIN_MS);
      })
      // A store that cannot be asked just now is asked again: it says nothing about the run.
      .catch(() => {});
  }

  #flush(): void {
    const series = this.#recorders.flatMap((recorder) => recorder.take() ?? []);
    if (series.length > 0) {
      const chunk: Chunk = {
        ...this.#place(),
        sequence: this.#chunks.length + 1,
        series,
        health: this.#health(),
      };
      this.#chunks.push(chunk);
      this.#unwritten.push(chunk);
    }
    this.#flushing = this.#flushing.then(() => this.#write());
  }

  async #write(): Promise<void> {
    while (this.#unwritten.length > 0) {
      const chunk = this.#unwritten[0] as Chunk;
      try {
        await this.#ports.emit(chunk);
      } catch {
        // It stays first in line: the next flush tries again, and the summary holds it in any case.
        return;
      }
      this.#unwritten.shift();
    }
  }

  #health(): Health {
    const nowMs = this.#clock.nowMs();
    const wallMs = Math.max(1, nowMs - this.#measuredAtMs);
    const cpu = process.cpuUsage(this.#cpu);
    const loop = performance.eventLoopUtilization(this.#loop);
    this.#measuredAtMs = nowMs;
    this.#cpu = process.cpuUsage();
    this.#loop = performance.eventLoopUtilization();
    return {
      cpu: round((cpu.user + cpu.system) / 1_000 / wallMs, 3),
      eventLoop: round(loop.utilization, 3),
      residentMb: round(process.memoryUsage.rss() / 2 ** 20, 1),
      inFlight: this.#sender.inFlight,
      connections: this.#sender.connections,
    };
  }

  /** Whose chunk or summary it is, and of when. */
  #place() {
    const { assignment, attempt } = this.#input;
    return {
      version: 1 as const,
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

/** Books what a stopped worker will not send, second by second. */
function missRest(track: Track, from: number, reason: MissReason): void {
  for (let n = from; n < track.to; n += track.of) {
    track.events.missed(track.originMs + track.schedule.dueAtMs(n), reason);
  }
}

/** How often a worker flushes, in ms: every 5 s; in a run of less than 100 s 20 times, but not below a second. */
export function flushMs(durationMs: number): number {
  return Math.min(5_000, Math.max(1_000, durationMs / 20));
}

function delay(ms: number): Promise<void> {
  return new Promise((done) => {
    setTimeout(done, ms).unref();
  });
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
