import type { LogLooks } from "../observe/logTail.ts";
import type { Scrape } from "../observe/scrape.ts";
import type { Watched } from "../observe/watched.ts";
import { chainSchedule } from "../plan/assign.ts";
import { meanShare } from "../plan/profile.ts";
import type { RunSchedule } from "../plan/runSchedule.ts";
import type { Plan } from "../plan/schema.ts";
import { addressesOf } from "../plan/subscriptions.ts";
import type { ChainResult } from "../results/chainResults.ts";
import type { Health } from "../results/chunk.ts";
import { findingText, workerErrors } from "../results/findings.ts";
import { addLedgers } from "../results/ledger.ts";
import type { Reduction } from "../results/reduce.ts";
import { SeriesSum } from "../results/seriesSum.ts";
import type { WorkerResult } from "../results/workerSum.ts";
import { type AbortFlag, abortText } from "../store/abort.ts";
import { blockAgesReport } from "./blockAges.ts";
import { capacityOfRun, relayPrices } from "./capacity.ts";
import { largestSkewMs, worstClock } from "./clocks.ts";
import { totalUnits, unitsReport } from "./computeUnits.ts";
import { eventsOf } from "./events.ts";
import { hintsOf } from "./hints.ts";
import { logSeries, logsOf } from "./logs.ts";
import { lookupsReport } from "./lookups.ts";
import { measure } from "./measure.ts";
import { metricsOf } from "./metrics.ts";
import { nodesReport } from "./nodes.ts";
import { observedHints, observedOf } from "./observed.ts";
import { markOutliers } from "./outliers.ts";
import { limitReport, rateLimitsReport } from "./rateLimits.ts";
import { regionsReport } from "./regions.ts";
import type { Report, ReportChain, ReportWorker } from "./schema.ts";
import { subscriptionHints } from "./subscriptionHints.ts";
import { webSocketReport } from "./subscriptions.ts";
import { latencyOf, type MeasuredRun, round, timelineOf } from "./timeline.ts";
import { methodsOf, targetsOf, trafficOf } from "./traffic.ts";
import { judge } from "./verdict.ts";
import { VERSION } from "./version.ts";

/** A chain's true counts during the run, if the target was the stand-in gateway. */
export type Truth = Map<string, NonNullable<ReportChain["truth"]>>;

/** The input of a report. */
export interface ReportInput {
  plan: Plan;
  schedule: RunSchedule;
  reduction: Reduction;
  workers: readonly ReportWorker[];
  /** The workers' sockets over the run. */
  generator: Report["generator"];
  /** Scrapes of the gateway's metrics. */
  scrapes: readonly Scrape[];
  /** Reads of the gateway's logs. */
  logs: readonly LogLooks[];
  /** When Watch was polling; undefined for a run in progress. */
  watched?: readonly Watched[];
  /** Why the run was aborted, and how long it had measured by then. */
  aborted?: AbortFlag;
  truth?: Truth;
  /** For a run in progress: how long it has measured so far. */
  measuredMs?: number;
}

/** Builds the report of a run. */
export function buildReport(input: ReportInput): Report {
  const { plan, schedule, reduction, workers, generator, scrapes, logs, aborted, truth } = input;
  const measuredMs = input.measuredMs ?? measuredOf(plan, aborted);
  const measured = reduction.chains.filter(({ phase }) => phase === "measure");
  const warmups = new Map(reduction.chains.filter(({ phase }) => phase === "warmup").map((each) => [each.chain, each]));
  const run = { plan, measuredMs };
  const chains = measured.map((result) =>
    chainReport(result, warmups.get(result.chain), run, truth?.get(result.chain)),
  );
  const regions = regionsReport(reduction.regions, workers, run);
  const origins = plan.chains.flatMap((chain) => addressesOf(chain).map(({ url }) => new URL(url).origin));
  const report: Report = {
    version: 1,
    run: {
      id: schedule.runId,
      name: plan.name,
      volley: VERSION,
      mode: plan.mode,
      startedAt: new Date(schedule.startAtMs).toISOString(),
      durationMs: plan.durationMs,
      measuredMs: Math.round(measuredMs),
      finishedMs: reduction.finishedMs,
      warmupMs: plan.warmupMs,
      workers: schedule.workers,
      segments: schedule.segments,
      complete: reduction.findings.length === 0,
      ...(aborted && { aborted: abortText(aborted.cause), abortedBy: aborted.cause.kind }),
      target: [...new Set(origins)].join(", "),
    },
    verdict: { valid: true, pass: true, generator: true, reasons: [], causes: [] },
    slo: plan.slo,
    startSkewMs: largestSkewMs(workers),
    clock: worstClock(workers),
    total: totalReport(measured, chains, run),
    chains,
    ...(regions.length > 0 && { regions }),
    workers: markOutliers(workers),
    events: eventsOf(chains),
    hints: [],
    generator: { all: generator.all, workers: generator.workers },
    coolDownMs: round(Math.max(0, reduction.finishedMs - measuredMs), 1),
    metrics: [...metricsOf(scrapes, plan), ...logSeries(logs)],
    observed: observedOf(run, schedule, scrapes, input.watched),
    logs: logsOf(logs),
    findings: reduction.findings.map(findingText),
  };
  const errors = workerErrors(reduction.findings);
  const measuredUse = measure(report, plan, scrapes);
  const judged = judge(
    { ...report, hints: [...hintsOf(report, plan), ...subscriptionHints(report), ...observedHints(report.observed)] },
    plan,
    {
      errors,
      costs: relayPrices(plan, measuredUse),
    },
  );
  return { ...judged, capacity: capacityOfRun(plan, judged, measuredUse, []) };
}

