import { z } from "zod";
import { formatDuration } from "../plan/duration.ts";
import { ms, percent, usdText } from "./units.ts";

const count = z.int().nonnegative();
const chain = z.string();
const target = z.string().optional();
const region = z.string().optional();

/** Why a run is invalid or does not pass, as data; `reasonText` turns it into text. */
export const reasonSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("aborted"),
    by: z.enum(["breaker", "threshold", "signal", "command", "other"]),
    text: z.string(),
    measuredMs: z.number(),
    durationMs: z.number(),
  }),
  z.object({ kind: z.literal("late"), count, of: count, remedy: z.enum(["workers", "cores", "hosts"]) }),
  z.object({ kind: z.literal("lost"), count, of: count, errors: z.array(z.string()) }),
  z.object({ kind: z.literal("in-flight-cap"), count, of: count }),
  z.object({ kind: z.literal("file-limit"), count, of: count, remedy: z.enum(["workers", "cores", "hosts"]) }),
  z.object({
    kind: z.literal("subscriber-file-limit"),
    chain,
    subscription: z.string(),
    count: count.describe("How often a subscriber found no file for its socket"),
    remedy: z.enum(["workers", "cores", "hosts"]),
  }),
  z.object({
    kind: z.literal("send-lag"),
    p99Ms: z.number(),
    limitMs: z.number(),
    remedy: z.enum(["workers", "cores", "hosts"]),
  }),
  z.object({ kind: z.literal("start-skew"), skewMs: z.number(), limitMs: z.number() }),
  z.object({
    kind: z.literal("saturated"),
    workers: z.array(z.string()),
    remedy: z.enum(["workers", "cores", "hosts"]),
  }),
  z.object({ kind: z.literal("incomplete"), findings: count, first: z.string() }),
  z.object({ kind: z.literal("unwatched"), unwatchedMs: z.number(), durationMs: z.number() }),
  z.object({ kind: z.literal("ledger"), chain }),
  z.object({ kind: z.literal("gateway-count"), chain, counted: count, sent: count }),
  z.object({ kind: z.literal("region-failed"), region: z.string(), workers: count, scheduled: count }),
  z.object({ kind: z.literal("region-missed"), region: z.string(), count, of: count }),
  z.object({
    kind: z.literal("region-late"),
    region: z.string(),
    line: z.enum(["send-lag", "start-skew"]),
    foundMs: z.number(),
    limitMs: z.number(),
  }),
  z.object({ kind: z.literal("nothing-sent"), chain, scheduled: count }),
  z.object({ kind: z.literal("nothing-scheduled") }),
  z.object({
    kind: z.literal("success"),
    chain,
    target,
    region,
    success: z.number(),
    limit: z.number(),
    worst: z.object({ class: z.string(), count, of: count }).optional(),
  }),
  z.object({
    kind: z.literal("response-time"),
    chain,
    target,
    region,
    percentile: z.enum(["p50", "p90", "p95", "p99", "p999"]),
    foundMs: z.number().nullable().describe("Of all requests sent; null where the percentile got no response"),
    limitMs: z.number(),
  }),
  z.object({ kind: z.literal("relay-rate"), chain, target, region, rps: z.number(), limitRps: z.number() }),
  z.object({ kind: z.literal("class-share"), chain, region, class: z.string(), share: z.number(), limit: z.number() }),
  z.object({
    kind: z.enum(["subscribed", "notifications"]),
    chain,
    subscription: z.string(),
    share: z.number().describe("Of the subscribers that were subscribed, or of what was due to them that came"),
    limit: z.number(),
  }),
  z.object({
    kind: z.literal("subscribers"),
    chain,
    subscription: z.string(),
    line: z.enum(["missed", "doubled", "dropped", "subscribe-p99", "lag-p99"]),
    found: z.number().nullable().describe("A share, or ms; null where nobody was subscribed"),
    limit: z.number(),
  }),
  z.object({
    kind: z.literal("cost"),
    chain,
    usdPerMillionRelays: z.number().nullable().describe("null where a counter with a price was not measured"),
    limitUsd: z.number(),
  }),
  z.object({ kind: z.literal("cu-rate"), chain, perSecond: z.number(), limit: z.number() }),
  z.object({
    kind: z.literal("cu-cost"),
    chain,
    usdPerMillion: z.number().nullable().describe("null where the cost of a relay was not measured"),
    limitUsd: z.number(),
  }),
  z.object({
    kind: z.literal("search-aborted"),
    by: z.enum(["breaker", "threshold", "signal", "command", "other"]),
    text: z.string(),
    trials: count,
  }),
  z.object({ kind: z.literal("search-unmet"), chain, trials: count, startRps: z.number() }),
  z.object({
    kind: z.literal("search-unbounded"),
    chain,
    highestRps: z.number(),
    limitRps: z.number().optional().describe("The limit on the rate, if it ended the search"),
  }),
  z.object({ kind: z.literal("search-inconsistent"), chain, lowRps: z.number(), highRps: z.number() }),
  z.object({
    kind: z.literal("search-subscribers"),
    chain,
    outcome: z.enum(["unmet", "unbounded", "inconsistent"]),
    low: count,
    high: count,
    limit: count.optional().describe("The limit on subscribers, if it ended the search"),
  }),
  z.object({ kind: z.literal("search-untold"), untold: count, trials: count, first: z.string() }),
]);

