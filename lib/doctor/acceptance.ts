import { lagLimitMs } from "../plan/lagLimit.ts";
import type { Plan } from "../plan/schema.ts";
import type { Report } from "../report/schema.ts";
import { KILLED } from "../store/keys.ts";
import type { Check } from "./check.ts";

/** One call of a worker's function, as Lambda billed it. */
export interface BilledCall {
  billedMs: number;
  memoryMb: number;
}

/** The outcome of a run of the acceptance test. */
export interface Ended {
  runId: string;
  plan: Plan;
  status: string;
  error: string;
  report: Report | undefined;
}

/**
 * How long workers may continue after an abort, in ms: until their next poll of the flag, plus half a second for
 * responses.
 */
const MAX_ABORT_MS = 2_500;

/** How far Lambda's bill may deviate from the estimate, as a share. */
const MAX_DEVIATION = 0.25;

/** A check that passes, or fails with a remedy. */
function check(subject: string, holds: boolean, evidence: string, remedy: string): Check {
  return holds ? { subject, level: "ok", evidence } : { subject, level: "fail", evidence, remedy };
}

function unreported(subject: string, { runId, status, error }: Ended): Check {
  const evidence = `${runId} ended without a report: ${[status, error].filter(Boolean).join(": ")}`;
  return { subject, level: "fail", evidence, remedy: "look at the execution in Step Functions" };
}

/** Checks an undisturbed run: its ledger, its workers' start, and the border between its segments. */
export function steadyChecks(ended: Ended): Check[] {
  const { report, plan, runId } = ended;
  if (!report) return [unreported("a plain run", ended)];
  const { ledger, seconds } = report.total;
  const { startSkewMs } = plan.limits;
  const limitMs = lagLimitMs(plan);
  const skew = report.startSkewMs;
  const lag = report.total.sendLagMs?.p99 ?? null;
  const broken = seconds.filter(({ scheduled, sent }) => scheduled !== sent).map(({ second }) => second);
  const see = `volley report ${runId} shows it`;
  return [
    check(
      "a plain run",
      ledger.scheduled === 400 && ledger.valid === 400,
      `${ledger.scheduled} scheduled, ${ledger.sent} sent, ${ledger.valid} valid relays`,
      see,
    ),
    check(
      "hand-over",
      report.run.segments === 2 && broken.length === 0,
      `${report.run.segments} segments; seconds in which a request is missing: ${broken.join(", ") || "none"}`,
      see,
    ),
    check(
      "start skew",
      skew !== null && skew <= startSkewMs,
      `${skew?.toFixed(1) ?? "?"} ms between workers and the start instant, at most ${startSkewMs}`,
      see,
    ),
    check(
      "send lag",
      lag !== null && lag <= limitMs,
      `p99 ${lag?.toFixed(1) ?? "?"} ms, at most ${limitMs}`,
      "more memory for the workers (workerMemoryMb)",
    ),
  ];
}

/** Checks an aborted run: its workers stop within two seconds, and it has a report. */
export function abortChecks(ended: Ended, abortedAtMs: number): Check[] {
  const { report, runId } = ended;
  if (!report) return [unreported("abort", ended)];
  const wentOnMs = report.run.finishedMs - abortedAtMs;
  return [
    check(
      "abort",
      report.run.aborted !== undefined && wentOnMs <= MAX_ABORT_MS,
      `workers had stopped ${(wentOnMs / 1_000).toFixed(1)} s after the flag; the report says ${report.run.aborted ?? "nothing of it"}`,
      `volley report ${runId} shows it`,
    ),
  ];
}

/** Checks a run with a killed worker: the other worker continues, and the report names what is missing. */
export function killChecks(ended: Ended): Check[] {
  const { report, runId } = ended;
  if (!report) return [unreported("a killed worker", ended)];
  const { ledger } = report.total;
  const [killed = "", other = ""] = [KILLED.split("-")[0], "w000"];
  const isWhole = missedOf(report, other) === 0;
  const named = report.findings.filter((finding) => finding.startsWith(KILLED));
  const balances = ledger.scheduled === ledger.sent + ledger.missed;
  return [
    check(
      "a killed worker",
      isWhole && balances && named.length > 0,
      `${killed} was killed: ${missedOf(report, killed)} of its requests are missed, ${missedOf(report, other)} of ` +
        `${other}'s; the report names ${named[0] ?? "nothing"}`,
      `volley report ${runId} shows it`,
    ),
  ];
}

function missedOf({ workers }: Report, id: string): number {
  return workers.filter((worker) => worker.id === id).reduce((sum, { ledger }) => sum + ledger.missed, 0);
}

/** Checks that Plan refuses a plan for a host that the deployment does not allow. */
export function refusalCheck({ status, error }: Ended): Check {
  const isRefused = status === "FAILED" && error.startsWith("InputError");
  const evidence = isRefused ? "a plan for a host that is not allowed was refused" : `it ended ${status}: ${error}`;
  return check("guards", isRefused, evidence, "Plan has to refuse it: look at its log");
}

/** Compares what Lambda billed with the runs' estimate. */
export function billedCheck(calls: readonly BilledCall[], planned: number): Check {
  const subject = "Lambda time";
  if (calls.length === 0) {
    const remedy = "run it again, or look at the worker's log for its REPORT lines";
    return { subject, level: "warn", evidence: "the worker's log has no REPORT lines yet", remedy };
  }
  const billed = calls.reduce((sum, { billedMs, memoryMb }) => sum + (billedMs / 1_000) * (memoryMb / 1_024), 0);
  const off = billed / planned - 1;
  const evidence = `${billed.toFixed(1)} GB-s billed for ${calls.length} calls, ${planned.toFixed(1)} estimated (${(off * 100).toFixed(0)} %)`;
  if (Math.abs(off) <= MAX_DEVIATION) return { subject, level: "ok", evidence };
  return { subject, level: "warn", evidence, remedy: "the estimate takes 20 s of lead and start for each call" };
}

/** Parses a call's line in Lambda's log: `REPORT RequestId: … Billed Duration: 124 ms Memory Size: 256 MB …`. */
export function billedCallOf(line: string): BilledCall | undefined {
  const [, billedMs, memoryMb] = /^REPORT .*Billed Duration: (\d+) ms\s+Memory Size: (\d+) MB/.exec(line) ?? [];
  return billedMs === undefined ? undefined : { billedMs: Number(billedMs), memoryMb: Number(memoryMb) };
}
