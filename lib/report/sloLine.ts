import type { ReportChain } from "./schema.ts";

/** A line of an SLO in a report. */
export type SloResult = ReportChain["slo"][number];

type Name = SloResult["line"];

const SUBSCRIBER_SHARES: readonly Name[] = ["subscribed", "notifications", "missed", "doubled", "dropped"];
const SHARES: readonly Name[] = ["success", "class", ...SUBSCRIBER_SHARES];
const OF_SUBSCRIBERS: readonly Name[] = [...SUBSCRIBER_SHARES, "subscribe-p99", "lag-p99"];
const FLOORS: readonly Name[] = ["success", "relay-rate", "cu-rate", "subscribed", "notifications"];

/** The unit of a line's limit and of what was found. */
export function unitOf({ line }: SloResult): "share" | "rate" | "usd" | "ms" {
  if (SHARES.includes(line)) return "share";
  if (line === "relay-rate" || line === "cu-rate") return "rate";
  return line === "cost" || line === "cu-cost" ? "usd" : "ms";
}

/** Whether a line's limit is a floor; of all others it is a ceiling. */
export function isFloor({ line }: SloResult): boolean {
  return FLOORS.includes(line);
}

/** Whether a line limits a percentile of the response time of all requests sent. */
export function isResponseTime(result: SloResult): boolean {
  return unitOf(result) === "ms" && !OF_SUBSCRIBERS.includes(result.line);
}

/** What a line is about. */
export function lineName({ line, class: failure = "" }: SloResult): string {
  if (line === "class") return failure;
  if (OF_SUBSCRIBERS.includes(line)) return `${failure}: ${line.replace("-", " ")}`;
  return NAMES[line] ?? line.replace("p999", "p99.9");
}

const NAMES: Partial<Record<Name, string>> = {
  "relay-rate": "valid relays/s",
  cost: "$ per million relays",
  "cu-rate": "CU/s of valid relays",
  "cu-cost": "$ per million CU",
};

/** What is shown if nothing was found for a line. */
export function nothingFound({ line }: SloResult): string {
  if (line === "subscribe-p99") return "nobody was subscribed";
  return line === "cost" || line === "cu-cost" ? "not measured" : "no response";
}
