import { methodOf } from "../plan/methodOf.ts";
import type { Chain } from "../plan/schema.ts";
import { total, UNFINISHED } from "./chunk.ts";
import { createHistogram } from "./histogram.ts";
import type { SeriesSum, TargetSum } from "./seriesSum.ts";

/** A chain's counts by method, over all targets that call it; empty if targets are not recorded separately. */
export function sumsByMethod(
  sum: SeriesSum,
  { targets, apart }: Pick<Chain, "targets" | "apart">,
): Map<string, TargetSum> {
  const parts = new Map<string, TargetSum>();
  const isOne = (apart?.targets ?? targets.length) === 1;
  const places = isOne ? [[0, wholeOf(sum)] as const] : [...sum.targets];
  for (const [place, part] of places) {
    const method = methodOf(targets[place]);
    const whole = parts.get(method) ?? { sent: 0, valid: 0, invalid: 0, errors: 0, responseTime: createHistogram() };
    parts.set(method, whole);
    for (const count of ["sent", "valid", "invalid", "errors"] as const) whole[count] += part[count];
    whole.responseTime.add(part.responseTime);
  }
  return parts;
}

/** A chain's whole traffic, in the form of its only target's. */
function wholeOf(sum: SeriesSum): TargetSum {
  const errors = total(sum.errors) - (sum.errors[UNFINISHED] ?? 0);
  return { sent: sum.sent, valid: sum.valid, invalid: total(sum.invalid), errors, responseTime: sum.responseTime() };
}
