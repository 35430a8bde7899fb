import type { Chunk } from "../attack/chunk.ts";
import type { RunSchedule } from "../plan/runSchedule.ts";
import type { Plan } from "../plan/schema.ts";
import { abortKey, chunksPrefix, observationsKey, planKey, scheduleKey, summariesPrefix } from "../results/keys.ts";
import type { Store } from "../results/store.ts";
import { Breaker } from "./breaker.ts";
import { type Observations, readTruth } from "./observations.ts";

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
}

/**
 * Looks on at a run: trips the circuit breaker where the plan has one, and reads the stand-in gateway's counts before
 * and after. Resolves when all workers are done or should be, or when `callMs` are over.
 */
export async function watchRun(store: Store, runId: string, ports: WatchPorts): Promise<{ done: boolean }> {
  const plan = JSON.parse((await store.get(planKey(runId))) ?? "{}") as Plan;
  const schedule = JSON.parse((await store.get(scheduleKey(runId))) ?? "{}") as RunSchedule;
  const untilMs = ports.nowMs() + ports.callMs;
  const lastMs = schedule.endAtMs + plan.timeoutMs + GRACE_MS;
  await observe(store, runId, plan, "before");

  const breaker = plan.limits.breaker ? new Breaker(plan.limits.breaker) : undefined;
  const seen = new Set<string>();
  for (;;) {
    if (breaker) await tripIfNeeded(store, runId, breaker, seen, ports.nowMs());
    if (ports.nowMs() > lastMs || (await allDone(store, runId, schedule))) {
      await observe(store, runId, plan, "after");
      return { done: true };
    }
    if (ports.nowMs() + LOOK_MS > untilMs) return { done: false };
    await ports.sleep(LOOK_MS);
  }
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
  const reason = breaker.tripped();
  if (reason) await store.putIfAbsent(abortKey(runId), JSON.stringify({ reason, atMs }));
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
