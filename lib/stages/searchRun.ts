import { nextTrial, TOGETHER, type TrialLoad } from "../capacity/search.ts";
import { assign, splitRates } from "../plan/assign.ts";
import { isKeptApart, planWithoutLines, replayPartsOf } from "../plan/replayParts.ts";
import { partsOf, type RunSchedule, scheduleRun } from "../plan/runSchedule.ts";
import type { Plan } from "../plan/schema.ts";
import { capacityOfRun, measure, searchSettings, type Trial, trialResult } from "../report/capacity.ts";
import { type Reason, reasonText } from "../report/reasons.ts";
import type { Report } from "../report/schema.ts";
import { abortText, decodeAbort } from "../store/abort.ts";
import {
  abortKey,
  assignmentsKey,
  partsKey,
  planKey,
  replayPartsKey,
  reportKey,
  scheduleKey,
  searchKey,
  trialId,
} from "../store/keys.ts";
import { readJson, type Store } from "../store/store.ts";
import { readReportInput, writeReportFiles } from "./write.ts";

/** What the state machine goes on with: a run or a trial that is planned. */
export interface Planned {
  runId: string;
  assignmentsKey: string;
  maxConcurrency: number;
  partsKey: string;
  parts: number;
}

/** What the state machine goes on with for a run of this schedule. */
export function plannedRun({ runId, assignments, parts }: RunSchedule): Planned {
  return {
    runId,
    assignmentsKey: assignmentsKey(runId),
    maxConcurrency: assignments,
    partsKey: partsKey(runId),
    parts,
  };
}

/** When a run that is planned now is to begin. */
export interface StartTimes {
  /** The present, in ms since the epoch. */
  nowMs: number;
  /** How long workers need from being planned to their first request, in ms, and more for each worker. */
  leadMs: number;
  leadPerWorkerMs: number;
  /** And for each MB of the plan, which every worker reads; where they share this many cores, they do it in turns. */
  leadPerMbMs: number;
  cores?: number | undefined;
  /** Most workers that one reducer merges, where it is not the usual number. */
  workersPerReducer?: number | undefined;
}

/** Writes a run's plan, schedule and assignments. */
export async function planRun(store: Store, runId: string, plan: Plan, times: StartTimes): Promise<Planned> {
  const began = performance.now();
  // The plan is the last of the two: a Plan that died between them is called again, and finds the lines where they were.
  const largest = await writeReplayParts(store, runId, plan);
  const text = JSON.stringify(planWithoutLines(plan));
  await store.put(planKey(runId), text);
  // A large plan takes its time to be written, and each worker's to be read.
  const writingMs = performance.now() - began;
  const workers = splitRates(plan).length;
  const megabytes = (text.length + largest) / 2 ** 20;
  const readingMs = megabytes * times.leadPerMbMs * Math.max(1, workers / (times.cores ?? workers));
  const leadMs = Math.round(times.leadMs + times.leadPerWorkerMs * workers + readingMs);
  const startAtMs = Math.ceil(times.nowMs + writingMs + leadMs + plan.warmupMs);
  const { schedule, assignments } = scheduleRun(plan, { ...times, runId, startAtMs, leadMs });
  const objects: [key: string, body: unknown][] = [
    [scheduleKey(runId), schedule],
    [assignmentsKey(runId), assignments],
    [partsKey(runId), partsOf(schedule)],
  ];
  // Side by side: the workers' time until the start is spent here if the store is slow.
  await Promise.all(objects.map(([key, body]) => store.put(key, JSON.stringify(body))));
  return plannedRun(schedule);
}

/** Writes the lines that each assignment sends of replays that are kept apart; gives the characters of the longest. */
async function writeReplayParts(store: Store, runId: string, plan: Plan): Promise<number> {
  if (!plan.chains.some(isKeptApart)) return 0;
  let longest = 0;
  // One after another: all of them together are as large as the plan was. Neither the lead nor the start changes them.
  for (const assignment of assign(plan, { runId, startAtMs: 0, leadMs: 0 })) {
    const parts = replayPartsOf(plan, assignment);
    if (parts.length === 0) continue;
    const text = JSON.stringify(parts);
    longest = Math.max(longest, text.length);
    await store.put(replayPartsKey(runId, assignment.id), text);
  }
  return longest;
}

/** Plans a search's first trial. */
export async function planSearch(store: Store, runId: string, plan: Plan, times: StartTimes): Promise<Planned> {
  await store.put(planKey(runId), JSON.stringify(plan));
  await store.put(searchKey(runId), "[]");
  const load = nextTrial(searchSettings(plan), []);
  if (!load) throw new Error("a search without chains");
  return planTrial(store, runId, plan, load, 1, times);
}

/**
 * Takes a trial's report into its search, and plans the next one; undefined when the search is over. Safe to call again
 * for the same trial.
 */
export async function advanceSearch(store: Store, runId: string, times: StartTimes): Promise<Planned | undefined> {
  const plan = await readJson<Plan>(store, planKey(runId));
  const trials = await readJson<Trial[]>(store, searchKey(runId));
  if (!plan || !trials) throw new Error(`there is no search ${runId} in the store`);
  const number = trials.length + 1;
  const trial = await readTrial(store, runId, number);
  if (trial) trials.push(trial);
  await store.put(searchKey(runId), JSON.stringify(trials));
  if ((await store.get(abortKey(runId))) !== undefined) return undefined;
  const load = nextTrial(searchSettings(plan), trials);
  return load && planTrial(store, runId, plan, load, trials.length + 1, times);
}