export type Reason = z.infer<typeof reasonSchema>;

const GENERATOR_KINDS = new Set<Reason["kind"]>([
  "late",
  "lost",
  "in-flight-cap",
  "file-limit",
  "subscriber-file-limit",
  "send-lag",
  "start-skew",
  "saturated",
  "incomplete",
  "unwatched",
  "region-failed",
  "region-missed",
  "region-late",
  "ledger",
  "gateway-count",
]);

/** Whether a reason is about the generator or the results rather than the target. */
export function isOfGenerator({ kind }: Reason): boolean {
  return GENERATOR_KINDS.has(kind);
}

/** Whether a run was stopped because of its target: it was measured until then, and missed its SLO. */
export function isStoppedByTarget({ abortedBy }: { abortedBy?: string | undefined }): boolean {
  return abortedBy === "breaker" || abortedBy === "threshold";
}

/** Remedies for a generator that was too slow. */
const REMEDIES = {
  workers: "use more workers, or lower perWorkerRps",
  cores: "this machine's cores were full, so more workers on it do not help: lower the rate, or use more machines",
  hosts: "reduce the rate per host or add hosts",
};

/** The name of a remedy. */
export type Remedy = keyof typeof REMEDIES;

/** A remedy as text. */
export function remedyText(remedy: Remedy): string {
  return REMEDIES[remedy];
}

/** The remedy for a worker that reached its limit of open files. */
export function moreFilesText(remedy: Remedy): string {
  const raise = "raise the limit of open files where that can be done (ulimit -n, fleet/tune-system-limits.sh)";
  return `${remedy === "workers" ? "use more workers (lower perWorkerRps; AWS Lambda allows 1,024 files)" : REMEDIES[remedy]}, or ${raise}`;
}

