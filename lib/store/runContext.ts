import type { Plan } from "../plan/schema.ts";
import type { Store } from "./store.ts";

/** A run: the store of its objects, the id in their keys, and its plan. */
export interface RunContext {
  store: Store;
  runId: string;
  plan: Plan;
}
