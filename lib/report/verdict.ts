import { isStoppable } from "../plan/breaker.ts";
import { lagLimitMs } from "../plan/lagLimit.ts";
import type { Plan } from "../plan/schema.ts";
import type { Slo } from "../plan/sloSchema.ts";
import { balances } from "../results/ledger.ts";
import { chainSlo, regionSlo, type SloLine, sloLines, subscriptionLines } from "../results/slo.ts";
import { withCost } from "./computeUnits.ts";
import { remedyOf } from "./limits.ts";
import { isOfGenerator, isStoppedByTarget, type Reason, reasonText } from "./reasons.ts";
import type { ReportRegion } from "./regionSchema.ts";
import { regionReasons } from "./regions.ts";
import type { Report, ReportChain, ReportMethod } from "./schema.ts";
import { MIN_ACHIEVED } from "./tolerances.ts";

/**
 * A worker that was saturated for more than this share of its flush intervals was too busy to be exact. A single
 * saturated interval (a cold start, a neighbour on the machine) is allowed: the send lag shows whether it did harm.
 */
const MAX_SATURATED = 0.02;

/** What a run is judged by in addition to its report. */
export interface Evidence {
  /** Error messages of lost workers. */
  errors?: readonly string[];
  /** The cost of a million relays of each chain; null if it was not measured. */
  costs?: ReadonlyMap<string, number | null>;
}

/**
 * Judges a report: whether the run was valid, whether it passed, and why not. Returns it with the verdict, and with the
 * SLO of each chain, method and target line by line.
 */
export function judge(report: Report, plan: Plan, { errors = [], costs = new Map() }: Evidence = {}): Report {
  const { measuredMs } = report.run;
  const chains = report.chains.map((chain) =>
    judgeChain(chain, plan, { measuredMs, usdPerMillionRelays: costs.get(chain.name) ?? null }),
  );
  const regions = (report.regions ?? []).map((region) => judgeRegion(region, plan, measuredMs));
  const causes = [
    ...abortReasons(report),
    ...generatorReasons(report, plan, errors),
    ...(isIdle(report) ? [{ kind: "nothing-scheduled" } as const] : []),
    ...[...chains, ...regions].flatMap(({ reasons }) => reasons),
  ];
  const inOrder = !causes.some(isOfGenerator);
  const isStopped = isStoppedByTarget(report.run);
  return {
    ...report,
    chains: chains.map(({ chain }) => chain),
    ...(report.regions && { regions: regions.map(({ region }) => region) }),
    verdict: {
      valid: inOrder && (report.run.aborted === undefined || isStopped),
      pass:
        !isIdle(report) &&
        !isStopped &&
        chains.every(({ chain }) => chain.pass) &&
        regions.every(({ region }) => region.chains.every(({ pass }) => pass)),
      generator: inOrder,
      reasons: causes.map(reasonText),
      causes,
    },
  };
}

/** Whether a run had neither a request to send nor a subscriber. */
function isIdle({ total, chains }: Report): boolean {
  return total.ledger.scheduled === 0 && chains.every(({ subscriptions }) => subscriptions === undefined);
}

function abortReasons({ run }: Report): Reason[] {
  if (run.aborted === undefined) return [];
  const { aborted: text, abortedBy: by = "other", measuredMs, durationMs } = run;
  return [{ kind: "aborted", by, text, measuredMs, durationMs }];
}

/** Why the generator or the results cannot be trusted. */
function generatorReasons(report: Report, plan: Plan, errors: readonly string[]): Reason[] {
  const { limits } = plan;
  const { total, startSkewMs, workers, findings } = report;
  const reasons = missedReasons(report, errors);
  const p99Ms = total.sendLagMs?.p99 ?? 0;
  const limitMs = lagLimitMs(plan);
  if (p99Ms > limitMs) reasons.push({ kind: "send-lag", p99Ms, limitMs, remedy: remedyOf(report) });
  if (startSkewMs !== null && startSkewMs > limits.startSkewMs) {
    reasons.push({ kind: "start-skew", skewMs: startSkewMs, limitMs: limits.startSkewMs });
  }
  const busy = workers.filter(({ health }) => health.saturated.intervals > 1 && health.saturated.share > MAX_SATURATED);
  if (busy.length > 0) {
    reasons.push({ kind: "saturated", workers: busy.map(({ id }) => id), remedy: remedyOf(report) });
  }
  const [first] = findings;
  if (first !== undefined) reasons.push({ kind: "incomplete", findings: findings.length, first });
  const unwatchedMs = report.observed.watch?.unwatchedMs ?? 0;
  if (unwatchedMs > 0 && isStoppable(plan)) {
    reasons.push({ kind: "unwatched", unwatchedMs, durationMs: report.run.measuredMs });
  }
  for (const chain of report.chains) reasons.push(...countReasons(chain), ...fileReasons(chain, report));
  return reasons;
}

