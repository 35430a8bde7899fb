import { lagLimitMs } from "../plan/lagLimit.ts";
import { meanShare } from "../plan/profile.ts";
import { regionShare, regionsOf } from "../plan/regions.ts";
import type { Plan } from "../plan/schema.ts";
import type { RegionResult } from "../results/chainResults.ts";
import { addLedgers } from "../results/ledger.ts";
import { SeriesSum } from "../results/seriesSum.ts";
import { largestSkewMs, worstClock } from "./clocks.ts";
import type { Reason } from "./reasons.ts";
import type { ReportRegion } from "./regionSchema.ts";
import type { ReportWorker } from "./schema.ts";
import { intervalsOf, type MeasuredRun } from "./timeline.ts";
import { MIN_ACHIEVED } from "./tolerances.ts";
import { trafficOf } from "./traffic.ts";

/** What was sent from each region; empty for a plan without regions. */
export function regionsReport(
  results: readonly RegionResult[],
  workers: readonly ReportWorker[],
  run: MeasuredRun,
): ReportRegion[] {
  return regionsOf(run.plan).map((name) => {
    const own = results.filter(({ region }) => region === name);
    const here = workers.filter(({ region }) => region === name);
    const sum = new SeriesSum();
    for (const result of own) sum.merge(result.sum);
    const chains = own.map((result) => regionChain(result, run));
    const offered = chains.reduce((rps, { offeredRps }) => rps + offeredRps, 0);
    return {
      name,
      workers: here.length,
      state: "in order",
      startSkewMs: largestSkewMs(here),
      clock: worstClock(here),
      ...trafficOf(addLedgers(own.map(({ ledger }) => ledger)), sum, offered, run),
      chains,
    };
  });
}

function regionChain(
  { chain: name, region, ledger, sum }: RegionResult,
  run: MeasuredRun,
): ReportRegion["chains"][number] {
  const { plan } = run;
  const chain = plan.chains.find((each) => each.name === name);
  if (!chain) throw new Error(`the plan has no chain ${name}`);
  const share = regionShare(chain, region);
  return {
    name,
    share,
    ...trafficOf(ledger, sum, chain.rps * share * meanShare(plan), run),
    intervals: intervalsOf(sum, run.plan),
    pass: true,
    slo: [],
  };
}

/** Why the workers of a region cannot be trusted, even where the whole run can; empty if they can. */
export function regionReasons({ name: region, ledger, missed, ...own }: ReportRegion, plan: Plan): Reason[] {
  const of = ledger.scheduled - (missed.aborted ?? 0);
  if (of <= 0) return [];
  if (ledger.sent === 0) return [{ kind: "region-failed", region, scheduled: of, workers: own.workers }];
  const reasons: Reason[] = [];
  const count = (missed.late ?? 0) + (missed.superseded ?? 0) + (missed.lost ?? 0);
  if (count / of > 1 - MIN_ACHIEVED) reasons.push({ kind: "region-missed", region, count, of });
  const lines = [
    { line: "send-lag", foundMs: own.sendLagMs?.p99 ?? 0, limitMs: lagLimitMs(plan) },
    { line: "start-skew", foundMs: own.startSkewMs ?? 0, limitMs: plan.limits.startSkewMs },
  ] as const;
  for (const each of lines) {
    if (each.foundMs > each.limitMs) reasons.push({ kind: "region-late", region, ...each });
  }
  return reasons;
}
