import type { Check } from "./check.ts";

/** AWS's information on one function. */
export interface FunctionFacts {
  name: string;
  state: string;
  reason: string;
  /** The status of its last update: Successful, InProgress or Failed. */
  update: string;
}

/** What is known about a run. */
export interface RunFacts {
  runId: string;
  status: string;
  startedAtMs: number | undefined;
  isReported: boolean;
}

/** A run that takes longer than this, in ms, is marked as long-running. */
const LONG_MS = 6 * 3_600_000;

/** Checks that the stack is healthy, and has the same version as this command. */
export function stackChecks(status: string, deployed: string | undefined, own: string): Check[] {
  const isSettled = /^(CREATE|UPDATE|IMPORT)_COMPLETE$/.test(status);
  const remedy = "look at the stack's events in CloudFormation, and deploy again";
  const version = deployed ?? "an unknown version";
  return [
    {
      subject: "stack",
      level: isSettled ? "ok" : /_IN_PROGRESS$/.test(status) ? "warn" : "fail",
      evidence: status,
      ...(!isSettled && { remedy }),
    },
    {
      subject: "version",
      level: deployed === own ? "ok" : "warn",
      evidence: deployed === own ? `${own}, as this command` : `the stack is ${version}, this command ${own}`,
      ...(deployed !== own && { remedy: "deploy again from this version, or use the command of the stack's" }),
    },
  ];
}

/** Checks that the functions can be called right away. */
export function functionChecks(functions: readonly FunctionFacts[]): Check[] {
  const subject = "functions";
  const odd = functions.flatMap(({ name, state, reason, update }): Check[] => {
    if (state === "Active" && update !== "Failed") return [];
    const evidence = [`${name} is ${state}`, update === "Failed" ? "its last update failed" : "", reason]
      .filter(Boolean)
      .join(": ");
    if (state === "Inactive") {
      const remedy = "nothing: it was idle for weeks, and Plan wakes it before a run";
      return [{ subject, level: "warn", evidence, remedy }];
    }
    return [
      { subject, level: state === "Pending" ? "warn" : "fail", evidence, remedy: "wait a minute, then deploy again" },
    ];
  });
  const active = functions.filter(({ state }) => state === "Active").map(({ name }) => name);
  if (active.length === 0) return odd;
  return [{ subject, level: "ok", evidence: `${active.join(", ")}: active` }, ...odd];
}

/** Checks what earlier runs left behind: running runs, and runs that ended without a report. */
export function leftoverChecks(runs: readonly RunFacts[], stack: string, nowMs: number): Check[] {
  const subject = "earlier runs";
  const running = runs.filter(({ status }) => status === "RUNNING");
  const unreported = runs.filter(({ status, isReported }) => status !== "RUNNING" && !isReported);
  const checks = [
    ...running.map(({ runId, startedAtMs }): Check => {
      const isLong = startedAtMs !== undefined && nowMs - startedAtMs > LONG_MS;
      const evidence = `${runId} is running${isLong ? ", for more than 6 hours" : ""}`;
      return { subject, level: "warn", evidence, remedy: `volley watch or volley abort ${runId} --stack ${stack}` };
    }),
    ...unreported.map(({ runId, status }): Check => {
      const evidence = `${runId} ended (${status.toLowerCase()}) without a report`;
      const remedy = `volley report ${runId} --stack ${stack} makes one of what there is; a refused plan has none`;
      return { subject, level: "warn", evidence, remedy };
    }),
  ];
  if (checks.length > 0) return checks;
  return [{ subject, level: "ok", evidence: `${runs.length} looked at: all have ended and have a report` }];
}

/** Checks that there are no hosts that no run needs. */
export function fleetCheck(hosts: number, isRunning: boolean): Check {
  const subject = "fleet";
  if (hosts === 0) return { subject, level: "ok", evidence: "no host is up" };
  if (isRunning) return { subject, level: "ok", evidence: `${hosts} hosts are up for a run` };
  const remedy = "nothing for 15 minutes: a schedule releases them; then set the group's desired capacity to 0";
  return { subject, level: "warn", evidence: `${hosts} hosts are up, and no run is in progress`, remedy };
}

/** How far this machine's clock may be off, in ms: AWS refuses signatures that are 5 minutes old. */
const MAX_SKEW_MS = 60_000;

/** Compares this machine's clock with AWS's; `theirsMs` was read between two reads of the local clock. */
export function ownClockCheck(theirsMs: number, beforeMs: number, afterMs: number): Check {
  const offMs = Math.round((beforeMs + afterMs) / 2 - theirsMs);
  const evidence = `${(offMs / 1_000).toFixed(1)} s from AWS's, known to a second`;
  if (Math.abs(offMs) <= MAX_SKEW_MS) return { subject: "clock here", level: "ok", evidence };
  return { subject: "clock here", level: "fail", evidence, remedy: "set it: AWS refuses calls that are 5 minutes off" };
}
