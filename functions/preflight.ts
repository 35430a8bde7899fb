import { preflight } from "../lib/attack/preflight.ts";
import type { Plan } from "../lib/plan/schema.ts";
import { deployedSecret, deployedStore, readJson } from "./environment.ts";

/** Sends one request to each target of a plan in the store. */
export async function handler({ planKey }: { planKey: string }) {
  return preflight(await readJson<Plan>(await deployedStore(), planKey), deployedSecret);
}
