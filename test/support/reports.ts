import { scheduleRun } from "../../lib/plan/runSchedule.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { GeneratorTimeline } from "../../lib/report/generatorTimeline.ts";
import { buildReport, type Truth, workerReport } from "../../lib/report/model.ts";
import type { Report } from "../../lib/report/schema.ts";
import type { ChainResult, RegionResult } from "../../lib/results/chainResults.ts";
import type { Health } from "../../lib/results/chunk.ts";
import type { Finding } from "../../lib/results/findings.ts";
import { recordMs } from "../../lib/results/histogram.ts";
import { ledgerOf } from "../../lib/results/ledger.ts";
import { SeriesSum } from "../../lib/results/seriesSum.ts";
import type { AbortFlag } from "../../lib/store/abort.ts";

/** What a made-up run is to show, beyond a perfect one. */
export interface MadeRun {
  plan: Plan;
  /** How a chain's recording differs from all valid after 1 to 20 ms. */
  change?(sum: SeriesSum, chain: string): unknown;
  /** How many requests of a chain were due, where it is not its rate over the duration. */
  scheduled?: Record<string, number>;
  findings?: Finding[];
  /** What the stand-in gateway counted. */
  truth?: Truth;
  aborted?: AbortFlag;
  startSkewMs?: number;
  /** How long before its first request each worker was ready. */
  readyMs?: number;
  /** What each worker's meter told at its flushes. */
  health?: Health[];
}

/** The report of a run that never was: each chain's requests valid, each second alike. */
export function madeReport(made: MadeRun): Report {
  const { plan, change, scheduled = {}, findings = [], aborted, startSkewMs = 1, readyMs = 400, health } = made;
  const { schedule } = scheduleRun(plan, { runId: "test-run", startAtMs: Date.UTC(2026, 0, 1), leadMs: 0 });
  const seconds = plan.durationMs / 1_000;
  const chains = plan.chains.map(({ name, rps }): ChainResult => {
    const sum = new SeriesSum();
    const count = rps * seconds;
    sum.sent = count;
    sum.valid = count;
    sum.statuses[200] = count;
    for (let second = 0; second < seconds; second++) {
      sum.seconds.set(second, { sent: rps, missed: 0, valid: rps, invalid: 0, errors: 0 });
    }
    const part = new SeriesSum();
    for (let n = 0; n < count; n++) {
      recordMs(part.serviceTime, 1 + (n % 20));
      recordMs(part.sendLag, 0.1);
    }
    sum.merge(part);
    sum.intervals.set(0, part.serviceTime);
    change?.(sum, name);
    return { chain: name, phase: "measure", ledger: ledgerOf(scheduled[name] ?? count, sum), sum };
  });
  const regions = chains.flatMap((chain) =>
    Object.entries(plan.chains.find(({ name }) => name === chain.chain)?.regions ?? {}).map(([region, share]) =>
      madeRegion(chain, region, share),
    ),
  );
  const workers = chains.map(({ chain, ledger, sum }, worker) =>
    workerReport(
      {
        worker,
        chains: [chain],
        rps: plan.chains[worker]?.rps ?? 0,
        ledger,
        sum,
        outcomes: ["completed"],
        startSkewMs,
        readyMs,
        clock: null,
        hosts: [],
        health: health ?? [healthSample()],
      },
      plan,
      plan.durationMs,
    ),
  );
  const timeline = new GeneratorTimeline(1_000);
  for (const { id } of workers) timeline.add(id, health ?? [healthSample()]);
  return buildReport({
    generator: timeline.points(),
    plan,
    schedule,
    reduction: { chains, regions, findings, finishedMs: plan.durationMs },
    workers,
    scrapes: [],
    logs: [],
    ...(aborted && { aborted }),
    ...(made.truth && { truth: made.truth }),
  });
}

/** A region's share of a chain's result: as many of the same requests, with the same times. */
function madeRegion({ chain, ledger, sum: whole }: ChainResult, region: string, share: number): RegionResult {
  const sum = new SeriesSum();
  sum.sent = whole.sent * share;
  sum.valid = whole.valid * share;
  for (let n = 0; n < sum.valid; n++) {
    recordMs(sum.serviceTime, 1 + (n % 20));
    recordMs(sum.sendLag, 0.1);
  }
  sum.intervals.set(0, sum.serviceTime);
  return { chain, region, phase: "measure", ledger: ledgerOf(ledger.scheduled * share, sum), sum };
}

/** How a generator fares that has little to do. */
export function healthSample(): Health {
  return {
    atMs: 1_000,
    cpu: 0.1,
    eventLoop: 0.2,
    eventLoopDelayMs: 0.1,
    gcMaxMs: 0.5,
    gcMs: 1,
    residentMb: 120,
    inFlight: 3,
    connections: 4,
    opened: 0,
  };
}
