import { nextTrial, type TrialLoad } from "../capacity/search.ts";
import { LONGEST_TRIAL_MS } from "../plan/allowance.ts";
import type { Chain, Plan } from "../plan/schema.ts";
import { MIN_SAMPLES_ABOVE, SLO_PERCENTILES } from "../plan/sloPercentiles.ts";
import { isSearchedForSubscribers, scaledTo } from "../plan/subscriptions.ts";
import { searchSettings } from "../report/capacity.ts";
import { seedOf } from "../schedule/random.ts";
import { planKey, searchKey, trialId } from "../store/keys.ts";
import type { RunContext } from "../store/runContext.ts";
import type { Store } from "../store/store.ts";
import { type Planned, planRun, type StartTimes } from "./planRun.ts";

/** Plans a search's first trial. */
export async function planSearch(store: Store, runId: string, plan: Plan, times: StartTimes): Promise<Planned> {
  await store.put(planKey(runId), JSON.stringify(plan));
  await store.put(searchKey(runId), "[]");
  const load = nextTrial(searchSettings(plan), []);
  if (!load) throw new Error("a search without chains");
  return planTrial({ store, runId, plan }, load, 1, times);
}

/** Plans the search's trial with this number. */
export async function planTrial(
  { store, runId, plan }: RunContext,
  load: TrialLoad,
  number: number,
  times: StartTimes,
): Promise<Planned> {
  const coolDownMs = number > 1 && plan.profile.type === "search" ? plan.profile.coolDown : 0;
  const trial = trialPlan(plan, load, number);
  return planRun(store, trialId(runId, number), trial, { ...times, nowMs: times.nowMs + coolDownMs });
}

/** A trial waits this many times the slowest allowed response time, but at least the minimum. */
const PATIENCE = 8;
const MIN_TIMEOUT_MS = 2_000;

/**
 * A trial as a separate plan: a constant rate, for as long as its percentiles need. Its seed differs from those of
 * earlier trials, whose random values are already in the target's caches.
 */
function trialPlan(plan: Plan, { load }: TrialLoad, number: number): Plan {
  const { slo, limits } = plan;
  const chains = plan.chains.flatMap((chain) => {
    const own = load[chain.name];
    return own === undefined ? [] : [loadedChain(plan, chain, own)];
  });
  const limited = SLO_PERCENTILES.filter(({ field }) => slo[field] !== undefined);
  const strictest = Math.min(0.5, ...limited.map(({ above }) => above));
  const slowestMs = Math.max(0, ...limited.map(({ field }) => slo[field] ?? 0));
  const rates = chains.flatMap(({ rps }) => (rps > 0 ? [rps] : []));
  const neededMs = rates.length === 0 ? 0 : (MIN_SAMPLES_ABOVE / strictest / Math.min(...rates)) * 1_000;
  const rampMs = longestRampMs(chains);
  const steadyMs = plan.durationMs - longestRampMs(plan.chains);
  const { workers: _, ...rest } = plan;
  return {
    ...rest,
    chains,
    seed: seedOf(`trial ${number}`, plan.seed),
    profile: { type: "constant" },
    durationMs: Math.round(Math.min(LONGEST_TRIAL_MS, Math.max(plan.durationMs, neededMs, rampMs + steadyMs))),
    warmupMs: 0,
    timeoutMs: Math.min(plan.timeoutMs, Math.max(MIN_TIMEOUT_MS, PATIENCE * slowestMs)),
    limits: { ...limits, breaker: limits.breaker ?? { errorRatio: 0.5, window: 2_000 } },
  };
}

/** A chain at a load of the search. Subscribers connect in time for the trial's longest measurement. */
function loadedChain(plan: Plan, chain: Chain, load: number): Chain {
  if (!isSearchedForSubscribers(plan, chain)) return { ...chain, rps: load };
  const mostRampMs = LONGEST_TRIAL_MS / 2;
  const subscriptions = scaledTo(load, chain.subscriptions ?? []);
  return {
    ...chain,
    subscriptions: subscriptions.map((each) => ({ ...each, rampMs: Math.min(each.rampMs, mostRampMs) })),
  };
}

function longestRampMs(chains: readonly Chain[]): number {
  return Math.max(0, ...chains.flatMap(({ subscriptions = [] }) => subscriptions.map(({ rampMs }) => rampMs)));
}
