import { Command } from "commander";
import type { ReportOptions } from "../actions/report.ts";
import { withTextOptions } from "../options.ts";

/** `volley report RUN`. */
export function reportCommand(): Command {
  return withTextOptions(new Command("report"))
    .description("Reduce a run's results again and print its report; report.json and report.html are written anew.")
    .argument("<run>", "the run's id, or its folder")
    .option("--out <folder>", "the folder in which runs/<id>/ lies", ".")
    .option("--stack <name>", "read it from a deployment in AWS instead; where its reduction failed it is made here")
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
