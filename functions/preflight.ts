import { preflight } from "../lib/attack/preflight.ts";
import type { Plan } from "../lib/plan/schema.ts";
import { requireJson } from "../lib/store/store.ts";
import { deployedSecret, deployedStore } from "./ports/environment.ts";

/** Sends one request to each target of a plan in the store. */
export async function handler({ planKey }: { planKey: string }) {
  return preflight(await requireJson<Plan>(await deployedStore(), planKey), { secret: deployedSecret });
}
