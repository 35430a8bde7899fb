import { constantSchedule, countInShard, type Schedule } from "../schedule/schedule.ts";
import { WORKER_GRACE_MS } from "../schedule/tempo.ts";
import type { Problem } from "./problems.ts";
import { firstShare, phaseOf, profileSchedule } from "./profile.ts";
import type { Chain, Plan } from "./schema.ts";
import { workersOfSubscribers } from "./subscriptions.ts";

/** A phase of the run: warm-up traffic is kept separate from the measurement. */
export type Phase = "warmup" | "measure";

/** One chain's part in an assignment: requests n ≡ shard (mod of) of the chain's schedule. */
export interface Share {
  chain: string;
  shard: number;
  of: number;
  /** The rate at this worker, in requests per second. */
  rps: number;
}

/** What one worker sends in one segment. It is an item of the state machine's Map, so it stays small. */
export interface Assignment {
  /** Such as `w003-s00`. */
  id: string;
  runId: string;
  worker: number;
  segment: number;
  /** When to invoke the worker: RFC 3339, for the Wait state. */
  invokeAt: string;
  /** The instant of the first measured request of the run, in ms since the epoch. */
  startAtMs: number;
  /** The segment, in ms from the start instant; the run's first one begins before 0 if there is a warm-up. */
  fromMs: number;
  toMs: number;
  /** Whether a Lambda sends it, or a host of the fleet. */
  mode: Plan["mode"];
  /** How long the invocation may take, in s, before it counts as lost. */
  timeoutSeconds: number;
  shares: Share[];
}

/** What a worker sends, before it is cut into segments. */
export type WorkerShares = Share[];

/** Why a plan's rates cannot be split over its workers. */
export function assignmentProblems(plan: Pick<Plan, "chains" | "perWorkerRps" | "workers">): Problem[] {
  if (plan.workers === undefined) return [];
  const total = plan.chains.reduce((sum, chain) => sum + chain.rps, 0);
  const perWorker = total / plan.workers;
  if (perWorker <= plan.perWorkerRps) return [];
  return [
    {
      where: "$.workers",
      found: `${plan.workers}, so ${Math.ceil(perWorker)} requests per second each`,
      expected: `at least ${Math.ceil(total / plan.perWorkerRps)} workers, or a higher perWorkerRps than ${plan.perWorkerRps}`,
    },
  ];
}

/**
 * Splits the chains' rates over workers, none above `perWorkerRps`. If there are enough workers, each serves one chain,
 * so that their figures stay clean. If the pinned number is too small for that, every worker serves an equal part of
 * every chain.
 */
export function splitRates(plan: Pick<Plan, "chains" | "perWorkerRps" | "workers">): WorkerShares[] {
  const counts = plan.chains.map((chain) =>
    Math.max(Math.ceil(chain.rps / plan.perWorkerRps), workersOfSubscribers(chain)),
  );
  const needed = counts.reduce((sum, count) => sum + count, 0);
  const workers = plan.workers ?? needed;
  if (workers < needed) {
    return Array.from({ length: workers }, (_, shard) =>
      plan.chains.map(({ name, rps }) => ({ chain: name, shard, of: workers, rps: rps / workers })),
    );
  }
  for (let spare = workers - needed; spare > 0; spare--) {
    const rates = plan.chains.map((chain, index) => chain.rps / (counts[index] ?? 1));
    const busiest = rates.indexOf(Math.max(...rates));
    counts[busiest] = (counts[busiest] ?? 0) + 1;
  }
  return plan.chains.flatMap(({ name, rps }, index) => {
    const of = counts[index] ?? 1;
    return Array.from({ length: of }, (_, shard) => [{ chain: name, shard, of, rps: rps / of }]);
  });
}

/** The segments of a run, in ms from its start instant: gapless, none longer than `maxSegmentMs`, of equal length. */
export function cutSegments(fromMs: number, toMs: number, maxSegmentMs: number): { fromMs: number; toMs: number }[] {
  const count = Math.max(1, Math.ceil((toMs - fromMs) / maxSegmentMs));
  const border = (index: number): number =>
    index === count ? toMs : Math.round(fromMs + ((toMs - fromMs) * index) / count);
  return Array.from({ length: count }, (_, index) => ({ fromMs: border(index), toMs: border(index + 1) }));
}

/** What Plan decides besides the plan itself. */
export interface AssignOptions {
  runId: string;
  startAtMs: number;
  /** How long before its segment a worker is invoked, in ms. */
  leadMs: number;
}

