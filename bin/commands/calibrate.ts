import { Command } from "commander";
import type { CalibrateOptions } from "../actions/calibrate.ts";
import { withPlanOptions } from "../options.ts";

/** `volley calibrate PLAN`. */
export function calibrateCommand(): Command {
  return withPlanOptions(new Command("calibrate"))
    .description(
      "Run a plan from Lambda's kind of worker and from a fleet, one after the other, and explain the difference.",
    )
    .option("--out <folder>", "the folder in which the runs are made", ".")
    .option("--stack <name>", "run both in AWS, in this stack, instead of on this machine")
    .option("--yes", "load hosts other than this machine with more than 1,000 requests/s without being asked")
    .addHelpText("after", "\nExample:\n  volley calibrate plans/demo.json")
    .action(async (path: string, options: CalibrateOptions) => {
      const { calibrate } = await import("../actions/calibrate.ts");
      await calibrate(path, options);
    });
}
