import { type GatewaySettings, gatewaySchema } from "../plan/gatewaySchema.ts";
import { type CheckOptions, checkPlan, knownFieldsAt, takesNumber } from "../plan/load.ts";
import { InputError, problemsOf } from "../plan/problems.ts";
import type { Plan } from "../plan/schema.ts";
import { placed } from "./document.ts";
import { withVariables } from "./environment.ts";
import { applyOverrides, type Overrides } from "./overrides.ts";
import { readPlan } from "./readPlan.ts";

/** What a command line adds to the plan that it names. */
export interface LoadOptions extends CheckOptions, Overrides {}

/**
 * Reads and checks a plan file (JSON, JSON with comments, or YAML; standard input for `-`) and the files that it names.
 * Throws an InputError with all its problems.
 */
export function loadPlan(path: string, options: LoadOptions = {}): Plan {
  const { value: written, folder, shownAs, places } = readPlan(path, "a plan, such as plans/demo.json");
  const { value: raw, problems } = withVariables(written, process.env, takesNumber);
  problems.push(...applyOverrides(raw, options));
  if (problems.length > 0) throw new InputError(shownAs, placed(problems, places, shownAs));
  try {
    return checkPlan(raw, folder, shownAs, options);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(shownAs, placed(error.problems, places, shownAs));
  }
}

/** Reads and checks a file with the stand-in gateway's settings. Throws an InputError with all its problems. */
export function loadGateway(path: string): GatewaySettings {
  const { value: raw } = readPlan(path, "the stand-in gateway's settings");
  const parsed = gatewaySchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const known = (at: readonly PropertyKey[]): string[] => knownFieldsAt(["gateway", ...at]);
  throw new InputError(path, problemsOf(parsed.error.issues, raw, known));
}