/** Every worker's assignment in every segment, in the order in which they begin. */
export function assign(plan: Plan, options: AssignOptions): Assignment[] {
  const { runId, startAtMs, leadMs } = options;
  const workers = splitRates(plan);
  const segments =
    plan.mode === "fleet"
      ? [{ fromMs: -plan.warmupMs, toMs: plan.durationMs }]
      : cutSegments(-plan.warmupMs, plan.durationMs, plan.segmentMs);
  return segments.flatMap(({ fromMs, toMs }, segment) =>
    workers.map((shares, worker) => ({
      id: `w${pad(worker, 3)}-s${pad(segment, 2)}`,
      runId,
      worker,
      segment,
      invokeAt: new Date(Math.floor((startAtMs + fromMs - leadMs) / 1_000) * 1_000).toISOString(),
      startAtMs,
      fromMs,
      toMs,
      mode: plan.mode,
      timeoutSeconds: Math.ceil((leadMs + toMs - fromMs + plan.timeoutMs + WORKER_GRACE_MS) / 1_000),
      shares,
    })),
  );
}

/**
 * The fields of an assignment that do not follow from its plan: the assignments are in the store and may have been
 * changed since. When an assignment begins is not checked, because that makes it neither faster nor longer.
 */
export function foreignFields(plan: Plan, assignment: Assignment): Problem[] {
  const { id, runId, worker, segment, startAtMs } = assignment;
  const workers = splitRates(plan).length;
  const own = assign(plan, { runId, startAtMs, leadMs: 0 })[segment * workers + worker];
  return Object.entries(essence(assignment)).flatMap(([field, value]): Problem[] => {
    const expected = own && essence(own)[field];
    return value === expected
      ? []
      : [{ where: `assignment ${id}: ${field}`, found: value, expected: expected ?? "none" }];
  });
}

/** What an assignment sends, as text. Rates are rounded: the state machine may write a number with other digits. */
function essence({ id, fromMs, toMs, mode, shares }: Assignment): Record<string, string> {
  return {
    id,
    time: `${fromMs} to ${toMs} ms`,
    mode,
    shares: shares.map(({ chain, shard, of, rps }) => `${chain} ${shard}/${of} at ${rps.toPrecision(9)}`).join(", "),
  };
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}

/**
 * A chain's schedule in one phase: in the measurement the profile, in the warm-up the rate at which the profile begins.
 * Times are from the phase's own start: −warmupMs, or 0.
 */
export function chainSchedule(plan: Plan, chain: Chain, phase: Phase): Schedule {
  if (phase === "measure") return profileSchedule(plan, chain, phaseOf(plan, chain));
  return constantSchedule(chain.rps * firstShare(plan), plan.warmupMs, phaseOf(plan, chain));
}

/** How many requests a plan sends in all, in its warm-up and its measurement. */
export function requestsOf(plan: Plan): number {
  const phases: Phase[] = plan.warmupMs > 0 ? ["warmup", "measure"] : ["measure"];
  const counts = plan.chains.flatMap((chain) => phases.map((phase) => chainSchedule(plan, chain, phase).count));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** How many requests an assignment has of one chain in one phase. */
export function scheduledRequests(plan: Plan, assignment: Assignment, share: Share, phase: Phase): number {
  const { from, to, schedule } = phaseRange(plan, assignment, share, phase);
  return schedule.count === 0 ? 0 : countInShard({ shard: share.shard, of: share.of, from, to });
}

/** The requests `from ≤ n < to` of a chain's schedule that fall into an assignment's segment, and the schedule. */
export function phaseRange(
  plan: Plan,
  assignment: Assignment,
  share: Share,
  phase: Phase,
): { from: number; to: number; schedule: Schedule } {
  const chain = plan.chains.find(({ name }) => name === share.chain);
  if (!chain) throw new Error(`assignment ${assignment.id}: the plan has no chain ${share.chain}`);
  const schedule = chainSchedule(plan, chain, phase);
  const offsetMs = phase === "warmup" ? plan.warmupMs : 0;
  return {
    schedule,
    from: schedule.dueBefore(assignment.fromMs + offsetMs),
    to: schedule.dueBefore(assignment.toMs + offsetMs),
  };
}

/**
 * The number of a phase's first request in its chain. The warm-up's requests are numbered after the measurement's, so
 * that they do not warm a cache for them.
 */
export function firstNumber(plan: Plan, chain: Chain, phase: Phase): number {
  return phase === "warmup" ? chainSchedule(plan, chain, "measure").count : 0;
}
