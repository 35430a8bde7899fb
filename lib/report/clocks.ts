import type { Report, ReportWorker } from "./schema.ts";

/** The largest clock error, and the widest error bound. */
export function worstClock(workers: readonly Pick<ReportWorker, "clock">[]): Report["clock"] {
  const clocks = workers.flatMap(({ clock }) => clock ?? []);
  if (clocks.length === 0) return null;
  return {
    errorMs: Math.max(...clocks.map(({ errorMs }) => Math.abs(errorMs))),
    boundMs: Math.max(...clocks.map(({ boundMs }) => boundMs)),
    corrected: clocks.filter(({ corrected }) => corrected).length,
  };
}

/** The largest start skew, in ms; null if no worker sent a request. */
export function largestSkewMs(workers: readonly Pick<ReportWorker, "startSkewMs">[]): number | null {
  const skews = workers.flatMap(({ startSkewMs }) => startSkewMs ?? []);
  return skews.length === 0 ? null : Math.max(...skews);
}
