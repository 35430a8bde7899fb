import { type Dashboard, startDashboard } from "../lib/live/dashboard.ts";
import { openLive } from "../lib/live/liveRun.ts";
import type { Store } from "../lib/store/store.ts";

/** Serves the page of a run in progress, or of a search's current trial, on a port of loopback. */
export async function serveRun(port: number, store: Store, runId: string): Promise<Dashboard> {
  const run = openLive(store, runId);
  return startDashboard(port, () => run.latest());
}
