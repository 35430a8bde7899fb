import { availableParallelism } from "node:os";
import { which } from "./processes.ts";

/** What this machine lacks for a comparison of generators, as a sentence; undefined if it has everything. */
export function whatIsMissing(): string | undefined {
  for (const [program, install] of [
    ["nginx", "apt-get install nginx-light"],
    ["taskset", "apt-get install util-linux"],
  ] as const) {
    if (which(program, []) === undefined) return `the bench needs ${program}: ${install}`;
  }
  if (availableParallelism() < 2) return "the bench needs two cores: one for nginx and one for the generator";
  return undefined;
}
