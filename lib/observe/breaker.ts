import type { BreakerSettings } from "../plan/breaker.ts";
import type { Tick } from "../results/ticks.ts";
import type { AbortCause } from "../store/abort.ts";

/** Minimum requests in the window for the breaker to judge: a handful says nothing about a target. */
export const FEWEST = 50;

/**
 * Why the run must stop: the target failed too large a share of requests in the last seconds before the latest flush.
 * Undefined if the run may continue.
 */
export function tripOf(
  ticks: readonly Pick<Tick, "atMs" | "ended" | "valid">[],
  { errorRatio, window: windowMs, waitsForWindow = false }: BreakerSettings,
): Extract<AbortCause, { kind: "breaker" }> | undefined {
  const earliestMs = ticks.reduce((earliest, { atMs }) => Math.min(earliest, atMs), Infinity);
  const latestMs = ticks.reduce((latest, { atMs }) => Math.max(latest, atMs), -Infinity);
  let ended = 0;
  let valid = 0;
  for (const tick of ticks) {
    if (tick.atMs <= latestMs - windowMs) continue;
    ended += tick.ended;
    valid += tick.valid;
  }
  if (waitsForWindow && earliestMs > latestMs - windowMs) return undefined;
  const failedShare = 1 - valid / ended;
  return ended < FEWEST || failedShare < errorRatio ? undefined : { kind: "breaker", failedShare, windowMs };
}
