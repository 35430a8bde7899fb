import { faultOf } from "../answers/classes.ts";
import { methodOf } from "../plan/methodOf.ts";
import type { Plan } from "../plan/schema.ts";
import { latencyOfAll } from "../results/allRequests.ts";
import { type Ledger, type Tally, UNFINISHED } from "../results/chunk.ts";
import { successOf } from "../results/ledger.ts";
import { sumsByMethod } from "../results/methods.ts";
import type { SeriesSum, TargetSum } from "../results/seriesSum.ts";
import type { ReportChain, ReportMethod, Traffic } from "./schema.ts";
import { targetNames } from "./targetNames.ts";
import { latencyOf, type MeasuredRun, round } from "./timeline.ts";

/**
 * Requests sent per second. For an aborted run, only whole seconds before the abort count: workers stop some time after
 * it, each at a different time.
 */
function achievedRps(ledger: Ledger, sum: SeriesSum, measuredMs: number, durationMs: number): number {
  if (measuredMs >= durationMs) return ledger.sent / (durationMs / 1_000);
  const seconds = Math.floor(measuredMs / 1_000);
  if (seconds === 0) return 0;
  let sent = 0;
  for (const [second, counts] of sum.seconds) if (second < seconds) sent += counts.sent;
  return sent / seconds;
}

export function trafficOf(
  ledger: Ledger,
  sum: SeriesSum,
  offeredRps: number,
  { plan: { durationMs, timeoutMs }, measuredMs }: MeasuredRun,
): Traffic {
  const responseTime = sum.responseTime();
  return {
    offeredRps: round(offeredRps, 3),
    achievedRps: round(achievedRps(ledger, sum, measuredMs, durationMs), 3),
    success: successOf(ledger),
    ledger,
    missed: sorted(sum.missed),
    errors: sorted(withoutUnfinished(sum.errors)),
    invalid: sorted(sum.invalid),
    answers: sorted(sum.answers),
    statuses: sorted(sum.statuses),
    faults: faultsOf(sum),
    timingsMs: Object.fromEntries([...sum.timings].map(([timing, histogram]) => [timing, latencyOf(histogram)])),
    bytesSent: sum.bytesSent,
    bytesReceived: sum.bytesReceived,
    bytesDecoded: sum.bytesDecoded,
    responseTimeMs: latencyOf(responseTime),
    responseTimeAllMs: latencyOfAll({ responseTime, failed: ledger.errors }, timeoutMs),
    meanMs: responseTime.totalCount === 0 ? null : round(responseTime.mean / 1_000, 3),
    serviceTimeMs: latencyOf(sum.serviceTime),
    sendLagMs: latencyOf(sum.sendLag),
  };
}

/** Errors without requests cut off by an abort: the ledger counts those separately. */
function withoutUnfinished({ [UNFINISHED]: _, ...errors }: Tally): Tally {
  return errors;
}

/** Errors and invalid responses by who is responsible for them. */
function faultsOf(sum: SeriesSum): Tally {
  const faults: Tally = {};
  for (const [name, count] of [...Object.entries(withoutUnfinished(sum.errors)), ...Object.entries(sum.invalid)]) {
    const fault = faultOf(name);
    faults[fault] = (faults[fault] ?? 0) + count;
  }
  return sorted(faults);
}

function sorted(tally: Tally): Tally {
  return Object.fromEntries(Object.entries(tally).sort(([, a], [, b]) => b - a));
}

export function targetsOf(sum: SeriesSum, chain: Plan["chains"][number], timeoutMs: number): ReportChain["targets"] {
  const names = targetNames(chain.targets);
  return [...sum.targets]
    .sort(([a], [b]) => a - b)
    .map(([place, part]) => ({
      name: names[place] ?? "?",
      method: methodOf(chain.targets[place]),
      ...partOf(part, timeoutMs),
    }));
}

/** The figures for a part of a chain's traffic. */
function partOf({ sent, valid, invalid, errors, responseTime }: TargetSum, timeoutMs: number) {
  const ended = valid + invalid + errors;
  return {
    sent,
    valid,
    invalid,
    errors,
    success: ended === 0 ? null : valid / ended,
    responseTimeMs: latencyOf(responseTime),
    responseTimeAllMs: latencyOfAll({ responseTime, failed: errors }, timeoutMs),
    slo: [],
  };
}

/** Each method's figures, over all of a chain's targets that call it; empty if targets are not recorded separately. */
export function methodsOf(sum: SeriesSum, chain: Plan["chains"][number], timeoutMs: number): ReportMethod[] {
  return [...sumsByMethod(sum, chain)].map(([method, part]) => ({ method, ...partOf(part, timeoutMs) }));
}
