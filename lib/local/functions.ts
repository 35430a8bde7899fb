import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The definition that Step Functions runs, and the local run too. */
export const DEFINITION_PATH = `${ROOT}statemachines/volley.asl.json`;

/** The handlers that the definition's substitutions stand for. */
export const FUNCTIONS: Record<string, string> = {
  plan: `${ROOT}functions/plan.ts`,
  attack: `${ROOT}functions/attack.ts`,
  watch: `${ROOT}functions/watch.ts`,
  reduce: `${ROOT}functions/reduce.ts`,
  next: `${ROOT}functions/next.ts`,
};

/** What a run on this machine has beside the definition. */
export const OWN_FUNCTIONS: Record<string, string> = {
  preflight: `${ROOT}functions/preflight.ts`,
};
