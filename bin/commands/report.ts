import { Command } from "commander";
import type { ReportOptions } from "../actions/report.ts";
import { withTextOptions } from "../options.ts";

/** `volley report RUN`. */
export function reportCommand(): Command {
  return withTextOptions(new Command("report"))
    .description("Reduce a run's results again, write report.json and report.html, and print the report.")
    .argument("<run>", "the run's id, or its folder")
    .option("--out <folder>", "the folder with runs/<id>/", ".")
    .option("--stack <name>", "read it from AWS; if its reduction failed, reduce it here")
    .option("--json", "print report.json instead of text")
    .addHelpText(
      "after",
      `
Examples:
  volley report demo-20261124-101500-a1b2
  volley report runs/demo-20261124-101500-a1b2 --json | jq .verdict
  volley report evening-20261124-101500-a1b2 --stack volley`,
    )
    .action(async (run: string, options: ReportOptions) => {
      const { report } = await import("../actions/report.ts");
      await report(run, options);
    });
}
