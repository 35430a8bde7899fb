import { Command, Option } from "commander";
import { InputError } from "../../lib/plan/problems.ts";
import { renderCsv } from "../../lib/render/exports/csv.ts";
import { type RunHistograms, renderHgrm, renderHistogramLog } from "../../lib/render/exports/hdr.ts";
import { renderJunit } from "../../lib/render/exports/junit.ts";
import { renderMarkdown } from "../../lib/render/exports/markdown.ts";
import { renderPrometheus } from "../../lib/render/exports/prometheus.ts";
import { renderVegetaJson, renderVegetaText } from "../../lib/render/exports/vegeta.ts";
import type { Report } from "../../lib/report/schema.ts";
import { histogramsKey } from "../../lib/store/keys.ts";
import { parseUrl } from "../options.ts";
import { openRun } from "../runs.ts";

interface Exported {
  report: Report;
  histograms(): Promise<RunHistograms>;
  chain: string;
  to: string;
}

const FORMATS: Record<string, (from: Exported) => string | Promise<string>> = {
  csv: ({ report }) => renderCsv(report),
  markdown: ({ report }) => renderMarkdown(report),
  junit: ({ report }) => renderJunit(report),
  prometheus: ({ report }) => renderPrometheus(report),
  vegeta: ({ report }) => renderVegetaText(report),
  "vegeta-json": ({ report }) => renderVegetaJson(report),
  otlp: async ({ report, to }) => {
    // Loaded where it is used: the other formats need none of it.
    const { sendOtlp } = await import("../../lib/render/exports/otlp.ts");
    await sendOtlp(report, to);
    return `sent to ${to}\n`;
  },
  hgrm: async ({ histograms, chain }) => renderHgrm(await histograms(), chain),
  hlog: async ({ report, histograms }) => renderHistogramLog(report, await histograms()),
};

interface ExportOptions {
  format: string;
  chain?: string;
  to: string;
  out: string;
}

/** `volley export RUN`. */
export function exportCommand(): Command {
  return new Command("export")
    .description("Print a run's report in a format that other tools read.")
    .argument("<run>", "the run's id, or its folder")
    .addOption(
      new Option("--format <format>", "the format (required)").choices(Object.keys(FORMATS)).makeOptionMandatory(),
    )
    .option("--chain <name>", "the chain, for hgrm; by default the first one")
    .option("--to <url>", "where otlp is sent", parseUrl, "http://127.0.0.1:4318/v1/metrics")
    .option("--out <folder>", "the folder in which runs/<id>/ lies", ".")
    .addHelpText(
      "after",
      `
Examples:
  volley export runs/<id> --format csv > seconds.csv        per second and chain
  volley export runs/<id> --format hgrm --chain kava        for HdrHistogram's plotters
  volley export runs/<id> --format hlog > run.hlog          for HdrHistogram's log tools
  volley export runs/<id> --format junit > junit.xml        for CI
  volley export runs/<id> --format otlp --to http://collector:4318/v1/metrics
  volley export runs/<id> --format markdown >> $GITHUB_STEP_SUMMARY`,
    )
    .action(async (run: string, options: ExportOptions) => {
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
      process.stdout.write((await FORMATS[options.format]?.({ report, histograms, chain, to: options.to })) ?? "");
    });
}
