import { formatDuration } from "../plan/duration.ts";
import type { Plan } from "../plan/schema.ts";
import { total as tallySum } from "../results/chunk.ts";
import { remedyOf } from "./limits.ts";
import { median } from "./outliers.ts";
import { moreFilesText, remedyText } from "./reasons.ts";
import type { Report, ReportChain } from "./schema.ts";
import { ms, percent } from "./units.ts";

/** Fewer free ephemeral ports than this are nearly none: 500 connections per second use as many in two seconds. */
export const FEW_PORTS = 1_000;

type Hint = Report["hints"][number];

/** The parts of a report that hints are derived from. */
type Told = Pick<Report, "total" | "chains" | "workers" | "generator" | "run">;

/** The guide's remedy for a host at its limits. */
const FEWER_PER_HOST = "Reduce the rate per host or add hosts";

/** What limited the load or the target, as far as the figures show, each with a remedy. */
export function hintsOf(report: Told, plan: Plan): Hint[] {
  return [
    portExhaustion(report),
    timeWait(report, plan),
    fileLimit(report),
    connectionChurn(report, plan),
    goaway(report),
    generatorSaturation(report),
    retransmissions(report),
    ...report.chains.flatMap((chain) => [
      nothingDue(chain, plan),
      growingQueue(chain, plan, report),
      queueing(chain, plan, report),
    ]),
  ].filter((hint) => hint !== undefined);
}

/** A chain with no due requests has no figures: that is not a failure, and must not look like one. */
function nothingDue({ name, ledger }: ReportChain, plan: Plan): Hint | undefined {
  const chain = plan.chains.find((each) => each.name === name);
  if (ledger.scheduled > 0 || !chain || chain.subscriptions) return undefined;
  return {
    what: `${name}: no request was due`,
    evidence: `${Number(chain.rps.toPrecision(6))}/s over ${formatDuration(plan.durationMs)} came to none`,
    remedy: "Raise its rate or the duration",
  };
}

/**
 * Sockets in TIME-WAIT on a host that may belong to the run: at most as many as its workers have closed. TIME-WAIT
 * lasts for a minute on Linux; any other sockets in it belong to other programs.
 */
function ownTimeWait({ generator }: Told): { most: number; own: number } {
  const most = Math.max(0, ...generator.all.map(({ timeWait }) => timeWait ?? 0));
  let own = 0;
  for (const { atMs } of generator.all) {
    const minute = generator.all.filter((each) => each.atMs <= atMs && each.atMs > atMs - TIME_WAIT_MS);
    const opened = minute.reduce((sum, each) => sum + each.opened, 0);
    own = Math.max(own, opened - (minute.at(-1)?.connections ?? 0));
  }
  return { most, own: Math.max(0, Math.min(most, own)) };
}

/** How long Linux keeps a socket in TIME-WAIT, in ms (TCP_TIMEWAIT_LEN). */
const TIME_WAIT_MS = 60_000;

function portExhaustion(report: Told): Hint | undefined {
  const { total, generator } = report;
  const refused = total.errors.EADDRNOTAVAIL ?? 0;
  const left = generator.all.flatMap(({ atMs, portsLeft }) => (portsLeft === null ? [] : [{ atMs, portsLeft }]));
  const first = left.find(({ portsLeft }) => portsLeft < FEW_PORTS);
  if (refused === 0 && !first) return undefined;
  const least = Math.min(...left.map(({ portsLeft }) => portsLeft));
  const seen = first ? `fewer than ${FEW_PORTS} ports were left from ${seconds(first.atMs)} on, at least ${least}` : "";
  const failed = refused > 0 ? `${refused} requests found no port (EADDRNOTAVAIL)` : "no request has failed for it yet";
  const { most, own } = ownTimeWait(report);
  const open = Math.max(0, ...generator.all.map(({ connections }) => connections));
  if (refused === 0 && own + open < FEW_OWN_PORTS) {
    return {
      what: "Other programs on the host hold nearly all ephemeral ports",
      evidence: `${seen}; this run had at most ${open} connections open, and at most ${own} of ${most} sockets in TIME-WAIT`,
      remedy: "End what holds them, or use another host",
    };
  }
  return {
    what: refused > 0 ? "Ephemeral ports were exhausted" : "Ephemeral ports were nearly exhausted",
    evidence: [failed, seen].filter(Boolean).join("; "),
    remedy: `${FEWER_PER_HOST}; keep connections alive ("keepalive": true), and widen the range with fleet/tune-system-limits.sh`,
  };
}

/** Fewer ports than this do not exhaust a host's roughly 28,000. */
const FEW_OWN_PORTS = 5_000;

