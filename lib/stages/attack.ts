import { setTimeout as sleep } from "node:timers/promises";
import { attack } from "../attack/worker.ts";
import type { StopRequest } from "../attack/workerPorts.ts";
import { type Allowance, allowanceProblems, heldTo } from "../plan/allowance.ts";
import { type Assignment, foreignFields } from "../plan/assign.ts";
import { isStoppable } from "../plan/breaker.ts";
import { type Guards, guardProblems } from "../plan/guards.ts";
import { type OwnLines, withOwnLines } from "../plan/lines.ts";
import { InputError } from "../plan/problems.ts";
import type { Plan } from "../plan/schema.ts";
import type { Chunk, Summary } from "../results/chunk.ts";
import { tickKey } from "../results/ticks.ts";
import { TAKEOVER_MS } from "../schedule/tempo.ts";
import { systemClock } from "../store/clock.ts";
import { StoreClock } from "../store/clockError.ts";
import { abortKey, chunkKey, failureKey, leaseKey, linesKey, planKey, searchOf, summaryKey } from "../store/keys.ts";
import type { LastWordsPlace } from "../store/lastWords.ts";
import { takeLease } from "../store/lease.ts";
import { requireJson, type Store } from "../store/store.ts";

/** A worker's clock is left unchanged for this long before its first request, in ms. */
const CLOCK_SPARE_MS = 1_000;

/** A worker's external dependencies. */
export interface AttackPorts {
  /** Resolves a reference to a secret. */
  secret(reference: string): Promise<string>;
  /** Where a thread without a store can put an object. */
  placeOf(key: string): Promise<LastWordsPlace>;
  /** Called with each chunk once it is in the store. */
  flushed?(chunk: Chunk, startAtMs: number): void;
  /** Resolves when the caller of this worker wants it to stop. */
  told: Promise<StopRequest>;
  /** The deployment's guards, if there is a deployment. */
  deployed?: Guards;
  /** The host that the worker runs on, if it belongs to a fleet. */
  host?: string;
}

/** A worker's input. */
export interface AttackCall {
  assignment: Assignment;
  /** The execution's run, or its trial. The list of assignments is read from the store and may name a different one. */
  runId?: string;
  /** What the person who started the run allowed, set by a runner on this machine. */
  allowance?: Allowance;
}

/** Sends one assignment's requests. If an error ends it, the error is kept in the store for the report. */
export async function attackTask(store: Store, input: AttackCall, ports: AttackPorts) {
  const { assignment } = input;
  try {
    return await attackOnce(store, input, ports);
  } catch (error) {
    const key = failureKey(assignment.runId, assignment.id, Date.now());
    await store.put(key, (error as Error).message).catch(() => {});
    throw error;
  }
}

async function attackOnce(store: Store, input: AttackCall, ports: AttackPorts) {
  const { assignment } = input;
  const { id, runId } = assignment;
  const clock = new StoreClock(store, planKey(runId), systemClock, sleep);
  const [plan] = await Promise.all([readPlan(store, input), clock.begin()]);
  refuseChanged(plan, input, ports.deployed);
  const beginsAtMs = assignment.startAtMs + assignment.fromMs - plan.warmupMs - CLOCK_SPARE_MS;
  await clock.settle(beginsAtMs);
  const joinsAtMs = clock.nowMs() + TAKEOVER_MS;
  const attempt = await takeLease(store, runId, id, joinsAtMs);
  const { host, deployed, secret, told } = ports;
  // Uses the time left before the first request to improve the clock estimate.
  const narrowing = clock.narrow(beginsAtMs);
  const lastWords = await ports.placeOf(failureKey(runId, id, clock.nowMs()));
  const summary = await attack(
    { plan, assignment, attempt, joinsAtMs, ...(host !== undefined && { host }) },
    {
      clock,
      emit: async (chunk) => {
        const key = chunkKey(runId, id, attempt, chunk.sequence);
        // Ticks are only read by what can stop the run.
        const tick = isStoppable(plan) && store.put(tickKey(chunk, assignment.startAtMs), "");
        await Promise.all([store.put(key, JSON.stringify(chunk)), tick]);
        ports.flushed?.(chunk, assignment.startAtMs);
      },
      stopRequested: stopQuestion(store, assignment, attempt),
      told,
      secret,
      ...(deployed && { deployed }),
      watchdog: { lastWords },
    },
  );
  await narrowing;
  const whole: Summary = { ...summary, clock: clock.error() };
  await store.put(summaryKey(runId, id, attempt), JSON.stringify(whole));
  return { assignment: id, outcome: summary.outcome };
}

/** The plan, with the lines that this assignment sends. */
async function readPlan(store: Store, { assignment, allowance }: AttackCall): Promise<Plan> {
  const { id, runId, shares } = assignment;
  const stored = await requireJson<Plan>(store, planKey(runId));
  const isApart = stored.chains.some(({ name, apart }) => apart && shares.some(({ chain }) => chain === name));
  const own = isApart ? await requireJson<OwnLines[]>(store, linesKey(runId, id)) : [];
  return heldTo(withOwnLines(stored, own), allowance);
}

/**
 * Throws an InputError if the plan or the assignment in the store is not what Plan wrote within the deployment's
 * guards. Whatever was changed since, the load goes to no other host, and is no faster and no longer.
 */
function refuseChanged(plan: Plan, { assignment, runId, allowance }: AttackCall, deployed: Guards | undefined): void {
  const problems = deployed ? guardProblems(plan, deployed, Number.POSITIVE_INFINITY) : [];
  if (allowance) problems.push(...allowanceProblems(plan, allowance));
  problems.push(...foreignFields(plan, assignment));
  if (runId !== undefined && runId !== assignment.runId) {
    problems.push({ where: "the assignment's run", found: assignment.runId, expected: runId });
  }
  if (problems.length > 0) throw new InputError("the run's plan in the store", problems);
}

/**
 * Returns a function that polls the store for whether an attempt should stop: its run or its search was aborted, or a
 * later attempt took over.
 */
function stopQuestion(store: Store, { id, runId }: Assignment, attempt: number) {
  const search = searchOf(runId);
  const askAborts = [runId, search].flatMap((each) => (each === undefined ? [] : [store.poll(abortKey(each))]));
  const askLease = store.poll(leaseKey(runId, id, attempt + 1));
  return async (): Promise<StopRequest | undefined> => {
    const [lease, ...aborts] = await Promise.all([askLease(), ...askAborts.map((ask) => ask())]);
    if (aborts.some((flag) => flag !== undefined)) return { reason: "aborted" };
    if (lease === undefined) return undefined;
    const { kill = false, joinsAtMs } = JSON.parse(lease) as { kill?: boolean; joinsAtMs: number };
    // For a deployment's acceptance test: this worker must end like a killed one, without writing anything.
    if (kill) process.kill(process.pid, "SIGKILL");
    return { reason: "superseded", joinsAtMs };
  };
}
