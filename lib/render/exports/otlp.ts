import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  DataPointType,
  type GaugeMetricData,
  MeterProvider,
  MetricReader,
} from "@opentelemetry/sdk-metrics";
import { InputError } from "../../plan/problems.ts";
import type { Report } from "../../report/schema.ts";
import { exportedUnits } from "./computeUnitFigures.ts";
import { exportedSubscriptions } from "./subscriptionFigures.ts";

/** The SDK's result code for a successful export. */
const SUCCESS = 0;

/** Collects once, on request: a report no longer changes. */
class OnceReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/**
 * Sends the report's figures as OpenTelemetry gauges over OTLP/HTTP, to a URL such as
 * `http://127.0.0.1:4318/v1/metrics`. Rejects with an InputError that contains the receiver's response.
 */
export async function sendOtlp(report: Report, url: string): Promise<void> {
  const reader = new OnceReader();
  const resource = resourceFromAttributes({ "service.name": "volley", "service.version": report.run.volley });
  const provider = new MeterProvider({ readers: [reader], resource });
  record(report, provider);
  const { resourceMetrics, errors } = await reader.collect();
  if (errors.length > 0) throw errors[0];
  resourceMetrics.scopeMetrics[0]?.metrics.push(...timeCourse(report));
  const exporter = new OTLPMetricExporter({ url, timeoutMillis: 10_000 });
  const result = await new Promise<{ code: number; error?: Error }>((done) => exporter.export(resourceMetrics, done));
  await exporter.shutdown();
  await provider.shutdown();
  if (result.code !== SUCCESS) {
    const found = `no collector that took the metrics: ${result.error?.message || "no answer"}`;
    const expected = "an OTLP/HTTP receiver, such as a collector's http://127.0.0.1:4318/v1/metrics";
    throw new InputError("--to", [{ where: url, found, expected }]);
  }
}

/** The run's figures over time: one point at the end of each second and each interval, by the run's clock. */
function timeCourse({ run, chains }: Report): GaugeMetricData[] {
  const beganMs = Date.parse(run.startedAt);
  const at = (ms: number): [number, number] => [
    Math.floor((beganMs + ms) / 1_000),
    Math.round(((beganMs + ms) % 1_000) * 1e6),
  ];
  const point = (chain: string, [fromMs, toMs]: [number, number], value: number, own: Record<string, string>) => ({
    startTime: at(fromMs),
    endTime: at(toMs),
    attributes: { "volley.run": run.id, "volley.plan": run.name, "volley.chain": chain, ...own },
    value,
  });
  const metric = (name: string, unit: string, dataPoints: GaugeMetricData["dataPoints"]): GaugeMetricData => ({
    descriptor: { name: `volley.timeline.${name}`, unit, description: "Over the run's time", valueType: 1 },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.GAUGE,
    dataPoints,
  });
  const requests = chains.flatMap(({ name, seconds }) =>
    seconds.flatMap(({ second, sent, missed, valid, invalid, errors }) =>
      Object.entries({ sent, missed, valid, invalid, errors }).map(([outcome, count]) =>
        point(name, [second * 1_000, (second + 1) * 1_000], count, { outcome }),
      ),
    ),
  );
  const times = chains.flatMap(({ name, intervals }) =>
    intervals.flatMap(({ fromMs, toMs, p50, p90, p99 }) =>
      Object.entries({ p50, p90, p99 }).flatMap(([quantile, ms]) =>
        typeof ms === "number" ? [point(name, [fromMs, toMs], ms, { quantile })] : [],
      ),
    ),
  );
  return [metric("requests", "{request}/s", requests), metric("response_time", "ms", times)];
}

type Gauge = ReturnType<ReturnType<MeterProvider["getMeter"]>["createGauge"]>;
type MakeGauge = (name: string, unit: string, description: string) => Gauge;

