import { dealtBefore, dealtNumber, dealtSchedule } from "../schedule/deal.ts";
import { constantSchedule, countInShard, type Schedule } from "../schedule/schedule.ts";
import { WORKER_GRACE_MS } from "../schedule/tempo.ts";
import type { Problem } from "./problems.ts";
import { firstShare, phaseOf, profileSchedule } from "./profile.ts";
import { regionDeal, regionShare, regionsOf } from "./regions.ts";
import type { Chain, Plan } from "./schema.ts";
import { workersOfSubscribers } from "./subscriptions.ts";

/** A phase of the run: warm-up traffic is kept separate from the measurement. */
export type Phase = "warmup" | "measure";

/** One chain's part in an assignment: requests n ≡ shard (mod of) of the chain's schedule in the worker's region. */
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
  /** Where it runs, if the plan has regions. */
  region?: string;
  segment: number;
  /** When to invoke the worker: RFC 3339, for the Wait state. */
  invokeAt: string;
  /** The instant of the first measured request of the run, in ms since the epoch. */
  startAtMs: number;
  /** The segment, in ms from the start instant; the run's first one begins before 0 if there is a warm-up. */
  fromMs: number;
  toMs: number;
  /** Whether a Lambda sends it, or a host of the fleet, or a Lambda in another region than the deployment's home. */
  mode: Plan["mode"] | "region";
  /** How long the invocation may take, in s, before it counts as lost. */
  timeoutSeconds: number;
  shares: Share[];
}

/** What a worker sends, and where, before it is cut into segments. */
export interface WorkerPart {
  region?: string;
  shares: Share[];
}

type Split = Pick<Plan, "chains" | "perWorkerRps" | "workers">;

/** A tolerance for rounding errors in a rate's share, in workers. */
const ROUNDING = 1e-9;

/** What a region sends of each chain; without regions, what the plan sends. */
interface RegionLoad {
  region: string | undefined;
  /** Each chain's name and rate in the region, and how many workers it needs. */
  chains: { name: string; rps: number; workers: number }[];
  rps: number;
}

function regionLoads({ chains, perWorkerRps }: Split): RegionLoad[] {
  const regions = regionsOf({ chains });
  return (regions.length === 0 ? [undefined] : regions).map((region) => {
    const own = chains.flatMap((chain) => {
      const share = regionShare(chain, region);
      if (share === 0) return [];
      const rps = chain.rps * share;
      const workers = Math.max(Math.ceil(rps / perWorkerRps - ROUNDING), workersOfSubscribers(chain, share));
      return [{ name: chain.name, rps, workers }];
    });
    return { region, chains: own, rps: own.reduce((sum, { rps }) => sum + rps, 0) };
  });
}

/** Why a plan's rates cannot be split over its workers. */
export function assignmentProblems(plan: Split): Problem[] {
  const { workers, perWorkerRps } = plan;
  if (workers === undefined) return [];
  const loads = regionLoads(plan);
  const least = loads.reduce((sum, { rps }) => sum + Math.max(1, Math.ceil(rps / perWorkerRps - ROUNDING)), 0);
  if (workers >= least) return [];
  const total = loads.reduce((sum, { rps }) => sum + rps, 0);
  const over = loads.length === 1 ? "" : ` over ${loads.length} regions`;
  return [
    {
      where: "$.workers",
      found: `${workers}${over}, so ${Math.ceil(total / workers)} requests per second each`,
      expected: `at least ${least} workers, or a higher perWorkerRps than ${perWorkerRps}`,
    },
  ];
}

/**
 * Splits the chains' rates over workers, none above `perWorkerRps`; each worker belongs to one region. If there are
 * enough workers, each serves one chain, so that their figures stay clean. If the pinned number is too small for that,
 * every worker serves an equal part of every chain of its region.
 */
