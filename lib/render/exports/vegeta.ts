import type { Report } from "../../report/schema.ts";

/**
 * The report in the format of `vegeta report -type=json`: durations in ns, latencies measured from when requests were
 * due.
 */
export function renderVegetaJson(report: Report): string {
  return `${JSON.stringify(vegetaMetrics(report))}\n`;
}

function vegetaMetrics({ run, total }: Report) {
  // As in vegeta, the latencies cover all requests, failed ones included.
  const { ledger, responseTimeAllMs: all, bytesReceived, bytesSent, statuses, errors } = total;
  const ended = ledger.responses + ledger.errors;
  const totalMs = (total.meanMs ?? 0) * ledger.responses + (all?.max ?? 0) * ledger.errors;
  const ns = (ms: number | undefined): number => Math.round((ms ?? 0) * 1e6);
  const mean = (bytes: number): number => (ledger.sent === 0 ? 0 : bytes / ledger.sent);
  const began = Date.parse(run.startedAt);
  const latest = new Date(began + run.measuredMs).toISOString();
  const waitMs = Math.max(0, run.finishedMs - run.measuredMs);
  const failed = ledger.sent - Object.values(statuses).reduce((sum, count) => sum + count, 0);
  return {
    latencies: {
      total: ns(totalMs),
      mean: ns(ended === 0 ? 0 : totalMs / ended),
      "50th": ns(all?.p50),
      "90th": ns(all?.p90),
      "95th": ns(all?.p95),
      "99th": ns(all?.p99),
      max: ns(all?.max),
      min: ns(total.percentiles[0]?.[1]),
    },
    bytes_in: { total: bytesReceived, mean: mean(bytesReceived) },
    bytes_out: { total: bytesSent, mean: mean(bytesSent) },
    earliest: run.startedAt,
    latest,
    end: new Date(Date.parse(latest) + waitMs).toISOString(),
    duration: ns(run.measuredMs),
    wait: ns(waitMs),
    requests: ledger.sent,
    rate: total.achievedRps,
    throughput: ledger.valid / Math.max(0.001, (run.measuredMs + waitMs) / 1_000),
    success: total.success ?? 0,
    status_codes: { ...statuses, ...(failed > 0 && { "0": failed }) },
    errors: Object.keys(errors),
  };
}

/** The report in the format of `vegeta report`. */
export function renderVegetaText(report: Report): string {
  const metrics = vegetaMetrics(report);
  const { latencies, bytes_in: bytesIn, bytes_out: bytesOut } = metrics;
  const rows: [string, string, string][] = [
    [
      "Requests",
      "[total, rate, throughput]",
      `${metrics.requests}, ${metrics.rate.toFixed(2)}, ${metrics.throughput.toFixed(2)}`,
    ],
    [
      "Duration",
      "[total, attack, wait]",
      [metrics.duration + metrics.wait, metrics.duration, metrics.wait].map(duration).join(", "),
    ],
    [
      "Latencies",
      "[min, mean, 50, 90, 95, 99, max]",
      [
        latencies.min,
        latencies.mean,
        latencies["50th"],
        latencies["90th"],
        latencies["95th"],
        latencies["99th"],
        latencies.max,
      ]
        .map(duration)
        .join(", "),
    ],
    ["Bytes In", "[total, mean]", `${bytesIn.total}, ${bytesIn.mean.toFixed(2)}`],
    ["Bytes Out", "[total, mean]", `${bytesOut.total}, ${bytesOut.mean.toFixed(2)}`],
    ["Success", "[ratio]", `${(metrics.success * 100).toFixed(2)}%`],
    [
      "Status Codes",
      "[code:count]",
      Object.entries(metrics.status_codes)
        .map(([code, count]) => `${code}:${count}`)
        .join("  "),
    ],
  ];
  const lines = rows.map(([name, what, value]) => `${name.padEnd(14)}${what.padEnd(34)}${value}`);
  return `${[...lines, "Error Set:", ...metrics.errors].join("\n")}\n`;
}

/** A duration in ns formatted as in Go, to three decimal places. */
function duration(ns: number): string {
  const units: [number, string][] = [
    [1e9, "s"],
    [1e6, "ms"],
    [1e3, "µs"],
  ];
  const [size, unit] = units.find(([least]) => ns >= least) ?? [1, "ns"];
  return `${Number((ns / size).toFixed(3))}${unit}`;
}
