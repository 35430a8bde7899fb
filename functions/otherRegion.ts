import type { AttackCall } from "../lib/stages/attack.ts";
import { callWorker } from "./ports/regionWorker.ts";

/** Calls a worker in the region of its assignment, and waits until it has ended: Step Functions calls none elsewhere. */
export async function handler(input: AttackCall): Promise<unknown> {
  const { id, region } = input.assignment;
  if (region === undefined) throw new Error(`assignment ${id} has no region`);
  return callWorker(region, input);
}
