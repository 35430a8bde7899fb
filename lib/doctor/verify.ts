import type { TrueCounts } from "../observe/observations.ts";
import { splitRates } from "../plan/assign.ts";
import { DEFAULT_SETTING, estimate } from "../plan/estimate.ts";
import { checkPlan } from "../plan/load.ts";
import type { RunSchedule } from "../plan/runSchedule.ts";
import type { Plan } from "../plan/schema.ts";
import type { Report } from "../report/schema.ts";
import { encodeAbort } from "../store/abort.ts";
import { abortKey, killKey, planKey, reportKey, scheduleKey, VERIFY_PREFIX } from "../store/keys.ts";
import { readJson, type Store } from "../store/store.ts";
import {
  abortChecks,
  type BilledCall,
  billedCheck,
  type Ended,
  killChecks,
  refusalCheck,
  steadyChecks,
} from "./acceptance.ts";
import type { Check } from "./check.ts";

/** The acceptance test's external dependencies. */
export interface VerifyPorts {
  store: Store;
  start(runId: string, planKey: string): Promise<void>;
  /** The status of a run's execution; undefined if there is none yet. */
  status(runId: string): Promise<{ status: string; error: string } | undefined>;
  /** What Lambda billed for workers since an instant, in ms since the epoch; empty if its log has no entries yet. */
  billed(sinceMs: number): Promise<BilledCall[]>;
  /** The gateway's counts; undefined if it reports none. */
  truth(): Promise<TrueCounts[] | undefined>;
  nowMs(): number;
  sleep(ms: number): Promise<unknown>;
  /** Called for each step. */
  note(text: string): void;
}

/** The acceptance test's input. */
export interface VerifyInput {
  /** The stand-in gateway's origin. */
  origin: string;
  /** When the test began; part of each run's id. */
  beganAt: Date;
}

/** How long a run may take, and how often it is polled, in ms. */
const RUN_MS = 5 * 60_000;
const ASK_MS = 1_000;

/** When runs are interfered with, in ms after their start instants. */
const INTERFERE_MS = 5_000;

/** How long Lambda's log may lag, in ms. */
const LOG_LAG_MS = 60_000;

/**
 * An acceptance test of a deployment: four short runs in parallel against a stand-in gateway. One runs undisturbed
 * across a segment border, one is aborted, one has a worker killed, and one targets a host that is not allowed.
 */
export async function verify({ origin, beganAt }: VerifyInput, ports: VerifyPorts): Promise<Check[]> {
  const began = beganAt.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  const before = await ports.truth();
  const beganMs = ports.nowMs();
  const run = (kind: string, plan: Plan, interfere?: (runId: string, startAtMs: number) => Promise<unknown>) =>
    runToEnd(`${VERIFY_PREFIX}${began}-${kind}`, plan, ports, interfere);
  let abortedAtMs = 0;
  const [ended, aborted, killed, refused] = await Promise.all([
    run("steady", verifyPlan(origin, { duration: "20s", segment: "10s" })),
    run("abort", verifyPlan(origin, { duration: "60s" }), async (runId, startAtMs) => {
      abortedAtMs = ports.nowMs() - startAtMs;
      await ports.store.putIfAbsent(abortKey(runId), encodeAbort({ kind: "command" }, ports.nowMs()));
    }),
    run("kill", verifyPlan(origin, { duration: "20s" }), (runId) =>
      ports.store.put(killKey(runId), JSON.stringify({ kill: true })),
    ),
    run("refused", verifyPlan("https://volley-verify.invalid", { duration: "1s" })),
  ]);
  const after = await ports.truth();
  const served = before && after ? relays(after) - relays(before) : undefined;
  const reports = [ended, aborted, killed].flatMap(({ report }) => report ?? []);
  return [
    ...steadyChecks(ended),
    countCheck(reports, served),
    ...abortChecks(aborted, abortedAtMs),
    ...killChecks(killed),
    refusalCheck(refused),
    await lambdaTime([ended, aborted, killed], beganMs, ports),
  ];
}

