import { systemClock } from "../lib/attack/clock.ts";
import { attack } from "../lib/attack/worker.ts";
import type { Assignment } from "../lib/plan/assign.ts";
import type { Plan } from "../lib/plan/schema.ts";
import { abortKey, chunkKey, leaseKey, planKey, searchOf, summaryKey } from "../lib/results/keys.ts";
import { takeLease } from "../lib/results/lease.ts";
import { deployedSecret, deployedStore, readJson } from "./environment.ts";

interface AttackEvent {
  assignment: Assignment;
}

/** Sends one assignment's requests. */
export async function handler({ assignment }: AttackEvent) {
  const store = await deployedStore();
  const { id, runId } = assignment;
  const plan = await readJson<Plan>(store, planKey(runId));
  const search = searchOf(runId);
  const attempt = await takeLease(store, runId, id);
  const summary = await attack(
    { plan, assignment, attempt },
    {
      clock: systemClock,
      emit: (chunk) => store.put(chunkKey(runId, id, attempt, chunk.sequence), JSON.stringify(chunk)),
      stopRequested: async () => {
        if ((await store.get(abortKey(runId))) !== undefined) return "aborted";
        // Whoever stops a search stops the trial that is on.
        if (search !== undefined && (await store.get(abortKey(search))) !== undefined) return "aborted";
        if ((await store.get(leaseKey(runId, id, attempt + 1))) !== undefined) return "superseded";
        return undefined;
      },
      secret: deployedSecret,
    },
  );
  await store.put(summaryKey(runId, id, attempt), JSON.stringify(summary));
  return { assignment: id, outcome: summary.outcome };
}
