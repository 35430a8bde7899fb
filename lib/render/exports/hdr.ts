import { decodeFromCompressedBase64, HistogramLogWriter } from "hdr-histogram-js";
import type { Report } from "../../report/schema.ts";

/** Merged histograms of a run, encoded: `runs/<id>/histograms.json`. Response times of each chain by interval, in µs. */
export interface RunHistograms {
  intervalMs: number;
  chains: Record<
    string,
    {
      responseTime: string;
      /** Of all requests sent; one without a response is recorded as the report counts it. */
      responseTimeAll?: string;
      serviceTime: string;
      sendLag: string;
      intervals: Record<string, string>;
    }
  >;
}

/**
 * A chain's response times as an .hgrm file, in ms, which HdrHistogram's plotters read: of all requests sent, as the SLO
 * is held against them.
 */
export function renderHgrm(histograms: RunHistograms, chain: string): string {
  const { responseTimeAll, responseTime = "" } = histograms.chains[chain] ?? {};
  const histogram = decodeFromCompressedBase64(responseTimeAll ?? responseTime, 32, false);
  return histogram.outputPercentileDistribution(5, 1_000);
}

/** Response times by interval as a histogram log, tagged by chain, which HdrHistogram's log tools read. */
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