/** A plan with two workers that send ten requests per second each. */
function verifyPlan(origin: string, times: { duration: string; segment?: string }): Plan {
  const body = { jsonrpc: "2.0", method: "eth_chainId", params: [], id: 1 };
  const input = {
    name: "verify",
    chains: [{ name: "ethereum", rps: 20, targets: [{ url: `${origin}/api/gateway?endpoint=ETH_ENDPOINT_ID`, body }] }],
    workers: 2,
    preflight: false,
    timeout: "5s",
    ...times,
  };
  return checkPlan(input, undefined, "the acceptance test's plan", { allowHosts: [new URL(origin).host] });
}

/** Starts a run, interferes with it while it is running, and waits for its end. */
async function runToEnd(
  runId: string,
  plan: Plan,
  ports: VerifyPorts,
  interfere?: (runId: string, startAtMs: number) => Promise<unknown>,
): Promise<Ended> {
  const { store, nowMs, sleep } = ports;
  await store.put(planKey(runId), JSON.stringify(plan));
  await ports.start(runId, planKey(runId));
  ports.note(`${runId} is started`);
  const untilMs = nowMs() + RUN_MS;
  let isInterfered = interfere === undefined;
  for (;;) {
    const execution = await ports.status(runId);
    if (execution && execution.status !== "RUNNING") {
      ports.note(`${runId} has ended: ${execution.status.toLowerCase()}`);
      return { runId, plan, ...execution, report: await readJson<Report>(store, reportKey(runId, "json")) };
    }
    if (nowMs() > untilMs) return { runId, plan, status: "NOT ENDED", error: "", report: undefined };
    const schedule = isInterfered ? undefined : await readJson<RunSchedule>(store, scheduleKey(runId));
    if (interfere && schedule && nowMs() >= schedule.startAtMs + INTERFERE_MS) {
      isInterfered = true;
      await interfere(runId, schedule.startAtMs);
    }
    await sleep(ASK_MS);
  }
}

function relays(chains: readonly TrueCounts[]): number {
  return chains.reduce((sum, chain) => sum + chain.requests, 0);
}

/** Compares the requests sent according to the reports with those that the gateway counted. */
function countCheck(reports: readonly Report[], served: number | undefined): Check {
  const subject = "counts";
  // Nobody recorded what a killed worker sent in its last seconds.
  const sent = reports.reduce((sum, { total }) => sum + total.ledger.sent, 0);
  if (served === undefined) {
    const remedy = "let it load a volley gateway on a host (--gateway), which counts what it serves";
    return { subject, level: "warn", evidence: `${sent} sent; this gateway counts none`, remedy };
  }
  const unknown = reports.reduce((sum, { total }) => sum + (total.missed.lost ?? 0), 0);
  const isRight = served >= sent && served <= sent + unknown;
  const evidence = `${sent} sent by the reports, ${served} served by the gateway's own count, ${unknown} unknown of a killed worker`;
  if (isRight) return { subject, level: "ok", evidence };
  return { subject, level: "fail", evidence, remedy: "nothing else may load the gateway meanwhile; then it is a bug" };
}

async function lambdaTime(runs: readonly Ended[], sinceMs: number, ports: VerifyPorts): Promise<Check> {
  const workers = runs.reduce((sum, { plan }) => sum + splitRates(plan).length, 0);
  const untilMs = ports.nowMs() + LOG_LAG_MS;
  let calls = await ports.billed(sinceMs);
  while (calls.length < workers && ports.nowMs() < untilMs) {
    await ports.sleep(ASK_MS * 5);
    calls = await ports.billed(sinceMs);
  }
  const setting = { ...DEFAULT_SETTING, ...(calls[0] && { workerMb: calls[0].memoryMb }) };
  // A run that was cut short is billed for the time it ran.
  const planned = runs.reduce((sum, { plan, report }) => {
    const durationMs = report?.run.measuredMs ?? plan.durationMs;
    return sum + estimate({ ...plan, durationMs }, setting).workerGbSeconds;
  }, 0);
  return billedCheck(calls, planned);
}