/** A worker's row, from what the reducer read about it. */
export function workerReport(worker: WorkerResult, plan: Plan, measuredMs: number): ReportWorker {
  const { ledger, sum, rps, chains, outcomes, startSkewMs, readyMs } = worker;
  return {
    id: `w${String(worker.worker).padStart(3, "0")}`,
    ...(worker.region !== undefined && { region: worker.region }),
    chains,
    ...trafficOf(ledger, sum, rps * meanShare(plan), { plan, measuredMs }),
    outcomes,
    startSkewMs,
    readyMs,
    clock: worker.clock,
    hosts: worker.hosts,
    outlier: [],
    health: healthOf(worker.health),
  };
}

function chainReport(
  { chain: name, ledger, sum }: ChainResult,
  warmup: ChainResult | undefined,
  run: MeasuredRun,
  counted: ReportChain["truth"],
): ReportChain {
  const { plan } = run;
  const chain = plan.chains.find((each) => each.name === name);
  if (!chain) throw new Error(`the plan has no chain ${name}`);
  const schedule = chainSchedule(plan, chain, "measure");
  const offeredRps = chain.rps * meanShare(plan);
  const scheduledIn = (second: number): number =>
    schedule.dueBefore((second + 1) * 1_000) - schedule.dueBefore(second * 1_000);
  const methods = methodsOf(sum, chain, plan.timeoutMs);
  const traffic = trafficOf(ledger, sum, offeredRps, run);
  const rateLimits = rateLimitsReport(sum);
  const limit = limitReport(sum);
  const lookups = lookupsReport(sum);
  const blockAges = blockAgesReport(sum);
  const nodes = nodesReport(sum);
  const computeUnits = unitsReport(sum, chain, run, traffic);
  return {
    name,
    ...traffic,
    ...(computeUnits && { computeUnits }),
    ...timelineOf(sum, run, scheduledIn),
    pass: true,
    slo: [],
    targets: targetsOf(sum, chain, plan.timeoutMs),
    ...(methods.length > 0 && { methods }),
    ...webSocketReport(sum, chain, run),
    samples: sum.samples.list,
    ...(rateLimits && { rateLimits }),
    ...(limit && { limit }),
    ...(lookups.length > 0 && { lookups }),
    ...(blockAges && { blockAges }),
    ...(nodes && { nodes }),
    ...(counted && { truth: counted }),
    ...(warmup && {
      warmup: {
        ledger: warmup.ledger,
        missed: warmup.sum.missed,
        errors: warmup.sum.errors,
        invalid: warmup.sum.invalid,
        responseTimeMs: latencyOf(warmup.sum.responseTime()),
      },
    }),
  };
}

function totalReport(
  measured: readonly ChainResult[],
  chains: readonly ReportChain[],
  run: MeasuredRun,
): Report["total"] {
  const sum = new SeriesSum();
  for (const result of measured) sum.merge(result.sum);
  const ledger = addLedgers(measured.map((result) => result.ledger));
  const offered = chains.reduce((rps, chain) => rps + chain.offeredRps, 0);
  const scheduledIn = (second: number): number =>
    chains.reduce((count, chain) => count + (chain.seconds[second]?.scheduled ?? 0), 0);
  const computeUnits = totalUnits(chains);
  return {
    ...trafficOf(ledger, sum, offered, run),
    ...(computeUnits && { computeUnits }),
    ...timelineOf(sum, run, scheduledIn),
  };
}

/** An event loop busier than this over a flush interval was saturated. */
const SATURATED = 0.97;

function healthOf(health: readonly Health[]): ReportWorker["health"] {
  const most = (read: (each: Health) => number): number => Math.max(0, ...health.map(read));
  const cpu = health.reduce((sum, each) => sum + each.cpu, 0) / Math.max(1, health.length);
  const saturated = health.filter(({ eventLoop }) => eventLoop > SATURATED).length;
  return {
    cpu: round(cpu, 3),
    eventLoop: most(({ eventLoop }) => eventLoop),
    saturated: { intervals: saturated, share: round(saturated / Math.max(1, health.length), 3) },
    residentMb: most(({ residentMb }) => residentMb),
    inFlight: most(({ inFlight }) => inFlight),
    connections: most(({ connections }) => connections),
  };
}

/** How long a run measured, in ms: to its end, or until it was aborted. */
export function measuredOf(plan: Plan, aborted: { atMs: number } | undefined): number {
  return aborted ? Math.min(plan.durationMs, Math.max(0, aborted.atMs)) : plan.durationMs;
}
