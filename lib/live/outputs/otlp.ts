import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  DataPointType,
  type GaugeMetricData,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import { VERSION } from "../../report/version.ts";
import type { LiveSender, Sample } from "./samples.ts";

/** Sends figures as OpenTelemetry gauges over OTLP/HTTP, to a URL such as `http://127.0.0.1:4318/v1/metrics`. */
export function otlpSender(url: string): LiveSender {
  const exporter = new OTLPMetricExporter({ url, timeoutMillis: 10_000 });
  return {
    async send(samples, atMs) {
      const result = await new Promise<{ code: number; error?: Error }>((done) =>
        exporter.export(resourceMetrics(samples, atMs), done),
      );
      if (result.code !== 0) throw result.error ?? new Error("no answer");
    },
    async close() {
      await exporter.shutdown();
    },
  };
}

function resourceMetrics(samples: readonly Sample[], atMs: number): ResourceMetrics {
  const resource = resourceFromAttributes({ "service.name": "volley", "service.version": VERSION });
  const at: [number, number] = [Math.floor(atMs / 1_000), Math.round((atMs % 1_000) * 1e6)];
  const groups = Map.groupBy(samples, ({ name }) => name);
  const metrics = [...groups].map(([name, group]): GaugeMetricData => {
    return {
      descriptor: { name: name.replace("_", "."), unit: "", description: "While the run goes", valueType: 1 },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.GAUGE,
      dataPoints: group.map(({ labels, value }) => ({ startTime: at, endTime: at, attributes: labels, value })),
    };
  });
  return { resource, scopeMetrics: [{ scope: { name: "volley" }, metrics }] };
}