/** A reason as a sentence. */
export function reasonText(reason: Reason): string {
  switch (reason.kind) {
    case "aborted": {
      const of = `${formatDuration(reason.measuredMs)} of ${formatDuration(reason.durationMs)}`;
      return `The run was aborted after ${of}: ${reason.text}.`;
    }
    case "late":
      return `${shareOf(reason)} were not sent because the generator was late: ${REMEDIES[reason.remedy]}.`;
    case "lost":
      return `${shareOf(reason)} were lost with their workers: ${lostAdvice(reason.errors)}.`;
    case "in-flight-cap":
      return (
        `${reason.count} requests (${percent(reason.count / reason.of)}) were not sent because too many were in flight: ` +
        "the target answers too slowly for this rate, or limits.inFlightPerWorker is too low."
      );
    case "file-limit":
      return (
        `${reason.count} requests (${percent(reason.count / reason.of)}) were not sent because a worker may open no more ` +
        `files, and a connection is one: ${moreFilesText(reason.remedy)}.`
      );
    case "subscriber-file-limit":
      return (
        `${reason.chain}, ${reason.subscription}: subscribers could not connect ${reason.count} times, because a worker may ` +
        `open no more files: ${moreFilesText(reason.remedy)}.`
      );
    case "send-lag":
      return `The generator was late: send lag p99 ${ms(reason.p99Ms)}, above ${reason.limitMs} ms: ${REMEDIES[reason.remedy]}.`;
    case "start-skew":
      return `The workers did not start together: start skew ${ms(reason.skewMs)}, above ${formatDuration(reason.limitMs)}.`;
    case "saturated":
      return `The event loop of ${reason.workers.join(", ")} was saturated: ${REMEDIES[reason.remedy]}.`;
    case "incomplete": {
      const more = reason.findings > 1 ? ` (and ${reason.findings - 1} more findings)` : "";
      return `The results are incomplete: ${reason.first}${more}.`;
    }
    case "unwatched": {
      const of = `${formatDuration(reason.unwatchedMs)} of ${formatDuration(reason.durationMs)}`;
      return `Nobody watched for ${of}: the circuit breaker could not trip then.`;
    }
    case "ledger":
      return `The ledger of ${reason.chain} does not balance.`;
    case "gateway-count":
      return `The gateway counted ${reason.counted} requests for ${reason.chain}, and ${reason.sent} were sent.`;
    case "region-failed":
      return `${reason.region} failed: its ${reason.workers} workers sent none of ${reason.scheduled} requests.`;
    case "region-missed":
      return `${reason.region}: ${shareOf(reason)} were not sent, because its workers were late or lost.`;
    case "region-late": {
      const what = reason.line === "send-lag" ? "send lag p99" : "start skew";
      return `${reason.region} was late: ${what} ${ms(reason.foundMs)}, above ${formatDuration(reason.limitMs)}.`;
    }
    case "nothing-sent":
      return `${reason.chain}: none of ${reason.scheduled} requests was sent.`;
    case "nothing-scheduled":
      return "No request was due in the whole run: raise the rates or the duration.";
    case "success": {
      const { worst } = reason;
      const mostly = worst ? `; mostly ${worst.class} (${worst.count} of ${worst.of})` : "";
      return `${nameOf(reason)}: success ${percent(reason.success)} is below ${percent(reason.limit)}${mostly}.`;
    }
    case "response-time": {
      const { percentile, foundMs, limitMs } = reason;
      const name = percentile.replace("p999", "p99.9");
      return foundMs === null
        ? `${nameOf(reason)}: response time ${name} of all requests sent is above ${limitMs} ms: that many got no response.`
        : `${nameOf(reason)}: response time ${name} ${ms(foundMs)} is above ${limitMs} ms.`;
    }
    case "relay-rate":
      return `${nameOf(reason)}: ${round(reason.rps)} valid relays per second, below ${reason.limitRps}.`;
    case "class-share":
      return `${nameOf(reason)}: ${percent(reason.share)} ended in ${reason.class}, above ${percent(reason.limit)}.`;
    case "subscribed":
      return `${reason.chain}, ${reason.subscription}: ${percent(reason.share)} of the subscribers were subscribed, below ${percent(reason.limit)}.`;
    case "notifications":
      return `${reason.chain}, ${reason.subscription}: ${percent(reason.share)} of what was due came, below ${percent(reason.limit)}.`;
    case "subscribers":
      return `${reason.chain}, ${reason.subscription}: ${subscribersText(reason)}.`;
    case "cost":
      return `${reason.chain}: the cost of a million relays ${costText(reason.usdPerMillionRelays, reason.limitUsd)}.`;
    case "cu-rate":
      return `${reason.chain}: valid relays of ${round(reason.perSecond)} compute units per second, below ${reason.limit}.`;
    case "cu-cost":
      return `${reason.chain}: the cost of a million compute units ${costText(reason.usdPerMillion, reason.limitUsd)}.`;
    case "search-aborted":
      return `The search was aborted after ${reason.trials} trials: ${reason.text}.`;
    case "search-unmet":
      return `${reason.chain} met the SLO at none of ${reason.trials} rates: begin lower than ${reason.startRps}.`;
    case "search-unbounded": {
      const highest = Math.round(reason.highestRps);
      const met = `${reason.chain} met the SLO at every rate up to ${highest} requests/s`;
      if (reason.limitRps === undefined) return `${met}: its capacity is higher.`;
      return `${met}, where the limit of ${reason.limitRps} (maxRps) ended the search: its capacity is at least that.`;
    }
    case "search-inconsistent": {
      const between = `${Math.round(reason.lowRps)} … ${Math.round(reason.highRps)}`;
      return `${reason.chain} is known to ${between} requests/s only: the trials contradict each other.`;
    }
    case "search-subscribers":
      return subscriberSearchText(reason);
    case "search-untold":
      return `${reason.untold} of ${reason.trials} trials were inconclusive: ${reason.first}`;
  }
}

