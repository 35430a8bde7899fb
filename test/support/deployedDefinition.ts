import { readFileSync } from "node:fs";
import { DEFINITION_PATH, SUBSTITUTIONS } from "../../lib/local/functions.ts";
import { loadDefinition } from "../../lib/stepfunctions/definition.ts";
import type { Definition } from "../../lib/stepfunctions/stateSchema.ts";

/** The repository's definition, loaded as a run on this machine loads it. */
export function deployedDefinition(): Definition {
  return loadDefinition(readFileSync(DEFINITION_PATH, "utf8"), SUBSTITUTIONS, "the definition");
}
