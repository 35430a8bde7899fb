import { setTimeout as sleep } from "node:timers/promises";
import { preflight } from "../lib/attack/preflight.ts";
import { type PlanInput, planTask } from "../lib/stages/plan.ts";
import { availableConcurrency } from "./ports/concurrency.ts";
import {
  deployedGuards,
  deployedSecret,
  deployedStore,
  fleetWaitMs,
  sealForRun,
  startTimes,
} from "./ports/environment.ts";
import { startHosts } from "./ports/fleetGroup.ts";
import { wakeFunctions } from "./ports/wake.ts";

/** Checks the plan and what the deployment allows, fixes the start instant, and writes the assignments. */
export async function handler({ runId, input }: { runId: string; input: PlanInput }) {
  const guards = deployedGuards();
  const store = await deployedStore();
  return planTask(store, runId, input, {
    nowMs: Date.now,
    sleep,
    concurrency: availableConcurrency,
    secret: deployedSecret,
    seal: (secrets) => sealForRun(store, runId, secrets),
    preflight: (plan, secret) => preflight(plan, { secret, ...(guards && { deployed: guards }) }),
    wake: wakeFunctions,
    startHosts,
    fleetWaitMs: fleetWaitMs(),
    times: startTimes,
    ...(guards && { guards }),
  });
}