function subscriberSearchText({
  chain: name,
  outcome,
  low,
  high,
  limit,
}: Extract<Reason, { kind: "search-subscribers" }>): string {
  switch (outcome) {
    case "unmet":
      return `${name} met the SLO with no number of subscribers: begin with fewer than ${high}.`;
    case "unbounded": {
      const met = `${name} met the SLO with up to ${high} subscribers`;
      if (limit === undefined) return `${met}: its capacity is higher.`;
      return `${met}, where the limit of ${limit} (maxSubscribers) ended the search: its capacity is at least that.`;
    }
    case "inconsistent":
      return `${name} is known to ${low} … ${high} subscribers only: the trials contradict each other.`;
  }
}

function costText(usd: number | null, limitUsd: number): string {
  return usd === null ? "was not measured" : `is ${usdText(usd)}, above $${limitUsd}`;
}

function subscribersText({ line, found, limit }: Extract<Reason, { kind: "subscribers" }>): string {
  switch (line) {
    case "missed":
      return `${percent(found ?? 0)} of the due notifications were missed, above ${percent(limit)}`;
    case "doubled":
      return `${percent(found ?? 0)} of the notifications were doubled, above ${percent(limit)}`;
    case "dropped":
      return `${percent(found ?? 0)} of the subscriptions lost their socket, above ${percent(limit)}`;
    case "subscribe-p99":
      return found === null ? "nobody was subscribed" : `time to subscribe p99 ${ms(found)} is above ${limit} ms`;
    case "lag-p99":
      return `lag p99 ${ms(found ?? 0)} is above ${limit} ms`;
  }
}

function round(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 1 });
}

function shareOf({ count: some, of }: { count: number; of: number }): string {
  return `${some} of ${of} requests (${percent(some / of)})`;
}

function lostAdvice(errors: readonly string[]): string {
  if (errors.length === 0) return "what their processes or functions logged says why";
  const more = errors.length > 2 ? `; and ${errors.length - 2} more errors` : "";
  return `${errors.slice(0, 2).join("; ")}${more}`;
}

/** What a reason on an SLO is about. */
interface Place {
  chain: string;
  target?: string | undefined;
  region?: string | undefined;
}

function nameOf({ chain: name, target: of, region: from }: Place): string {
  const whole = from === undefined ? name : `${name} from ${from}`;
  return of === undefined ? whole : `${whole}, ${of}`;
}
