import { decodeFromCompressedBase64, HistogramLogWriter } from "hdr-histogram-js";
import type { Report } from "../../report/schema.ts";

/** A run's merged histograms, encoded: `runs/<id>/histograms.json`. Each chain's response times by interval, in µs. */
export interface RunHistograms {
  intervalMs: number;
  chains: Record<
    string,
    {
      responseTime: string;
      /** Over all requests sent; one without a response is recorded the way the report counts it. */
      responseTimeAll?: string;
      serviceTime: string;
      sendLag: string;
      intervals: Record<string, string>;
    }
  >;
}

/**
 * A chain's response times as an .hgrm file, in ms, for HdrHistogram's plotters: over all requests sent, which is what
 * the SLO is checked against.
 */
export function renderHgrm(histograms: RunHistograms, chain: string): string {
  const { responseTimeAll, responseTime = "" } = histograms.chains[chain] ?? {};
  const histogram = decodeFromCompressedBase64(responseTimeAll ?? responseTime, 32, false);
  return histogram.outputPercentileDistribution(5, 1_000);
}

/** Response times by interval as a histogram log, tagged by chain, for HdrHistogram's log tools. */
export function renderHistogramLog({ run }: Report, histograms: RunHistograms): string {
  let text = "";
  const writer = new HistogramLogWriter((line) => {
    text += line;
  });
  const beganMs = Date.parse(run.startedAt);
  writer.outputComment(`Volley ${run.id}: response times in µs, by the interval in which the requests were due`);
  writer.outputLogFormatVersion();
  writer.outputStartTime(beganMs);
  writer.outputLegend();
  const entries = Object.entries(histograms.chains).flatMap(([chain, { intervals }]) =>
    Object.entries(intervals).map(([interval, encoded]) => ({ chain, interval: Number(interval), encoded })),
  );
  entries.sort((a, b) => a.interval - b.interval);
  for (const { chain, interval, encoded } of entries) {
    const histogram = decodeFromCompressedBase64(encoded, 32, false);
    histogram.tag = chain;
    const fromMs = beganMs + interval * histograms.intervalMs;
    histogram.startTimeStampMsec = fromMs;
    histogram.endTimeStampMsec = fromMs + histograms.intervalMs;
    writer.outputIntervalHistogram(
      histogram,
      (interval * histograms.intervalMs) / 1_000,
      ((interval + 1) * histograms.intervalMs) / 1_000,
      1_000,
    );
  }
  return text;
}
