import { setTimeout as sleep } from "node:timers/promises";
import { attack, type StopRequest, TAKEOVER_MS } from "../attack/worker.ts";
import type { Assignment } from "../plan/assign.ts";
import { isStoppable } from "../plan/breaker.ts";
import type { DeployedHosts } from "../plan/hosts.ts";
import { type ReplayPart, withReplayParts } from "../plan/replayParts.ts";
import type { Plan } from "../plan/schema.ts";
import type { Summary } from "../results/chunk.ts";
import { tickKey } from "../results/ticks.ts";
import { systemClock } from "../store/clock.ts";
import { StoreClock } from "../store/clockError.ts";
import {
  abortKey,
  chunkKey,
  failureKey,
  leaseKey,
  planKey,
  replayPartsKey,
  searchOf,
  summaryKey,
} from "../store/keys.ts";
import { takeLease } from "../store/lease.ts";
import { requireJson, type Store } from "../store/store.ts";

/** How long before its first request a worker's clock is left as it is, in ms. */
const CLOCK_SPARE_MS = 1_000;

/** What a worker needs from outside. */
export interface AttackPorts {
  /** The value of a reference to a secret. */
  secret(reference: string): Promise<string>;
  /** The file that an object is kept in, for what a process writes that cannot wait; undefined where there is none. */
  fileOf(key: string): string | undefined;
  /** Resolves when whoever called this worker wants it to stop. */
  told: Promise<StopRequest>;
  /** What the deployment allows, where there is one. */
  deployed?: DeployedHosts;
  /** The host that the worker runs on, where it is one of a fleet. */
  host?: string;
}

/** Sends one assignment's requests. An error that ends it is kept in the store, where the report finds it. */
export async function attackTask(store: Store, assignment: Assignment, ports: AttackPorts) {
  try {
    return await attackOnce(store, assignment, ports);
  } catch (error) {
    const key = failureKey(assignment.runId, assignment.id, Date.now());
    await store.put(key, (error as Error).message).catch(() => {});
    throw error;
  }
}

async function attackOnce(store: Store, assignment: Assignment, ports: AttackPorts) {
  const { id, runId } = assignment;
  const clock = new StoreClock(store, planKey(runId), systemClock, sleep);
  const [plan] = await Promise.all([readPlan(store, assignment), clock.begin()]);
  const beginsAtMs = assignment.startAtMs + assignment.fromMs - plan.warmupMs - CLOCK_SPARE_MS;
  await clock.settle(beginsAtMs);
  const joinsAtMs = clock.nowMs() + TAKEOVER_MS;
  const attempt = await takeLease(store, runId, id, joinsAtMs);
  const { host, deployed, secret, told } = ports;
  // What is left of the time before the first request also goes into knowing the clock better.
  const narrowing = clock.narrow(beginsAtMs);
  const lastWords = ports.fileOf(failureKey(runId, id, clock.nowMs()));
  const summary = await attack(
    { plan, assignment, attempt, joinsAtMs, ...(host !== undefined && { host }) },
    {
      clock,
      emit: async (chunk) => {
        await store.put(chunkKey(runId, id, attempt, chunk.sequence), JSON.stringify(chunk));
        // Only what may stop the run goes by these.
        if (isStoppable(plan)) await store.put(tickKey(chunk, assignment.startAtMs), "");
      },
      stopRequested: stopQuestion(store, assignment, attempt),
      told,
      secret,
      ...(deployed && { deployed }),
      ...(lastWords !== undefined && { watchdog: { file: lastWords } }),
    },
  );
  await narrowing;
  const whole: Summary = { ...summary, clock: clock.error() };
  await store.put(summaryKey(runId, id, attempt), JSON.stringify(whole));
  return { assignment: id, outcome: summary.outcome };
}

/** The plan, with the lines of replays that this assignment sends. */
async function readPlan(store: Store, assignment: Assignment): Promise<Plan> {
  const { id, runId, shares } = assignment;
  const stored = await requireJson<Plan>(store, planKey(runId));
  const isApart = stored.chains.some(({ name, areLinesApart }) => {
    return areLinesApart && shares.some(({ chain }) => chain === name);
  });
  const parts = isApart ? await requireJson<ReplayPart[]>(store, replayPartsKey(runId, id)) : [];
  return withReplayParts(stored, assignment, parts);
}

/** Asks the store whether an attempt is to stop: its run or its search was aborted, or a later attempt took over. */
function stopQuestion(store: Store, { id, runId }: Assignment, attempt: number) {
  const search = searchOf(runId);
  const askAborts = [runId, search].flatMap((each) => (each === undefined ? [] : [store.poll(abortKey(each))]));
  const askLease = store.poll(leaseKey(runId, id, attempt + 1));
  return async (): Promise<StopRequest | undefined> => {
    const [lease, ...aborts] = await Promise.all([askLease(), ...askAborts.map((ask) => ask())]);
    if (aborts.some((flag) => flag !== undefined)) return { reason: "aborted" };
    return lease === undefined ? undefined : { reason: "superseded", ...(JSON.parse(lease) as { joinsAtMs: number }) };
  };
}
