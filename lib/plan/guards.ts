import { LAMBDA_MS, lambdaLeadMs } from "../schedule/tempo.ts";
import { assign, splitRates } from "./assign.ts";
import { connectProblems } from "./connect.ts";
import { formatDuration } from "./duration.ts";
import { type EstimateSetting, estimate } from "./estimate.ts";
import { type DeployedHosts, hostProblems } from "./hosts.ts";
import type { Problem } from "./problems.ts";
import { peakRps } from "./profile.ts";
import { type DeployedRegions, deployedRegionProblems } from "./regionGuards.ts";
import type { Plan } from "./schema.ts";

/** What a deployment allows, whatever a plan says. */
export interface Guards extends DeployedHosts {
  maxRps: number;
  maxDurationMs: number;
  maxWorkers: number;
  maxUsd: number;
  /** The regions of its workers, if these are several. */
  regions?: DeployedRegions;
  /** Most hosts of the deployment's fleet; without it, a plan in fleet mode waits for any hosts. */
  maxHosts?: number;
  /** What decides a run's price, if it differs from the default. */
  setting?: EstimateSetting;
}

/** Functions besides the workers that run at the same time: Plan, Watch, Reduce or Next. */
const OTHER_FUNCTIONS = 3;

/** Most items of one Distributed Map that run at once: a quota of Step Functions. */
const MAX_CHILDREN = 10_000;

/**
 * What a plan asks for that its deployment does not allow. `concurrency` is how many invocations the account and the
 * attack function allow at once: with fewer than it needs, the run would come in waves at a lower rate.
 */
export function guardProblems(plan: Plan, guards: Guards, concurrency: number): Problem[] {
  const problems = [...hostProblems(plan, guards), ...connectProblems(plan, guards)];
  if (plan.gateway) {
    const expected = "its own targets: the stand-in gateway runs only on the machine of a local run";
    problems.push({ where: "$.gateway", found: "a stand-in gateway", expected });
  }
  problems.push(...deployedRegionProblems(plan, guards.regions));
  const rps = peakRps(plan);
  const workers = splitRates(plan).length;
  const lengthMs = plan.durationMs + plan.warmupMs;
  const { usd } = estimate(plan, guards.setting);
  const limits: [boolean, string, string, string][] = [
    // Negated, so that NaN exceeds each limit too: a plan may have been changed in the store.
    [!(rps <= guards.maxRps), "$.chains", `${rps} requests per second in all`, `at most ${guards.maxRps} (maxRps)`],
    [
      !(lengthMs <= guards.maxDurationMs),
      "$.duration",
      formatDuration(lengthMs),
      `at most ${formatDuration(guards.maxDurationMs)} (maxDuration)`,
    ],
    [!(workers <= guards.maxWorkers), "$.workers", `${workers} workers`, `at most ${guards.maxWorkers} (maxWorkers)`],
    [
      !(usd <= guards.maxUsd),
      "$",
      `a run that costs about $${usd.toPrecision(2)}`,
      `at most $${guards.maxUsd} (maxUsdPerRun)`,
    ],
  ];
  for (const [isAbove, where, found, most] of limits) {
    if (isAbove) problems.push({ where, found, expected: `${most}, as this deployment allows` });
  }
  const isFleet = plan.mode === "fleet";
  if (isFleet) problems.push(...fleetProblems(workers, guards));
  const assignments = assign(plan, { runId: "", startAtMs: 0, leadMs: lambdaLeadMs(workers) });
  const longestMs = Math.max(0, ...assignments.map(({ timeoutSeconds }) => timeoutSeconds)) * 1_000;
  if (!isFleet && longestMs > LAMBDA_MS) {
    const expected = `at most ${formatDuration(LAMBDA_MS)}, as long as a Lambda lives: shorten segment or timeout`;
    problems.push({ where: "$.segment", found: `workers that may take ${formatDuration(longestMs)}`, expected });
  }
  if (assignments.length > MAX_CHILDREN) {
    const expected = `at most ${MAX_CHILDREN} workers × segments: Step Functions runs no more of them at once`;
    problems.push({ where: "$.duration", found: `${assignments.length} of them`, expected });
  }
  // At a boundary, two segments' workers run at the same time. A fleet's workers are not Lambdas.
  const calls = isFleet ? 0 : workers * (assignments.length > workers ? 2 : 1);
  const needed = calls + OTHER_FUNCTIONS;
  if (needed > concurrency) {
    problems.push({
      where: "$.workers",
      found: `${needed} Lambda invocations at once`,
      expected:
        `at most the ${concurrency} that this account and function have: ask for more (Service Quotas, "Concurrent ` +
        `executions"), or raise perWorkerRps`,
    });
  }
  return problems;
}

function fleetProblems(workers: number, { maxHosts, setting }: Guards): Problem[] {
  const workersPerHost = setting?.workersPerHost ?? 1;
  const hosts = Math.ceil(workers / workersPerHost);
  if (maxHosts === undefined || hosts <= maxHosts) return [];
  const each = workersPerHost === 1 ? "one for each worker" : `for ${workers} workers, ${workersPerHost} on each`;
  const expected = `at most ${maxHosts}, as this deployment's fleet has (fleetMaxHosts)`;
  return [{ where: "$.workers", found: `${hosts} hosts, ${each}`, expected }];
}