export function splitRates(plan: Split): WorkerPart[] {
  const loads = regionLoads(plan);
  const needed = loads.flatMap(({ chains }) => chains).reduce((sum, { workers }) => sum + workers, 0);
  const workers = plan.workers ?? needed;
  const isMixed = workers < needed;
  const parts = loads.flatMap(({ region, chains, rps }) =>
    isMixed
      ? [{ region, chains, rps, workers: 1 }]
      : chains.map((chain) => ({ region, chains: [chain], rps: chain.rps, workers: chain.workers })),
  );
  for (let spare = workers - (isMixed ? parts.length : needed); spare > 0; spare--) {
    const rates = parts.map((part) => part.rps / part.workers);
    const busiest = parts[rates.indexOf(Math.max(...rates))];
    if (busiest) busiest.workers++;
  }
  return parts.flatMap(({ region, chains, workers: of }) =>
    Array.from({ length: of }, (_, shard) => ({
      ...(region !== undefined && { region }),
      shares: chains.map(({ name, rps }) => ({ chain: name, shard, of, rps: rps / of })),
    })),
  );
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
    workers.map(({ region, shares }, worker) => ({
      id: `w${pad(worker, 3)}-s${pad(segment, 2)}`,
      runId,
      worker,
      ...(region !== undefined && { region }),
      segment,
      invokeAt: new Date(Math.floor((startAtMs + fromMs - leadMs) / 1_000) * 1_000).toISOString(),
      startAtMs,
      fromMs,
      toMs,
      mode: region === undefined || plan.home === undefined || region === plan.home ? plan.mode : "region",
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
function essence({ id, region = "no region", fromMs, toMs, mode, shares }: Assignment): Record<string, string> {
  return {
    id,
    region,
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

/**
 * The requests `from ≤ n < to` that fall into an assignment's segment, of a chain's schedule in the assignment's region,
 * and that schedule.
 */
export function phaseRange(
  plan: Plan,
  assignment: Assignment,
  share: Share,
  phase: Phase,
): { from: number; to: number; schedule: Schedule } {
  const chain = plan.chains.find(({ name }) => name === share.chain);
  if (!chain) throw new Error(`assignment ${assignment.id}: the plan has no chain ${share.chain}`);
  const schedule = regionSchedule(chainSchedule(plan, chain, phase), chain, assignment.region);
  const offsetMs = phase === "warmup" ? plan.warmupMs : 0;
  return {
    schedule,
    from: schedule.dueBefore(assignment.fromMs + offsetMs),
    to: schedule.dueBefore(assignment.toMs + offsetMs),
  };
}

/** The requests of a chain's schedule that a region sends, as a schedule; without a region, all of them. */
function regionSchedule(whole: Schedule, chain: Pick<Chain, "regions">, region: string | undefined): Schedule {
  const deal = regionDeal(chain, region);
  return deal ? dealtSchedule(whole, deal) : whole;
}

/**
 * The numbers of a phase's requests in their chain, from which targets, rows and ids follow: no two requests of a chain
 * share one. The warm-up's requests are numbered after the measurement's, so that they do not warm a cache for them. The
 * requests of a region have consecutive numbers, so that each region has the same mix of targets; those of a replay are
 * the lines of its log.
 */
export function requestNumbers(plan: Plan, chain: Chain, phase: Phase, region?: string): (n: number) => number {
  const deal = regionDeal(chain, region);
  if (deal && chain.replay && phase === "measure") return (n) => dealtNumber(deal, n);
  const first =
    (phase === "warmup" ? chainSchedule(plan, chain, "measure").count : 0) + sentBefore(plan, chain, phase, region);
  return (n) => first + n;
}

/** An assignment's rate, over all its chains. */
export function assignedRps({ shares }: Pick<Assignment, "shares">): number {
  return shares.reduce((sum, { rps }) => sum + rps, 0);
}

/** How many of a phase's requests the regions before this one send. */
function sentBefore(plan: Plan, chain: Chain, phase: Phase, region: string | undefined): number {
  if (chain.regions === undefined || region === undefined) return 0;
  const names = Object.keys(chain.regions);
  const { count } = chainSchedule(plan, chain, phase);
  return names.slice(0, names.indexOf(region)).reduce((sum, each) => {
    const deal = regionDeal(chain, each);
    return sum + (deal ? dealtBefore(deal, count) : 0);
  }, 0);
}
