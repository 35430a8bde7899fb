import { Gauge, Registry } from "prom-client";
import type { Report } from "../../report/schema.ts";
import { exportedUnits } from "./computeUnitFigures.ts";
import { exportedSubscriptions } from "./subscriptionFigures.ts";

/** The report's figures in Prometheus' text format, for a textfile collector or a Pushgateway. */
export async function renderPrometheus(report: Report): Promise<string> {
  const registry = new Registry();
  const gauge: MakeGauge = (name, help, labelNames = []) =>
    new Gauge({ name: `volley_${name}`, help, labelNames: ["run", ...labelNames], registers: [registry] });
  const run = report.run.name;
  gauge("valid", "Whether the generator kept to the schedule").set({ run }, Number(report.verdict.valid));
  gauge("pass", "Whether the SLO was met").set({ run }, Number(report.verdict.pass));
  if (report.startSkewMs !== null) {
    gauge("start_skew_seconds", "The largest start skew").set({ run }, report.startSkewMs / 1_000);
  }
  const offered = gauge("offered_requests_per_second", "Requests per second that the plan asks for", ["chain"]);
  const achieved = gauge("achieved_requests_per_second", "Requests per second that were sent", ["chain"]);
  const success = gauge("success_ratio", "Valid relays ÷ requests sent", ["chain"]);
  const requests = gauge("requests", "Requests by what became of them", ["chain", "outcome"]);
  const response = gauge("response_time_seconds", "Response time of responses, from due to finished", [
    "chain",
    "quantile",
  ]);
  const all = gauge("response_time_all_seconds", "Response time of all requests sent; failed ones rank last", [
    "chain",
    "quantile",
  ]);
  for (const chain of report.chains) {
    const labels = { run, chain: chain.name };
    offered.set(labels, chain.offeredRps);
    achieved.set(labels, chain.achievedRps);
    if (chain.success !== null) success.set(labels, chain.success);
    for (const [outcome, count] of Object.entries(chain.ledger)) requests.set({ ...labels, outcome }, count);
    for (const [name, ms] of Object.entries(chain.responseTimeMs ?? {})) {
      response.set({ ...labels, quantile: QUANTILES[name] ?? name }, ms / 1_000);
    }
    for (const [name, ms] of Object.entries(chain.responseTimeAllMs ?? {})) {
      all.set({ ...labels, quantile: QUANTILES[name] ?? name }, ms / 1_000);
    }
  }
  computeUnitGauges(report, gauge);
  nodeGauges(report, gauge);
  subscriptionGauges(report, gauge);
  return registry.metrics();
}

type MakeGauge = (name: string, help: string, labelNames?: string[]) => Gauge;

/** Rates and cost in compute units, if the plan has any. */
function computeUnitGauges(report: Report, gauge: MakeGauge): void {
  const all = exportedUnits(report);
  if (all.length === 0) return;
  const rates = gauge("compute_units_per_second", "Offered, of requests sent, and of valid relays", ["chain", "of"]);
  const cost = gauge("compute_units_usd_per_million", "The cost of a million units of valid relays", ["chain"]);
  for (const { chain, perSecond, usdPerMillion } of all) {
    const own = { run: report.run.name, chain };
    for (const [of, value] of Object.entries(perSecond)) rates.set({ ...own, of }, value);
    if (usdPerMillion !== null) cost.set(own, usdPerMillion);
  }
}

/** Which nodes answered, if the plan has a header for it. */
function nodeGauges({ run, chains }: Report, gauge: MakeGauge): void {
  const all = chains.flatMap(({ name, nodes }) => (nodes?.list ?? []).map((node) => ({ chain: name, node })));
  if (all.length === 0) return;
  const responses = gauge("node_responses", "Responses by the node that answered", ["chain", "node"]);
  const time = gauge("node_response_time_seconds", "Response time by node", ["chain", "node", "quantile"]);
  for (const { chain, node } of all) {
    const own = { run: run.name, chain, node: node.name };
    responses.set(own, node.responses);
    for (const [name, ms] of Object.entries(node.responseTimeMs ?? {})) {
      time.set({ ...own, quantile: QUANTILES[name] ?? name }, ms / 1_000);
    }
  }
}

/** The subscribers' figures, if there are any. */
function subscriptionGauges(report: Report, gauge: MakeGauge): void {
  const all = exportedSubscriptions(report);
  if (all.length === 0) return;
  const labels = ["chain", "subscription"];
  const notified = gauge("notifications", "Notifications by what became of them", [...labels, "outcome"]);
  const connected = gauge("subscriptions", "Subscribers, and what became of them", [...labels, "outcome"]);
  const lag = gauge("notification_lag_seconds", "Behind the first subscriber", [...labels, "quantile"]);
  const time = gauge("subscribe_seconds", "From the handshake to the subscription", [...labels, "quantile"]);
  for (const { chain, subscription, notifications, subscriptions, lagMs, subscribeMs } of all) {
    const own = { run: report.run.name, chain, subscription };
    for (const [outcome, count] of Object.entries(notifications)) notified.set({ ...own, outcome }, count);
    for (const [outcome, count] of Object.entries(subscriptions)) connected.set({ ...own, outcome }, count);
    for (const [to, times] of [[lag, lagMs] as const, [time, subscribeMs] as const]) {
      for (const [quantile, ms] of Object.entries(times)) {
        to.set({ ...own, quantile: QUANTILES[quantile] ?? quantile }, ms / 1_000);
      }
    }
  }
}

const QUANTILES: Record<string, string> = { p50: "0.5", p90: "0.9", p95: "0.95", p99: "0.99", p999: "0.999", max: "1" };