function timeWait(report: Told, plan: Plan): Hint | undefined {
  const { most, own } = ownTimeWait(report);
  const open = median(report.generator.all.map(({ connections }) => connections));
  // Some are normal. Thousands of them, and more than open connections, mean that connections are not reused.
  if (own < FEW_OWN_PORTS || own < 2 * open) return undefined;
  return {
    what: "Connections pile up in TIME-WAIT",
    evidence: `up to ${most} on a host, of which the run itself closed at most ${own}; ${Math.round(open)} of its connections were open in the median`,
    remedy: plan.keepalive
      ? `Raise the target's keep-alive timeout and requests per connection, and look at errors and timeouts: each ends a connection. ${FEWER_PER_HOST}`
      : `Set "keepalive": true if your users' clients keep connections. ${FEWER_PER_HOST}`,
  };
}

function fileLimit({ total, run, generator }: Told): Hint | undefined {
  const refused = (total.errors.EMFILE ?? 0) + (total.errors.ENFILE ?? 0);
  const missed = total.missed["file-limit"] ?? 0;
  if (refused + missed === 0) return undefined;
  const evidence = [
    missed > 0 ? `${missed} requests were not sent, for each needed one more connection (file-limit)` : "",
    refused > 0 ? `${refused} requests found no file (EMFILE)` : "",
  ];
  return {
    what: "The generator ran out of file descriptors",
    evidence: evidence.filter(Boolean).join("; "),
    remedy: `The target keeps more requests waiting than a worker may have connections: ${moreFilesText(remedyOf({ run, generator }))}`,
  };
}

/** With keep-alive, a smaller share of requests than this should need a new connection. */
const MAX_OPENED = 0.05;

function connectionChurn({ generator, total, chains }: Told, plan: Plan): Hint | undefined {
  const opened = generator.all.reduce((sum, point) => sum + point.opened, 0);
  const most = Math.max(0, ...generator.all.map(({ connections }) => connections));
  if (!plan.keepalive || total.ledger.sent === 0) return undefined;
  // Opening the connections needed at once is not churn, and a request that fails or times out closes its connection.
  const subscriptions = chains.flatMap((chain) => chain.subscriptions ?? []);
  const dropped = subscriptions.reduce((sum, { drops }) => sum + tallySum(drops), 0);
  const churned = opened - most - total.ledger.errors - dropped;
  if (churned / total.ledger.sent < MAX_OPENED || opened < 100) return undefined;
  return {
    what: "Connections are not used for long",
    evidence: `${opened} were opened for ${total.ledger.sent} requests, though at no flush more than ${most} were open, and ${total.ledger.errors} ended with an error`,
    remedy:
      "The target, or a proxy before it, closes them early: raise its keep-alive timeout and requests per connection",
  };
}

function goaway({ total }: Told): Hint | undefined {
  const count = Object.entries(total.errors)
    .filter(([name]) => name.startsWith("http2-goaway"))
    .reduce((sum, [, failed]) => sum + failed, 0);
  if (count === 0) return undefined;
  return {
    what: "The server closed HTTP/2 connections while requests were on them",
    evidence: `${count} requests were refused with GOAWAY`,
    remedy:
      "If it was not restarted meanwhile, raise its requests per connection (nginx: keepalive_requests) and its idle and " +
      "age limits",
  };
}

const LATE_MS = 10;

/** More than this share of the scheduled requests must be late: one in a million is a pause of the machine. */
const MIN_LATE = 0.0005;

function generatorSaturation({ total, workers, run, generator }: Told): Hint | undefined {
  const lag = total.sendLagMs?.p99 ?? 0;
  const busy = workers.filter(({ health }) => health.saturated.intervals > 0);
  const late = total.missed.late ?? 0;
  const tardy = workers.filter(({ readyMs }) => readyMs !== null && readyMs < 0);
  const isBusy = busy.length > 0 && busy.length >= workers.length / 2;
  const isLate = late > total.ledger.scheduled * MIN_LATE;
  if (lag < LATE_MS && !isLate && !isBusy) return undefined;
  const parts = [`send lag p99 ${ms(lag)}`];
  if (late > 0) parts.push(`${late} requests were too late to be sent`);
  if (busy.length > 0) parts.push(`${busy.length} of ${workers.length} workers' event loops were full at times`);
  if (isLate && tardy.length > 0 && lag < LATE_MS && !isBusy) {
    const worst = Math.max(...tardy.map(({ readyMs }) => -(readyMs ?? 0)));
    return {
      what: "Workers were ready too late",
      evidence: `${tardy.length} of ${workers.length} workers, by up to ${ms(worst)}; ${late} requests were too late to be sent`,
      remedy: "Give them more time to start, or a longer warm-up: once they ran, they kept to the schedule",
    };
  }
  const remedy = remedyOf({ run, generator });
  const cores = generator.all.map(({ machineCpu }) => machineCpu ?? 0);
  if (remedy === "cores") parts.push(`the machine's cores were in use to ${percent(Math.max(...cores))}`);
  return {
    what: "The generator itself was at its limit",
    evidence: parts.join("; "),
    remedy: remedy === "workers" ? GIVE_MORE : upperFirst(remedyText(remedy)),
  };
}

const GIVE_MORE = "Use more workers (lower perWorkerRps), or give each more memory and with it more CPU";

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** More retransmitted segments per second than this, and than this share of the requests, are not noise. */
const MAX_RETRANSMITS = 10;
const RETRANSMITTED_SHARE = 0.005;

