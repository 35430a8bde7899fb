import { WATCHED_EVERY_MS } from "../schedule/tempo.ts";
/** What one call of Watch saw to: from its first look to its latest. Times are in ms since the epoch. */
export interface Watched {
  fromMs: number;
  untilMs: number;
}

/** A time without a look that is not told, in ms: a call that ends and the next one leave a short one. */
const SPARE_MS = 2 * WATCHED_EVERY_MS;

/**
 * The times of a run that no call of Watch saw to, longer than 10 s or all of it, in ms from its start instant. `measuredMs` is how
 * long the run measured.
 */
export function watchGaps(
  watched: readonly Watched[],
  startAtMs: number,
  measuredMs: number,
): { fromMs: number; toMs: number }[] {
  const gaps: { fromMs: number; toMs: number }[] = [];
  let seenMs = startAtMs;
  const endMs = startAtMs + measuredMs;
  // Not one look, nor one shortly before or after: that is told of the shortest run too.
  if (!watched.some(({ fromMs, untilMs }) => fromMs <= endMs + SPARE_MS && untilMs >= startAtMs - SPARE_MS)) {
    return [{ fromMs: 0, toMs: measuredMs }];
  }
  const gap = (toMs: number): void => {
    if (toMs - seenMs > SPARE_MS)
      gaps.push({ fromMs: Math.round(seenMs - startAtMs), toMs: Math.round(toMs - startAtMs) });
  };
  for (const { fromMs, untilMs } of [...watched].sort((a, b) => a.fromMs - b.fromMs)) {
    if (fromMs > endMs) break;
    gap(fromMs);
    seenMs = Math.max(seenMs, untilMs);
  }
  gap(endMs);
  return gaps;
}