/** Reasons that too few of the scheduled requests were sent. */
function missedReasons(report: Report, errors: readonly string[]): Reason[] {
  const { missed, ledger } = report.total;
  const of = ledger.scheduled - (missed.aborted ?? 0);
  const tooMany = (count: number): boolean => of > 0 && count / of > 1 - MIN_ACHIEVED;
  const late = (missed.late ?? 0) + (missed.superseded ?? 0);
  const lost = missed.lost ?? 0;
  const reasons: Reason[] = [];
  // Together they are what the generator did not send; each is reported separately.
  if (tooMany(late + lost)) {
    if (late > 0) reasons.push({ kind: "late", count: late, of, remedy: remedyOf(report) });
    if (lost > 0) reasons.push({ kind: "lost", count: lost, of, errors: [...errors] });
  }
  for (const kind of ["in-flight-cap", "file-limit"] as const) {
    const count = missed[kind] ?? 0;
    if (tooMany(count))
      reasons.push(kind === "file-limit" ? { kind, count, of, remedy: remedyOf(report) } : { kind, count, of });
  }
  return reasons;
}

/** Reasons that subscribers could not connect, because their worker had no file left. */
function fileReasons({ name: chain, subscriptions = [] }: ReportChain, report: Report): Reason[] {
  return subscriptions.flatMap(({ name: subscription, failures }): Reason[] => {
    const { "file-limit": count = 0 } = failures;
    return count === 0 ? [] : [{ kind: "subscriber-file-limit", chain, subscription, count, remedy: remedyOf(report) }];
  });
}

/** Reasons that the counts contradict each other or those of the stand-in gateway. */
function countReasons({ name, ledger, missed, truth }: ReportChain): Reason[] {
  const reasons: Reason[] = [];
  if (!balances(ledger)) reasons.push({ kind: "ledger", chain: name });
  // A request without a response may or may not have reached the gateway, so the gateway's count lies between responses
  // and requests sent. A count read before all workers were done (because a clock was set forward, or a worker was
  // lost) may be short.
  const isShort = truth?.settled === true && truth.requests < ledger.responses;
  // Some requests that a lost worker did not record may have been sent.
  if (truth && (truth.requests > ledger.sent + (missed.lost ?? 0) || isShort)) {
    reasons.push({ kind: "gateway-count", chain: name, counted: truth.requests, sent: ledger.sent });
  }
  return reasons;
}

/** What a chain is judged by besides its figures. */
interface Basis {
  measuredMs: number;
  usdPerMillionRelays: number | null;
}

function judgeChain(chain: ReportChain, plan: Plan, basis: Basis): { chain: ReportChain; reasons: Reason[] } {
  const { name, ledger, errors, invalid } = chain;
  const asked = chainSlo(plan, name);
  const computeUnits = withCost(chain.computeUnits, ledger.valid, basis.usdPerMillionRelays);
  const slo = [
    ...sloLines({ ...chain, ...ledger, ...basis, computeUnits, failures: { ...errors, ...invalid } }, asked),
    ...subscriptionLines(chain.subscriptions ?? [], asked),
  ];
  const reasons = slo.flatMap((line) => lineReasons(line, name, chain));
  const targets = judgeTargets(chain, plan, basis);
  for (const target of targets) {
    reasons.push(...target.slo.flatMap((line) => lineReasons(line, name, { ledger: target }, target.name)));
  }
  const methods = chain.methods?.map((each) => judgePart(each, asked.methods?.[each.method], basis));
  for (const each of methods ?? []) {
    reasons.push(...each.slo.flatMap((line) => lineReasons(line, name, { ledger: each }, each.method)));
  }
  if (ledger.scheduled > 0 && chain.success === null) {
    reasons.push({ kind: "nothing-sent", chain: name, scheduled: ledger.scheduled });
  }
  const parts = { targets, ...(methods && { methods }), ...(computeUnits && { computeUnits }) };
  return { chain: { ...chain, slo, ...parts, pass: reasons.length === 0 }, reasons };
}

