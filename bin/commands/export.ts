import { Command, Option } from "commander";
import type { ExportOptions } from "../actions/export.ts";
import { EXPORT_FORMATS } from "../exportFormats.ts";
import { parseUrl } from "../options.ts";

/** `volley export RUN`. */
export function exportCommand(): Command {
  return new Command("export")
    .description("Print a run's report in a format for other tools.")
    .argument("<run>", "the run's id, or its folder")
    .addOption(new Option("--format <format>", "the format (required)").choices(EXPORT_FORMATS).makeOptionMandatory())
    .option("--chain <name>", "the chain for hgrm; by default the first one")
    .option("--to <url>", "where to send otlp", parseUrl, "http://127.0.0.1:4318/v1/metrics")
    .option("--out <folder>", "the folder with runs/<id>/", ".")
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
      const { exportRun } = await import("../actions/export.ts");
      await exportRun(run, options);
    });
}
