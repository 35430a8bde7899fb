import { setTimeout as sleep } from "node:timers/promises";
import { attack, type StopRequest, TAKEOVER_MS } from "../lib/attack/worker.ts";
import type { ProcessContext } from "../lib/local/functionHost.ts";
import type { Assignment } from "../lib/plan/assign.ts";
import { breakerOf } from "../lib/plan/breaker.ts";
import { type ReplayPart, withReplayParts } from "../lib/plan/replayParts.ts";
import type { Plan } from "../lib/plan/schema.ts";
import type { Summary } from "../lib/results/chunk.ts";
import { tickKey } from "../lib/results/ticks.ts";
import { systemClock } from "../lib/store/clock.ts";
import { StoreClock } from "../lib/store/clockError.ts";
import {
  abortKey,
  chunkKey,
  failureKey,
  leaseKey,
  planKey,
  replayPartsKey,
  searchOf,
  summaryKey,
} from "../lib/store/keys.ts";
import { takeLease } from "../lib/store/lease.ts";
import type { Store } from "../lib/store/store.ts";
import { deployedFile, deployedGuards, deployedSecret, deployedStore, readJson } from "./environment.ts";

/** How long before its first request a worker's clock is left as it is, in ms. */
const CLOCK_SPARE_MS = 1_000;

interface AttackEvent {
  assignment: Assignment;
}

/**
 * Sends one assignment's requests. An error that ends it is written down, for the report to say it. In a process of a
 * runner or a host it stops when that says so, or is gone.
 */
export async function handler({ assignment }: AttackEvent, context?: ProcessContext) {
  const told = new Promise<StopRequest>((tell) => {
    context?.onLifeline?.((word) => tell({ reason: word === "stop" ? "aborted" : "orphaned" }));
  });
  const store = await deployedStore();
  try {
    return await attackOnce(store, assignment, told);
  } catch (error) {
    const key = failureKey(assignment.runId, assignment.id, Date.now());
    await store.put(key, (error as Error).message).catch(() => {});
    throw error;
  }
}

async function attackOnce(store: Store, assignment: Assignment, told: Promise<StopRequest>) {
  const { id, runId } = assignment;
  const clock = new StoreClock(store, planKey(runId), systemClock, sleep);
  const [stored] = await Promise.all([readJson<Plan>(store, planKey(runId)), clock.begin()]);
  const isApart = stored.chains.some(({ name, areLinesApart }) => {
    return areLinesApart && assignment.shares.some(({ chain }) => chain === name);
  });
  const parts = isApart ? await readJson<ReplayPart[]>(store, replayPartsKey(runId, id)) : [];
  const plan = withReplayParts(stored, assignment, parts);
  const deployed = deployedGuards();
  const search = searchOf(runId);
  const beginsAtMs = assignment.startAtMs + assignment.fromMs - plan.warmupMs - CLOCK_SPARE_MS;
  await clock.settle(beginsAtMs);
  const joinsAtMs = clock.nowMs() + TAKEOVER_MS;
  const attempt = await takeLease(store, runId, id, joinsAtMs);
  const { VOLLEY_HOST: host } = process.env;
  // What is left of the time before the first request also goes into knowing the clock better.
  const narrowing = clock.narrow(beginsAtMs);
  // Whoever stops a search stops the trial that is on.
  const askAborts = [runId, search].flatMap((each) => (each === undefined ? [] : [store.poll(abortKey(each))]));
  const askLease = store.poll(leaseKey(runId, id, attempt + 1));
  const lastWords = deployedFile(failureKey(runId, id, clock.nowMs()));
  const summary = await attack(
    { plan, assignment, attempt, joinsAtMs, ...(host !== undefined && { host }) },
    {
      clock,
      emit: async (chunk) => {
        await store.put(chunkKey(runId, id, attempt, chunk.sequence), JSON.stringify(chunk));
        // Only the breaker goes by these.
        if (breakerOf(plan)) await store.put(tickKey(chunk, assignment.startAtMs), "");
      },
      stopRequested: async () => {
        const [lease, ...aborts] = await Promise.all([askLease(), ...askAborts.map((ask) => ask())]);
        if (aborts.some((flag) => flag !== undefined)) return { reason: "aborted" };
        return lease === undefined
          ? undefined
          : { reason: "superseded", ...(JSON.parse(lease) as { joinsAtMs: number }) };
      },
      told,
      secret: deployedSecret,
      ...(deployed && { deployed }),
      ...(lastWords !== undefined && { watchdog: { file: lastWords } }),
    },
  );
  await narrowing;
  const whole: Summary = { ...summary, clock: clock.error() };
  await store.put(summaryKey(runId, id, attempt), JSON.stringify(whole));
  return { assignment: id, outcome: summary.outcome };
}
