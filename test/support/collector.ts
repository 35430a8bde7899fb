import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { sendOtlp } from "../../lib/render/exports/otlp.ts";
import type { Report } from "../../lib/report/schema.ts";

/** What an OpenTelemetry collector receives of a report: values by the metric's name and its last attribute. */
export async function collectedPoints(t: TestContext, report: Report): Promise<Map<string, number>> {
  let body = "";
  const collector = createServer((request, response) => {
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => response.writeHead(200, { "Content-Type": "application/json" }).end("{}"));
  }).listen(0, "127.0.0.1");
  await once(collector, "listening");
  t.after(() => collector.close());
  await sendOtlp(report, `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/metrics`);
  const { resourceMetrics } = JSON.parse(body) as OtlpMessage;
  const points = new Map<string, number>();
  for (const { name, gauge } of resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics[0]?.metrics ?? [])) {
    for (const { asDouble, attributes } of gauge.dataPoints) {
      points.set([name, ...attributes.slice(-1).map(({ value }) => value.stringValue)].join(" "), asDouble);
    }
  }
  return points;
}

interface OtlpMessage {
  resourceMetrics: { scopeMetrics: { metrics: OtlpMetric[] }[] }[];
}

interface OtlpMetric {
  name: string;
  gauge: { dataPoints: { asDouble: number; attributes: { value: { stringValue?: string } }[] }[] };
}