/** A region with its state, and with its chains' SLO results. */
function judgeRegion(
  region: ReportRegion,
  plan: Plan,
  measuredMs: number,
): { region: ReportRegion; reasons: Reason[] } {
  const reasons = regionReasons(region, plan);
  const [worst] = reasons;
  const state = worst === undefined ? "in order" : worst.kind === "region-failed" ? "failed" : "late";
  const chains = region.chains.map((chain) => {
    const { name, ledger, errors, invalid } = chain;
    const failures = { ...errors, ...invalid };
    const slo = sloLines(
      { ...chain, ...ledger, measuredMs, failures, computeUnits: undefined },
      regionSlo(plan, name, region.name),
    );
    const place = { chain: name, region: region.name };
    const missed = slo.flatMap((line) => (line.pass ? [] : [lineReason(line, place, chain)]));
    reasons.push(...missed);
    return { ...chain, slo, pass: missed.length === 0 };
  });
  return { region: { ...region, state, chains }, reasons };
}

/** Each target with its SLO results, if the plan gives it an SLO. */
function judgeTargets({ name, targets }: ReportChain, plan: Plan, basis: Basis): ReportChain["targets"] {
  const planned = plan.chains.find((chain) => chain.name === name)?.targets ?? [];
  return targets.map((target, place) => judgePart(target, planned[place]?.slo, basis));
}

/** A target or a method with its SLO line by line, if the plan gives it one. */
function judgePart<Part extends ReportMethod>(part: Part, slo: Slo | undefined, { measuredMs }: Basis): Part {
  const counts = { responses: part.valid + part.invalid, errors: part.errors };
  return slo ? { ...part, slo: sloLines({ ...part, ...counts, measuredMs }, slo) } : part;
}

/** What went wrong in a chain or target, for an SLO line that was missed. */
interface Failed {
  ledger: { sent: number };
  errors?: Record<string, number>;
  invalid?: Record<string, number>;
}

function lineReasons(found: SloLine, chain: string, failed: Failed, target?: string): Reason[] {
  return found.pass ? [] : [lineReason(found, { chain, ...(target !== undefined && { target }) }, failed)];
}

function lineReason(
  { line, class: failure = "", limit, found }: SloLine,
  place: { chain: string; target?: string; region?: string },
  failed: Failed,
): Reason {
  switch (line) {
    case "success": {
      const [worst] = Object.entries({ ...failed.errors, ...failed.invalid }).sort(([, a], [, b]) => b - a);
      const mostly = worst && { class: worst[0], count: worst[1], of: failed.ledger.sent };
      return { kind: "success", ...place, success: found ?? 0, limit, ...(mostly && { worst: mostly }) };
    }
    case "relay-rate":
      return { kind: "relay-rate", ...place, rps: found ?? 0, limitRps: limit };
    case "subscribed":
    case "notifications":
      return { kind: line, chain: place.chain, subscription: failure, share: found ?? 0, limit };
    case "missed":
    case "doubled":
    case "dropped":
    case "subscribe-p99":
    case "lag-p99":
      return { kind: "subscribers", chain: place.chain, subscription: failure, line, found, limit };
    case "class":
      return { kind: "class-share", ...place, class: failure, share: found ?? 0, limit };
    case "cu-rate":
      return { kind: "cu-rate", chain: place.chain, perSecond: found ?? 0, limit };
    case "cu-cost":
      return { kind: "cu-cost", chain: place.chain, usdPerMillion: found, limitUsd: limit };
    case "cost":
      return { kind: "cost", chain: place.chain, usdPerMillionRelays: found, limitUsd: limit };
    default:
      return { kind: "response-time", ...place, percentile: line, foundMs: found, limitMs: limit };
  }
}
