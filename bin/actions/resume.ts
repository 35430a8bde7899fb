import { resolve } from "node:path";
import { LocalRun } from "../../lib/local/run.ts";
import { InputError } from "../../lib/plan/problems.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { assignmentsKey, planKey } from "../../lib/store/keys.ts";
import { follow, liveOutput } from "../live.ts";
import { locateRun } from "../runs.ts";
import type { OutputOptions } from "../terminal.ts";
import { finishRun, stopOnSignals } from "./run.ts";

export interface ResumeOptions extends OutputOptions {
  out: string;
}

/** Resumes a run whose runner died. */
export async function resume(run: string, options: ResumeOptions): Promise<void> {
  const { folder, runId, store } = locateRun(run, options.out);
  const [text, assignments] = await Promise.all([planKey(runId), assignmentsKey(runId)].map((key) => store.get(key)));
  const where = resolve(folder, "runs", runId);
  if (text === undefined || assignments === undefined) {
    throw new InputError(run, [
      { where, found: "no run that was planned", expected: "the id of a run that was begun" },
    ]);
  }
  const plan = JSON.parse(text) as Plan;
  const local = new LocalRun({ plan, runId, folder });
  const output = liveOutput(options, process.stdout);
  const signals = stopOnSignals(local, output);
  const following = follow(store, runId, plan, output);
  try {
    const result = await local.resume();
    await following.stop();
    finishRun(result, { runId, placeOf: (key) => resolve(folder, key), stopped: signals.stopped() }, options);
  } finally {
    signals.release();
    await following.stop();
  }
}