async function readTrial(store: Store, runId: string, number: number): Promise<Trial | undefined> {
  const id = trialId(runId, number);
  const report = await readJson<Report>(store, reportKey(id, "json"));
  if (!report) return undefined;
  const { plan, scrapes } = await readReportInput(store, id);
  const scope = report.chains.length > 1 ? TOGETHER : (report.chains[0]?.name ?? TOGETHER);
  return trialResult(number, scope, report, measure(report, plan, scrapes));
}

async function planTrial(
  store: Store,
  runId: string,
  plan: Plan,
  load: TrialLoad,
  number: number,
  times: StartTimes,
): Promise<Planned> {
  const coolDownMs = number > 1 && plan.profile.type === "search" ? plan.profile.coolDown : 0;
  return planRun(store, trialId(runId, number), trialPlan(plan, load), { ...times, nowMs: times.nowMs + coolDownMs });
}

/** Samples beyond a percentile that make it a figure. */
const SAMPLES_BEYOND = 20;
/** Longest trial, in ms: a strict percentile at a low rate would take hours. */
const LONGEST_MS = 120_000;
/** How much longer than the slowest allowed response a trial waits for one, and at least. */
const PATIENCE = 8;
const LEAST_TIMEOUT_MS = 2_000;

/** A trial as a plan of its own: a constant rate, for as long as its percentiles need. */
function trialPlan(plan: Plan, { rps }: TrialLoad): Plan {
  const { slo, limits } = plan;
  const beyond = [
    [slo.p50Ms, 0.5],
    [slo.p90Ms, 0.1],
    [slo.p95Ms, 0.05],
    [slo.p99Ms, 0.01],
    [slo.p999Ms, 0.001],
  ] as const;
  const strictest = Math.min(0.5, ...beyond.flatMap(([limit, share]) => (limit === undefined ? [] : [share])));
  const slowestMs = Math.max(0, ...beyond.flatMap(([limit]) => limit ?? []));
  const least = Math.min(...Object.values(rps));
  const neededMs = (SAMPLES_BEYOND / strictest / least) * 1_000;
  const { workers: _, ...rest } = plan;
  return {
    ...rest,
    chains: plan.chains.flatMap((chain) =>
      rps[chain.name] === undefined ? [] : [{ ...chain, rps: rps[chain.name] ?? 0 }],
    ),
    profile: { type: "constant" },
    durationMs: Math.round(Math.min(LONGEST_MS, Math.max(plan.durationMs, neededMs))),
    warmupMs: 0,
    timeoutMs: Math.min(plan.timeoutMs, Math.max(LEAST_TIMEOUT_MS, PATIENCE * slowestMs)),
    limits: { ...limits, breaker: limits.breaker ?? { errorRatio: 0.5, window: 2_000 } },
  };
}

/** Writes the report of a search that is over: its last trial that met the SLO, with the capacity that all found. */
export async function writeSearchReport(store: Store, runId: string): Promise<Report> {
  const plan = await readJson<Plan>(store, planKey(runId));
  const trials = (await readJson<Trial[]>(store, searchKey(runId))) ?? [];
  if (!plan) throw new Error(`there is no search ${runId} in the store`);
  const best = trials.filter(({ met, valid }) => met && valid);
  const chosen = best.filter(({ scope }) => scope === TOGETHER).at(-1) ?? best.at(-1) ?? trials.at(-1);
  const report = chosen && (await readJson<Report>(store, reportKey(trialId(runId, chosen.number), "json")));
  if (!report) throw new Error(`the search ${runId} has no trial that was reported`);
  const capacity = capacityOfRun(plan, report, chosen.measured, trials);
  const reasons = searchReasons(capacity, trials, plan);
  const flag = await store.get(abortKey(runId));
  const cause = flag === undefined ? undefined : decodeAbort(flag).cause;
  if (cause) {
    reasons.unshift({ kind: "search-aborted", by: cause.kind, text: abortText(cause), trials: trials.length });
  }
  const whole: Report = {
    ...report,
    run: {
      ...report.run,
      id: runId,
      name: plan.name,
      ...(cause && { aborted: abortText(cause), abortedBy: cause.kind }),
    },
    verdict: {
      valid: reasons.length === 0,
      pass: best.length > 0,
      generator: trials.some(({ valid }) => valid),
      reasons: reasons.map(reasonText),
      causes: reasons,
    },
    capacity,
  };
  await writeReportFiles(store, runId, whole);
  return whole;
}

/** What keeps a search from being valid. */
function searchReasons(capacity: Report["capacity"], trials: readonly Trial[], plan: Plan): Reason[] {
  const reasons: Reason[] = [];
  const { precision } = searchSettings(plan);
  for (const { name: chain, capacityRps, interval, trials: count } of capacity?.chains ?? []) {
    const [lowRps, highRps] = interval ?? [0, 0];
    if (capacityRps === null) {
      const startRps = plan.chains.find(({ name }) => name === chain)?.rps ?? 0;
      reasons.push({ kind: "search-unmet", chain, trials: count, startRps });
    } else if (lowRps === highRps) {
      reasons.push({ kind: "search-unbounded", chain, highestRps: highRps });
    } else if ((highRps - lowRps) / highRps > 2 * precision) {
      reasons.push({ kind: "search-inconsistent", chain, lowRps, highRps });
    }
  }
  const untold = trials.filter(({ valid }) => !valid);
  const [first] = untold;
  if (first && untold.length > trials.length / 4) {
    reasons.push({
      kind: "search-untold",
      untold: untold.length,
      trials: trials.length,
      first: first.reasons[0] ?? "",
    });
  }
  return reasons;
}
