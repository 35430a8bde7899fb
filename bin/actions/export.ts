import { InputError } from "../../lib/plan/problems.ts";
import { renderCsv } from "../../lib/render/exports/csv.ts";
import { type RunHistograms, renderHgrm, renderHistogramLog } from "../../lib/render/exports/hdr.ts";
import { renderJunit } from "../../lib/render/exports/junit.ts";
import { renderMarkdown } from "../../lib/render/exports/markdown.ts";
import { renderPrometheus } from "../../lib/render/exports/prometheus.ts";
import { renderSlack } from "../../lib/render/exports/slack.ts";
import { renderVegetaJson, renderVegetaText } from "../../lib/render/exports/vegeta.ts";
import type { Report } from "../../lib/report/schema.ts";
import { histogramsKey } from "../../lib/store/keys.ts";
import type { ExportFormat } from "../exportFormats.ts";
import { printData } from "../output.ts";
import { openRun } from "../runs.ts";

interface Exported {
  report: Report;
  histograms(): Promise<RunHistograms>;
  chain: string;
  to: string;
}

const FORMATS: Record<ExportFormat, (from: Exported) => string | Promise<string>> = {
  csv: ({ report }) => renderCsv(report),
  markdown: ({ report }) => renderMarkdown(report),
  junit: ({ report }) => renderJunit(report),
  slack: ({ report }) => renderSlack(report),
  prometheus: ({ report }) => renderPrometheus(report),
  vegeta: ({ report }) => renderVegetaText(report),
  "vegeta-json": ({ report }) => renderVegetaJson(report),
  otlp: async ({ report, to }) => {
    // Loaded on demand: the other formats do not need it.
    const { sendOtlp } = await import("../../lib/render/exports/otlp.ts");
    await sendOtlp(report, to);
    return `sent to ${to}\n`;
  },
  hgrm: async ({ histograms, chain }) => renderHgrm(await histograms(), chain),
  hlog: async ({ report, histograms }) => renderHistogramLog(report, await histograms()),
};

export interface ExportOptions {
  format: ExportFormat;
  chain?: string;
  to: string;
  out: string;
}

/** Prints a run's report in another tool's format. */
export async function exportRun(run: string, options: ExportOptions): Promise<void> {
  const { store, runId, report } = await openRun(run, options.out);
  const chain = options.chain ?? report.chains[0]?.name ?? "";
  if (!report.chains.some(({ name }) => name === chain)) {
    const expected = report.chains.map(({ name }) => name).join(", ");
    throw new InputError("--chain", [{ where: "--chain", found: chain, expected }]);
  }
  const histograms = async (): Promise<RunHistograms> => {
    const text = await store.get(histogramsKey(runId));
    if (text !== undefined) return JSON.parse(text) as RunHistograms;
    const expected = "histograms.json beside the report: volley report writes it";
    throw new InputError(run, [{ where: runId, found: "a run without its histograms", expected }]);
  };
  printData(await FORMATS[options.format]({ report, histograms, chain, to: options.to }));
}
