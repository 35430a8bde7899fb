import type { StopRequest } from "../lib/attack/workerPorts.ts";
import { emfOfChunk } from "../lib/live/outputs/emf.ts";
import type { ProcessContext } from "../lib/local/functionHost.ts";
import { type AttackCall, attackTask } from "../lib/stages/attack.ts";
import { deployedGuards, deployedPlace, deployedStore, runSecrets } from "./ports/environment.ts";

/** Sends one assignment's requests. In a process of a runner or a host, stops when its parent says so or is gone. */
export async function handler(input: AttackCall, context?: ProcessContext) {
  const told = new Promise<StopRequest>((tell) => {
    context?.onLifeline?.((word) => tell({ reason: word === "stop" ? "aborted" : "orphaned" }));
  });
  const deployed = deployedGuards();
  const { VOLLEY_HOST: host, VOLLEY_METRICS_STACK: stack } = process.env;
  const store = await deployedStore();
  return attackTask(store, input, {
    secret: runSecrets(store, input.assignment.runId),
    placeOf: deployedPlace,
    told,
    ...(deployed && { deployed }),
    ...(host !== undefined && { host }),
    // Not console.log: Lambda would put a time and a request id before the line, and CloudWatch would find no metric.
    ...(stack !== undefined && {
      flushed: (chunk, startAtMs) => void process.stdout.write(emfOfChunk(stack, chunk, startAtMs)),
    }),
  });
}
