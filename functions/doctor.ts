import { setTimeout as sleep } from "node:timers/promises";
import { type InsideInput, lookInside } from "../lib/doctor/inside.ts";
import type { Guards } from "../lib/plan/guards.ts";
import { availableConcurrency } from "./ports/concurrency.ts";
import { deployedSecret, deployedStore, environment, revealing } from "./ports/environment.ts";

/** Checks the deployment from inside, for `volley doctor`. */
export async function handler(input: InsideInput) {
  return lookInside(input, {
    store: await deployedStore(),
    guards: JSON.parse(environment("VOLLEY_GUARDS")) as Guards,
    concurrency: availableConcurrency,
    secret: deployedSecret,
    reveal: revealing(deployedSecret),
    sleep,
  });
}
