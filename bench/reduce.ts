import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { type Assignment, phaseRange, scheduledRequests } from "../lib/plan/assign.ts";
import { checkPlan } from "../lib/plan/load.ts";
import { scheduleRun } from "../lib/plan/runSchedule.ts";
import type { Plan } from "../lib/plan/schema.ts";
import type { SecondRow, Series, Summary } from "../lib/results/chunk.ts";
import { intervalMs } from "../lib/results/chunk.ts";
import { createHistogram, encodeHistogram, type Histogram, packHistograms } from "../lib/results/histogram.ts";
import { REDUCER_OPTIONS } from "../lib/results/reduce.ts";
import { randomSeries } from "../lib/schedule/random.ts";
import { countInShard } from "../lib/schedule/schedule.ts";
import { writeReport } from "../lib/stages/reportRun.ts";
import { FolderStore } from "../lib/store/folderStore.ts";
import { assignmentsKey, histogramsKey, planKey, reportKey, scheduleKey, summaryKey } from "../lib/store/keys.ts";

/*
 * How long a run of so many workers takes to reduce, and how much memory: makes the results of such a run in a folder,
 * as its workers would have left them, and reduces them in another process on one core, with the options that the
 * deployed function has.
 */

const RUN = "synthetic";

/** A fixed instant: two versions' reports of the same run are the same to the byte, or one of them is wrong. */
const START_AT_MS = Date.UTC(2026, 0, 1);

/** Requests per second of each worker, over all its chains. */
const WORKER_RPS = 500;

/** Distributions that the synthetic histograms are taken from. */
const DISTRIBUTIONS = 97;

/** A plan whose workers serve every chain each: the largest summaries that there are. */
function syntheticPlan(workers: number, minutes: number, chains: number): Plan {
  return checkPlan(
    {
      name: RUN,
      chains: Array.from({ length: chains }, (_, index) => ({
        name: `chain-${index}`,
        rps: (workers * WORKER_RPS) / chains,
        targets: [
          { url: "http://127.0.0.1:1/", body: { jsonrpc: "2.0", method: "eth_blockNumber", params: [], id: 1 } },
        ],
      })),
      duration: `${minutes}m`,
    },
    ".",
    "the bench's plan",
  );
}

/** Puts every chain on every worker: a pinned number of workers does so only where it is below the number of chains. */
function mixed(assignment: Assignment, plan: Plan, workers: number): Assignment {
  const shares = plan.chains.map(({ name, rps }) => ({
    chain: name,
    shard: assignment.worker,
    of: workers,
    rps: rps / workers,
  }));
  return { ...assignment, shares };
}

function writeRun(folder: string, workers: number, minutes: number, chains: number): number {
  const plan = syntheticPlan(workers, minutes, chains);
  const made = scheduleRun(plan, { runId: RUN, startAtMs: START_AT_MS, leadMs: 0 });
  const assignments = made.assignments.map((each) => mixed(each, plan, workers));
  const write = (key: string, body: unknown): void => {
    mkdirSync(dirname(join(folder, key)), { recursive: true });
    writeFileSync(join(folder, key), JSON.stringify(body));
  };
  write(planKey(RUN), plan);
  write(scheduleKey(RUN), made.schedule);
  write(assignmentsKey(RUN), assignments);
  const random = randomSeries(1);
  const histograms = Array.from({ length: DISTRIBUTIONS }, () => {
    const histogram = createHistogram();
    const middleUs = 2_000 + random() * 20_000;
    for (let index = 0; index < 1_250; index++) histogram.record(Math.round(middleUs * Math.exp(random() * 2 - 0.5)));
    return histogram;
  });
  for (const assignment of assignments)
    write(summaryKey(RUN, assignment.id, 1), summaryOf(plan, assignment, histograms));
  return assignments.length;
}

