import { formatDuration } from "../plan/duration.ts";
import type { Plan } from "../plan/schema.ts";
import { balances } from "../results/ledger.ts";
import type { Report, ReportChain } from "./schema.ts";
import { ms, percent } from "./units.ts";

/** Below this share of the scheduled requests sent, the run says more about the generator than about the target. */
const LEAST_ACHIEVED = 0.995;

/**
 * A worker that was saturated for longer than this share of its flush intervals had no time left to be exact. A single
 * one (a cold start, a neighbour on the machine) is left to the send lag, which tells whether it did harm.
 */
const MOST_SATURATED = 0.02;

/** Judges a report: whether the run was valid, whether it passed, and why not. Returns it with the verdict. */
export function judge(report: Report, plan: Plan): Report {
  const chains = report.chains.map((chain) => {
    const reasons = sloReasons(chain, plan.slo);
    return { chain: { ...chain, pass: reasons.length === 0 }, reasons };
  });
  const missedSlo = chains.flatMap(({ reasons }) => reasons);
  const disorder = validityReasons(report, plan);
  const aborted = abortReasons(report);
  return {
    ...report,
    chains: chains.map(({ chain }) => chain),
    verdict: {
      valid: disorder.length === 0 && aborted.length === 0,
      pass: report.chains.length > 0 && missedSlo.length === 0,
      generator: disorder.length === 0,
      reasons: [...aborted, ...disorder, ...missedSlo],
    },
  };
}

function abortReasons({ run }: Report): string[] {
  if (run.aborted === undefined) return [];
  const of = `${formatDuration(run.measuredMs)} of ${formatDuration(run.durationMs)}`;
  return [`The run was aborted after ${of}: ${run.aborted}.`];
}

/** Why the generator was not in order, each with what to do about it. */
function validityReasons(report: Report, { limits }: Plan): string[] {
  const { total, startSkewMs, workers, findings } = report;
  const reasons: string[] = [];
  reasons.push(...missedReasons(total));
  const lag = total.sendLagMs?.p99 ?? 0;
  if (lag > limits.sendLagP99Ms) {
    reasons.push(`The generator was late: send lag p99 ${ms(lag)}, above ${limits.sendLagP99Ms} ms. Use more workers.`);
  }
  if (startSkewMs !== null && startSkewMs > limits.startSkewMs) {
    const limit = formatDuration(limits.startSkewMs);
    reasons.push(`The workers did not start together: start skew ${ms(startSkewMs)}, above ${limit}.`);
  }
  const busy = workers.filter(
    ({ health }) => health.saturated.intervals > 1 && health.saturated.share > MOST_SATURATED,
  );
  if (busy.length > 0) {
    const names = busy.map(({ id }) => id).join(", ");
    reasons.push(`The event loop of ${names} was saturated: use more workers, or lower perWorkerRps.`);
  }
  if (findings.length > 0) {
    const [first] = findings;
    const more = findings.length > 1 ? ` (and ${findings.length - 1} more findings)` : "";
    reasons.push(`The results are incomplete: ${first}${more}.`);
  }
  for (const chain of report.chains) reasons.push(...countReasons(chain));
  return reasons;
}

/** Where too few of the scheduled requests were sent. */
function missedReasons({ missed, ledger }: Report["total"]): string[] {
  const reasons: string[] = [];
  const own = (missed.late ?? 0) + (missed.superseded ?? 0) + (missed.lost ?? 0);
  const counted = ledger.scheduled - (missed.aborted ?? 0);
  if (counted > 0 && 1 - own / counted < LEAST_ACHIEVED) {
    const share = percent(own / counted);
    const why = (missed.lost ?? 0) > own / 2 ? "lost with their workers" : "not sent because the generator was late";
    reasons.push(`${own} of ${counted} requests (${share}) were ${why}: use more workers, or lower perWorkerRps.`);
  }
  const capped = missed["in-flight-cap"] ?? 0;
  if (counted > 0 && capped / counted > 1 - LEAST_ACHIEVED) {
    const share = percent(capped / counted);
    reasons.push(
      `${capped} requests (${share}) were not sent because too many were in flight: the target answers too slowly for ` +
        "this rate, or limits.inFlightPerWorker is too low.",
    );
  }
  const unopened = missed["file-limit"] ?? 0;
  if (counted > 0 && unopened / counted > 1 - LEAST_ACHIEVED) {
    reasons.push(
      `${unopened} requests (${percent(unopened / counted)}) were not sent because a worker may open no more files, and ` +
        "a connection is one: use more workers (lower perWorkerRps), or raise the limit where that can be done (ulimit -n).",
    );
  }
  return reasons;
}

/** Where the counts contradict each other, or the stand-in gateway's own. */
function countReasons({ name, ledger, truth }: ReportChain): string[] {
  const reasons: string[] = [];
  if (!balances(ledger)) reasons.push(`The ledger of ${name} does not balance.`);
  // A request that failed may or may not have reached the gateway: its count lies between the two.
  if (truth && (truth.requests > ledger.sent || truth.requests < ledger.responses)) {
    reasons.push(`The gateway counted ${truth.requests} requests for ${name}, and ${ledger.sent} were sent.`);
  }
  return reasons;
}

function sloReasons(chain: ReportChain, slo: Plan["slo"]): string[] {
  const { name, success, responseTimeMs, ledger } = chain;
  if (success === null) return [`${name}: no request was sent.`];
  const reasons: string[] = [];
  if (success <= slo.success) {
    const worst = Object.entries({ ...chain.errors, ...chain.invalid }).sort(([, a], [, b]) => b - a)[0];
    const mostly = worst ? `; mostly ${worst[0]} (${worst[1]} of ${ledger.sent})` : "";
    reasons.push(`${name}: success ${percent(success)} is not above ${percent(slo.success)}${mostly}.`);
  }
  const limits = [
    ["p50", slo.p50Ms],
    ["p90", slo.p90Ms],
    ["p95", slo.p95Ms],
    ["p99", slo.p99Ms],
    ["p999", slo.p999Ms],
  ] as const;
  for (const [percentile, limitMs] of limits) {
    const found = responseTimeMs?.[percentile];
    if (limitMs === undefined) continue;
    if (found === undefined) reasons.push(`${name}: no response, so no ${percentile} within ${limitMs} ms.`);
    else if (found > limitMs) reasons.push(`${name}: response time ${percentile} ${ms(found)} is above ${limitMs} ms.`);
  }
  return reasons;
}