function record(report: Report, provider: MeterProvider): void {
  const meter = provider.getMeter("volley");
  const run = { "volley.run": report.run.id, "volley.plan": report.run.name };
  const gauge: MakeGauge = (name, unit, description) => meter.createGauge(`volley.${name}`, { unit, description });
  recordRun(report, gauge, run);
  recordComputeUnits(report, gauge, run);
  recordSubscriptions(report, gauge, run);
}

function recordComputeUnits(report: Report, gauge: MakeGauge, run: Record<string, string>): void {
  const all = exportedUnits(report);
  if (all.length === 0) return;
  const rates = gauge("compute_units.rate", "{unit}/s", "Offered, of requests sent, and of valid relays");
  const cost = gauge("compute_units.cost", "{USD}", "The cost of a million compute units of valid relays");
  for (const { chain, perSecond, usdPerMillion } of all) {
    const own = { ...run, "volley.chain": chain };
    for (const [of, value] of Object.entries(perSecond)) rates.record(value, { ...own, of });
    if (usdPerMillion !== null) cost.record(usdPerMillion, own);
  }
}

function recordRun(report: Report, gauge: MakeGauge, run: Record<string, string>): void {
  gauge("run.valid", "1", "Whether the generator kept to the schedule").record(Number(report.verdict.valid), run);
  gauge("run.pass", "1", "Whether the SLO was met").record(Number(report.verdict.pass), run);
  if (report.startSkewMs !== null) gauge("start_skew", "ms", "The largest start skew").record(report.startSkewMs, run);
  const offered = gauge("rate.offered", "{request}/s", "Requests per second that the plan asks for");
  const achieved = gauge("rate.achieved", "{request}/s", "Requests per second that were sent");
  const success = gauge("success", "1", "Valid relays ÷ requests sent");
  const requests = gauge("requests", "{request}", "Requests by what became of them");
  const response = gauge("response_time", "ms", "Response time, from due to finished, of responses, by quantile");
  const all = gauge(
    "response_time.all",
    "ms",
    "Response time of all requests sent, by quantile; failed ones rank last",
  );
  for (const chain of report.chains) {
    const attributes = { ...run, "volley.chain": chain.name };
    offered.record(chain.offeredRps, attributes);
    achieved.record(chain.achievedRps, attributes);
    if (chain.success !== null) success.record(chain.success, attributes);
    for (const [outcome, count] of Object.entries(chain.ledger)) requests.record(count, { ...attributes, outcome });
    for (const [quantile, ms] of Object.entries(chain.responseTimeMs ?? {})) {
      response.record(ms, { ...attributes, quantile });
    }
    for (const [quantile, ms] of Object.entries(chain.responseTimeAllMs ?? {})) {
      all.record(ms, { ...attributes, quantile });
    }
  }
}

function recordSubscriptions(report: Report, gauge: MakeGauge, run: Record<string, string>): void {
  const all = exportedSubscriptions(report);
  if (all.length === 0) return;
  const notified = gauge("notifications", "{notification}", "Notifications by what became of them");
  const connected = gauge("subscriptions", "{subscription}", "Subscribers, and what became of them");
  const lag = gauge("notification_lag", "ms", "Lag behind the first subscriber, by quantile");
  const time = gauge("subscribe_time", "ms", "From the handshake to the subscription, by quantile");
  for (const { chain, subscription, notifications, subscriptions, lagMs, subscribeMs } of all) {
    const own = { ...run, "volley.chain": chain, "volley.subscription": subscription };
    for (const [outcome, count] of Object.entries(notifications)) notified.record(count, { ...own, outcome });
    for (const [outcome, count] of Object.entries(subscriptions)) connected.record(count, { ...own, outcome });
    for (const [quantile, ms] of Object.entries(lagMs)) lag.record(ms, { ...own, quantile });
    for (const [quantile, ms] of Object.entries(subscribeMs)) time.record(ms, { ...own, quantile });
  }
}