function retransmissions({ generator, run, total }: Told): Hint | undefined {
  const count = generator.all.reduce((sum, { retransmits }) => sum + (retransmits ?? 0), 0);
  const rate = count / Math.max(1, run.measuredMs / 1_000);
  if (rate < Math.max(MAX_RETRANSMITS, total.achievedRps * RETRANSMITTED_SHARE)) return undefined;
  return {
    what: "TCP had to send segments again",
    evidence: `${count} on a host, ${Math.round(rate)} a second, other programs' among them`,
    remedy:
      "If the run's own: packets are lost on the way, or the server's accept queue is full; look at its listen backlog " +
      "and the network",
  };
}

/** The last quarter's median must be this many times the first quarter's. */
const GROWN = 2;

/** Steadily rising response times at a constant rate mean a growing queue: the target serves less than it receives. */
function growingQueue({ name, intervals, seconds }: ReportChain, plan: Plan, told: Told): Hint | undefined {
  const isReplayed = plan.chains.some((chain) => chain.name === name && chain.replay !== undefined);
  if (plan.profile.type !== "constant" || isReplayed || intervals.length < 8) return undefined;
  // Response times also rise when the generator falls behind, and an abort ends in intervals where they do not.
  if ((told.total.sendLagMs?.p99 ?? 0) >= LATE_MS || isUneven(seconds)) return undefined;
  const quarter = Math.floor(intervals.length / 4);
  const of = (from: number): number => median(intervals.slice(from, from + quarter).map(({ p50 }) => p50));
  const quarters = [0, 1, 2, 3].map((index) => of(index * quarter));
  const [first = 0, second = 0, third = 0, last = 0] = quarters;
  if (last < first * GROWN || last - first < 5 || !(first < second && second < third && third < last)) return undefined;
  return {
    what: `${name}: a queue grows at the target`,
    evidence: `at one rate the response time's median rose from ${ms(first)} in the run's first quarter to ${ms(last)} in its last`,
    remedy:
      "The rate is above what the target can serve: see the capacity section, or search for it with a profile of type search",
  };
}

/** Whether seconds with the same schedule differ by half in what was sent: then the rate was not constant. */
function isUneven(seconds: ReportChain["seconds"]): boolean {
  const sent = seconds.filter(({ scheduled }) => scheduled > 0).map((second) => second.sent / second.scheduled);
  return Math.max(...sent) > 1.5 * Math.min(...sent);
}

/** From this rank correlation on, and with a rise by half, response time follows the rate. */
const MIN_CORRELATION = 0.7;

/** With a varying rate, response times that rise with it mean queues at the target. */
function queueing({ name, intervals, seconds }: ReportChain, plan: Plan, told: Told): Hint | undefined {
  if (plan.profile.type === "constant" || intervals.length < 6) return undefined;
  if ((told.total.sendLagMs?.p99 ?? 0) >= LATE_MS) return undefined;
  // Includes requests without a response: counting only responses would understate the rate when requests fail.
  const rates = intervals.map(({ count, fromMs, toMs }) => {
    const within = seconds.filter(({ second }) => second * 1_000 >= fromMs && second * 1_000 < toMs);
    const failed = within.reduce((sum, { errors }) => sum + errors, 0);
    return ((count + failed) / (toMs - fromMs)) * 1_000;
  });
  const times = intervals.map(({ p50 }) => p50);
  const correlation = rankCorrelation(rates, times);
  const [low, high] = [Math.min(...rates), Math.max(...rates)];
  const at = (rate: number): number => times[rates.indexOf(rate)] ?? 0;
  if (correlation < MIN_CORRELATION || at(high) < 1.5 * at(low)) return undefined;
  return {
    what: `${name}: requests queue at the target as the rate rises`,
    evidence: `the response time's median was ${ms(at(low))} at ${Math.round(low)}/s and ${ms(at(high))} at ${Math.round(high)}/s (rank correlation ${correlation.toFixed(2)})`,
    remedy:
      "Something in the target is shared and nearly used up: look at its CPU, pools and upstream beside this on the time axis",
  };
}

/** Spearman's rank correlation. */
function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const [ranksA, ranksB] = [ranks(a), ranks(b)];
  const mean = (a.length - 1) / 2;
  let product = 0;
  let squaresA = 0;
  let squaresB = 0;
  for (const [index, rank] of ranksA.entries()) {
    const other = ranksB[index] ?? 0;
    product += (rank - mean) * (other - mean);
    squaresA += (rank - mean) ** 2;
    squaresB += (other - mean) ** 2;
  }
  return squaresA === 0 || squaresB === 0 ? 0 : product / Math.sqrt(squaresA * squaresB);
}

/** Each value's rank; equal values share their mean rank. */
function ranks(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  return values.map((value) => (sorted.indexOf(value) + sorted.lastIndexOf(value)) / 2);
}

function seconds(atMs: number): string {
  return `${(atMs / 1_000).toFixed(0)} s`;
}
