import { setTimeout as sleep } from "node:timers/promises";
import { startWatchdog } from "../lib/attack/watchdog.ts";
import type { Allowance } from "../lib/plan/allowance.ts";
import { WATCH_CALL_MS } from "../lib/schedule/tempo.ts";
import { watchTask } from "../lib/stages/watch.ts";
import { systemClock } from "../lib/store/clock.ts";
import { deployedGuards, deployedStore, revealing, runSecrets } from "./ports/environment.ts";

interface WatchEvent {
  runId: string;
  /** What the person who started the run allowed, set by a runner on this machine. */
  allowance?: Allowance;
}

/** Watches a run for some minutes, or until its workers are done. */
export async function handler({ runId, allowance }: WatchEvent) {
  const deployed = deployedGuards();
  const watchdog = startWatchdog({ name: "Watch" });
  try {
    const store = await deployedStore();
    return await watchTask(store, runId, {
      callMs: WATCH_CALL_MS,
      nowMs: systemClock.nowMs,
      sleep,
      reveal: revealing(runSecrets(store, runId)),
      ...(deployed && { deployed }),
      ...(allowance && { allowance }),
    });
  } finally {
    watchdog.close();
  }
}
