import { setTimeout as sleep } from "node:timers/promises";
import { gatherHosts } from "../lib/fleet/gather.ts";
import { splitRates } from "../lib/plan/assign.ts";
import { guardProblems } from "../lib/plan/guards.ts";
import { checkPlan } from "../lib/plan/load.ts";
import { InputError } from "../lib/plan/problems.ts";
import type { Plan } from "../lib/plan/schema.ts";
import { secretProblems } from "../lib/plan/secretReferences.ts";
import { planRun, planSearch } from "../lib/stages/searchRun.ts";
import type { Store } from "../lib/store/store.ts";
import { availableConcurrency } from "./concurrency.ts";
import { deployedGuards, deployedSecret, deployedStore, readJson, startTimes } from "./environment.ts";

/** How long hosts may take to come, in ms: an instance is started, installs Volley and is tuned. */
const FLEET_WAIT_MS = 10 * 60_000;

interface PlanEvent {
  runId: string;
  /** The execution's input: the key of a plan that was checked, or a plan as a person writes it. */
  input: { planKey: string } | Record<string, unknown>;
}

/** Checks the plan and what the deployment allows, fixes the start instant, and writes the assignments. */
export async function handler({ runId, input }: PlanEvent) {
  const store = await deployedStore();
  const guards = deployedGuards();
  const shownAs = "the execution's input";
  const plan =
    "planKey" in input
      ? await readJson<Plan>(store, String(input.planKey))
      : checkPlan(input, undefined, shownAs, guards ? { allowHosts: guards.allowedHosts } : {});
  if (guards) {
    const problems = guardProblems(plan, guards, await availableConcurrency());
    if (problems.length > 0) throw new InputError(shownAs, problems);
  }
  const unreadable = await secretProblems(plan, deployedSecret);
  if (unreadable.length > 0) throw new InputError(shownAs, unreadable);
  if (plan.mode === "fleet") await gather(store, splitRates(plan).length);
  return plan.profile.type === "search"
    ? planSearch(store, runId, plan, startTimes())
    : planRun(store, runId, plan, startTimes());
}

/** Has hosts started where the deployment has a fleet, and waits until enough are there, a fleet's or anybody's. */
async function gather(store: Store, hosts: number): Promise<void> {
  const { VOLLEY_FLEET_GROUP: group, VOLLEY_FLEET_WAIT_MS: limit = FLEET_WAIT_MS } = process.env;
  if (group !== undefined) {
    // Loaded where it is used: runs in Lambda alone need none of it.
    const { setHosts } = await import("./fleetGroup.ts");
    await setHosts(group, hosts);
  }
  await gatherHosts(store, hosts, { nowMs: Date.now, sleep, limitMs: Number(limit) });
}
