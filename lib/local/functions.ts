import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The definition that Step Functions and the local run execute. */
export const DEFINITION_PATH = `${ROOT}statemachines/volley.asl.json`;

/** The handlers behind the definition's substitutions. */
export const FUNCTIONS: Record<string, string> = {
  plan: `${ROOT}functions/plan.ts`,
  attack: `${ROOT}functions/attack.ts`,
  otherRegion: `${ROOT}functions/otherRegion.ts`,
  watch: `${ROOT}functions/watch.ts`,
  reduce: `${ROOT}functions/reduce.ts`,
  next: `${ROOT}functions/next.ts`,
};

/** The definition's substitutions on this machine: each function, and the bucket, under its own name. */
export const SUBSTITUTIONS = Object.fromEntries([...Object.keys(FUNCTIONS), "bucket"].map((name) => [name, name]));

/** Functions of a local run that are not in the definition. */
export const OWN_FUNCTIONS: Record<string, string> = {
  preflight: `${ROOT}functions/preflight.ts`,
};
