import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import type { Report } from "../../report/schema.ts";

/** The SDK's result of an export that went well. */
const SUCCESS = 0;

/** Collects when it is asked to, once: a report does not change any more. */
class OnceReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/**
 * Sends the report's figures as OpenTelemetry gauges over OTLP/HTTP, to a URL such as `http://127.0.0.1:4318/v1/metrics`.
 * Rejects with what the receiver answered.
 */
export async function sendOtlp(report: Report, url: string): Promise<void> {
  const reader = new OnceReader();
  const provider = new MeterProvider({ readers: [reader] });
  record(report, provider);
  const { resourceMetrics, errors } = await reader.collect();
  if (errors.length > 0) throw errors[0];
  const exporter = new OTLPMetricExporter({ url, timeoutMillis: 10_000 });
  const result = await new Promise<{ code: number; error?: Error }>((done) => exporter.export(resourceMetrics, done));
  await exporter.shutdown();
  await provider.shutdown();
  if (result.code !== SUCCESS) {
    throw new Error(`${url} did not take the metrics: ${result.error?.message ?? "no answer"}`);
  }
}

function record(report: Report, provider: MeterProvider): void {
  const meter = provider.getMeter("volley");
  const run = { "volley.run": report.run.id, "volley.plan": report.run.name };
  const gauge = (name: string, unit: string, description: string) =>
    meter.createGauge(`volley.${name}`, { unit, description });
  gauge("run.valid", "1", "Whether the generator was in order").record(Number(report.verdict.valid), run);
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