function summaryOf(plan: Plan, assignment: Assignment, histograms: readonly Histogram[]): Summary {
  const intervalsMs = intervalMs(plan.durationMs);
  const pick = (index: number): Histogram =>
    histograms[(assignment.worker * 31 + index) % histograms.length] as Histogram;
  const series = assignment.shares.map((share): Series => {
    const count = scheduledRequests(plan, assignment, share, "measure");
    const { schedule } = phaseRange(plan, assignment, share, "measure");
    const seconds: SecondRow[] = [];
    for (let second = assignment.fromMs / 1_000; second < assignment.toMs / 1_000; second++) {
      const from = schedule.dueBefore(second * 1_000);
      const to = schedule.dueBefore((second + 1) * 1_000);
      const sent = countInShard({ shard: share.shard, of: share.of, from, to });
      seconds.push([second, sent, 0, sent, 0, 0]);
    }
    const responseTime = new Map<number, Histogram>();
    for (let interval = assignment.fromMs / intervalsMs; interval < assignment.toMs / intervalsMs; interval++) {
      responseTime.set(Math.floor(interval), pick(interval));
    }
    return {
      chain: share.chain,
      phase: "measure",
      sent: count,
      missed: {},
      errors: {},
      invalid: {},
      valid: count,
      statuses: { 200: count },
      bytesSent: count * 63,
      bytesReceived: count * 45,
      seconds,
      responseTime: packHistograms(responseTime),
      serviceTime: encodeHistogram(pick(1)),
      sendLag: encodeHistogram(pick(2)),
    };
  });
  const { id, worker, segment, toMs } = assignment;
  const health = Array.from({ length: 8 }, (_, index) => ({
    atMs: assignment.fromMs + index * 60_000,
    cpu: 0.1,
    eventLoop: 0.1,
    eventLoopDelayMs: 0.1,
    gcMaxMs: 0.1,
    gcMs: 0.2,
    residentMb: 120,
    inFlight: 5,
    connections: 20,
    opened: 0,
  }));
  const place = { version: 2 as const, runId: RUN, assignment: id, worker, segment, attempt: 1, atMs: toMs };
  return { ...place, intervalMs: intervalsMs, series, outcome: "completed", startSkewMs: 0.2, readyMs: 400, health };
}

/** Reduces the run in a folder, and tells what that took. In a process of its own, so that it is this alone. */
async function reduce(folder: string): Promise<void> {
  const beganMs = performance.now();
  const report = await writeReport(new FolderStore(folder), RUN);
  const { user, system } = process.cpuUsage();
  const result = {
    requests: report.total.ledger.sent,
    complete: report.run.complete,
    seconds: Number(((performance.now() - beganMs) / 1_000).toFixed(2)),
    cpuSeconds: Number(((user + system) / 1e6).toFixed(2)),
    maxRssMb: Math.round(process.resourceUsage().maxRSS / 1_024),
    sha256: sha256Of([reportKey(RUN, "json"), histogramsKey(RUN)].map((key) => join(folder, key))),
  };
  process.stdout.write(JSON.stringify(result));
}

/** A hash over files, in hex. */
function sha256Of(paths: readonly string[]): string {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(readFileSync(path));
  return hash.digest("hex");
}

const options = new Command("bench:reduce")
  .description("Make a large run's results and measure how long, and in how much memory, they are reduced.")
  .option("--workers <count>", "workers", Number, 1_000)
  .option("--minutes <count>", "how long the run was", Number, 33)
  .option("--chains <count>", "chains, all of them on each worker", Number, 4)
  .option("--json", "print one line of JSON")
  .option("--only-reduce <folder>", "reduce a run that was made before")
  .parse()
  .opts<{ workers: number; minutes: number; chains: number; json?: boolean; onlyReduce?: string }>();

if (options.onlyReduce !== undefined) {
  await reduce(options.onlyReduce);
} else {
  const folder = mkdtempSync(join(tmpdir(), "volley-bench-"));
  try {
    const { workers, minutes, chains } = options;
    const summaries = writeRun(folder, workers, minutes, chains);
    const self = fileURLToPath(import.meta.url);
    const args = [...REDUCER_OPTIONS, "--disable-warning=ExperimentalWarning", self, "--only-reduce", folder];
    const found = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as Record<
      string,
      number | string
    >;
    const result = { workers, minutes, chains, summaries, ...found };
    process.stdout.write(
      options.json
        ? `${JSON.stringify(result)}\n`
        : `${workers} workers × ${minutes} min × ${chains} chains: ${summaries} summaries reduced in ${found.seconds} s, ${found.maxRssMb} MB at most; sha256 of the results ${found.sha256}\n`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
