import { type Preflight, preflightProblems } from "../attack/preflight.ts";
import { gatherHosts, type Need } from "../fleet/gather.ts";
import { splitRates } from "../plan/assign.ts";
import { type Guards, guardProblems } from "../plan/guards.ts";
import { checkPlan } from "../plan/load.ts";
import { InputError, type Problem } from "../plan/problems.ts";
import { inHome, regionConcurrencyProblems } from "../plan/regionGuards.ts";
import { regionsOf } from "../plan/regions.ts";
import type { Plan } from "../plan/schema.ts";
import { readSecrets } from "../plan/secretReferences.ts";
import { SUBSCRIBERS_PER_WORKER } from "../plan/subscriptions.ts";
import { lambdaLeadMs, WORKER_GRACE_MS } from "../schedule/tempo.ts";
import { scheduledKey } from "../store/keys.ts";
import { requireJson, type Store } from "../store/store.ts";
import type { Scheduled } from "./compare.ts";
import { type Planned, planRun, type StartTimes } from "./planRun.ts";
import { planSearch } from "./trials.ts";

/** The execution's input: the key of a checked plan, a plan as a person writes it, or such a plan with its schedule. */
export type PlanInput = { planKey: string } | { plan: unknown; scheduled: Scheduled } | Record<string, unknown>;

/** Plan's external dependencies. */
export interface PlanPorts {
  nowMs(): number;
  sleep(ms: number): Promise<unknown>;
  /** The deployment's guards, if there is a deployment. */
  guards?: Guards;
  /** How many concurrent invocations the account allows, in this region or another one. */
  concurrency(region?: string): Promise<number>;
  /** Resolves a reference to a secret. */
  secret(reference: string): Promise<string>;
  /** Leaves the run's secrets, by reference, for its workers. */
  seal(secrets: ReadonlyMap<string, string>): Promise<void>;
  /** Sends one request to each target of a plan, before anything else in the run. */
  preflight(plan: Plan, secret: (reference: string) => Promise<string>): Promise<Preflight[]>;
  /** Wakes the run's functions that have been idle for weeks. */
  wake(): Promise<void>;
  /** Makes sure that there are hosts for this many workers, if the deployment can start some. */
  startHosts(workers: number): Promise<void>;
  /** How long to wait for hosts, in ms. */
  fleetWaitMs: number;
  /** The timing for a run that is planned now. */
  times(): StartTimes;
}

const SHOWN_AS = "the execution's input";

/** Checks the plan and what the deployment allows, fixes the start instant, and writes the assignments. */
export async function planTask(store: Store, runId: string, input: PlanInput, ports: PlanPorts): Promise<Planned> {
  const { guards } = ports;
  const written = "scheduled" in input ? input.plan : input;
  const checked =
    "planKey" in input
      ? await requireJson<Plan>(store, String(input.planKey))
      : checkPlan(written, undefined, SHOWN_AS, guards ? { allowHosts: guards.allowedHosts } : {});
  const plan = inHome(checked, guards?.regions);
  if ("scheduled" in input) await store.put(scheduledKey(runId), JSON.stringify(input.scheduled));
  if (guards) refuse([...guardProblems(plan, guards, await ports.concurrency()), ...(await regionLimits(plan, ports))]);
  const { secrets, problems } = await readSecrets(plan, ports.secret);
  refuse(problems);
  // Without guards, a runner on this machine has already sent it. Hosts of a fleet may be in a different network.
  if (guards && plan.preflight && plan.mode !== "fleet") {
    const known = async (reference: string): Promise<string> => secrets.get(reference) ?? ports.secret(reference);
    refuse(preflightProblems(await ports.preflight(plan, known)));
  }
  await ports.seal(secrets);
  await ports.wake();
  if (plan.mode === "fleet") {
    await gatherHosts(store, fleetNeed(runId, plan), { ...ports, limitMs: ports.fleetWaitMs });
  }
  const times = ports.times();
  if (plan.profile.type !== "search") return planRun(store, runId, plan, times);
  return planSearch(store, runId, guards ? withinGuards(plan, guards) : plan, times);
}

/** What a plan's regions besides the home ask for that the account does not have there. */
async function regionLimits(plan: Plan, { concurrency }: PlanPorts): Promise<Problem[]> {
  if (plan.home === undefined) return [];
  const others = regionsOf(plan).filter((region) => region !== plan.home);
  const limits = await Promise.all(others.map(async (region) => [region, await concurrency(region)] as const));
  return regionConcurrencyProblems(plan, new Map(limits));
}

/** A search whose trials stay within the deployment's rate and its number of workers. */
function withinGuards(plan: Plan, { maxRps, maxWorkers }: Guards): Plan {
  const { limits, chains, perWorkerRps } = plan;
  // With all chains at once, each may need a worker that its rate does not fill.
  const fullWorkers = maxWorkers - chains.length + 1;
  const most = Math.min(limits.maxRps ?? Number.POSITIVE_INFINITY, maxRps, fullWorkers * perWorkerRps);
  const mostSubscribers = Math.min(
    limits.maxSubscribers ?? Number.POSITIVE_INFINITY,
    fullWorkers * SUBSCRIBERS_PER_WORKER,
  );
  return { ...plan, limits: { ...limits, maxRps: most, maxSubscribers: mostSubscribers } };
}

/** A spare of a search watches for at most this long, in ms. */
const SEARCH_MS = 6 * 3_600_000;

/** The hosts that a plan needs. */
function fleetNeed(runId: string, plan: Plan): Need {
  const { warmupMs, durationMs, timeoutMs } = plan;
  const hasTrials = plan.profile.type === "search";
  const lastsMs = hasTrials ? SEARCH_MS : lambdaLeadMs(0) + warmupMs + durationMs + timeoutMs + WORKER_GRACE_MS;
  return { runId, hosts: splitRates(plan).length, hasTrials, lastsMs };
}

function refuse(problems: Problem[]): void {
  if (problems.length > 0) throw new InputError(SHOWN_AS, problems);
}
