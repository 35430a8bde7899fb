import assert from "node:assert/strict";
import { attack } from "../../lib/attack/worker.ts";
import type { WorkerPorts } from "../../lib/attack/workerPorts.ts";
import { assign } from "../../lib/plan/assign.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import type { Series } from "../../lib/results/chunk.ts";
import { SeriesSum } from "../../lib/results/seriesSum.ts";
import { systemClock } from "../../lib/store/clock.ts";

/** Runs a plan's first worker, which begins in `leadMs`; gives its series, and their sum. */
export async function runOneWorker(
  plan: Plan,
  leadMs: number,
  ports: Partial<WorkerPorts> = {},
): Promise<{ series: readonly Series[]; sum: SeriesSum }> {
  const [assignment] = assign(plan, { runId: "run", startAtMs: Date.now() + leadMs, leadMs });
  assert.ok(assignment);
  const { series } = await attack(
    { plan, assignment, attempt: 1 },
    { clock: systemClock, emit: async () => {}, stopRequested: async () => undefined, ...ports },
  );
  const sum = new SeriesSum();
  for (const each of series) sum.add(each);
  return { series, sum };
}
