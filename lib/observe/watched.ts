import { WATCHED_EVERY_MS } from "../schedule/tempo.ts";
/** The time that one call of Watch covered: from its first read to its latest. Times are in ms since the epoch. */
export interface Watched {
  fromMs: number;
  untilMs: number;
}

/** A gap up to this length is not reported, in ms: there is a short one between one call and the next. */
const SPARE_MS = 2 * WATCHED_EVERY_MS;

/**
 * The gaps of more than 10 s, or of the whole run, that no call of Watch covered, in ms from the start instant.
 * `measuredMs` is the length of the measurement.
 */
export function watchGaps(
  watched: readonly Watched[],
  startAtMs: number,
  measuredMs: number,
): { fromMs: number; toMs: number }[] {
  const gaps: { fromMs: number; toMs: number }[] = [];
  let seenMs = startAtMs;
  const endMs = startAtMs + measuredMs;
  // No call during the run, nor shortly before or after it: reported even for the shortest run.
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
