/** A duration in a plan: a number of seconds, or text such as "90s", "33m", "1h30m", "500ms". */
export const DURATION_PATTERN = /^(?=.)(\d+(\.\d+)?h)?(\d+(\.\d+)?m(?!s))?(\d+(\.\d+)?s)?(\d+(\.\d+)?ms)?$/;

const UNIT_MS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/**
 * A duration that the plan's schema has accepted, in whole milliseconds: boundaries between segments are whole ones
 * too. Throws on text that is not a duration.
 */
export function durationMs(duration: string | number): number {
  if (typeof duration === "number") return Math.max(1, Math.round(duration * 1_000));
  if (!DURATION_PATTERN.test(duration)) throw new TypeError(`not a duration: ${duration}`);
  let ms = 0;
  for (const [, amount, unit] of duration.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)) {
    ms += Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  }
  return Math.round(ms);
}

/** Formats a duration for people: "33m", "1h 5m", "12.5s", "250ms". */
export function formatDuration(ms: number): string {
  if (ms > 0 && ms < 1_000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${Math.round(ms / 100) / 10}s`;
  const totalSeconds = Math.round(ms / 1_000);
  const parts = [
    [Math.floor(totalSeconds / 3_600), "h"],
    [Math.floor(totalSeconds / 60) % 60, "m"],
    [totalSeconds % 60, "s"],
  ];
  return parts
    .filter(([amount]) => amount !== 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join(" ");
}
