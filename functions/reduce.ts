import { type ReduceInput, reduceTask } from "../lib/stages/reduce.ts";
import { deployedStore } from "./ports/environment.ts";

/** Merges the workers' results, judges the run, and writes the report. */
export async function handler(input: ReduceInput) {
  return reduceTask(await deployedStore(), input);
}
