import { Command } from "commander";
import type { CalibrateOptions } from "../actions/calibrate.ts";
import { withPlanOptions } from "../options.ts";

/** `volley calibrate PLAN`. */
export function calibrateCommand(): Command {
  return withPlanOptions(new Command("calibrate"))
    .description("Run a plan with Lambda's kind of workers and with a fleet, and explain the difference.")
    .option("--out <folder>", "the folder for the runs", ".")
    .option("--stack <name>", "run both in AWS, in this stack, instead of on this machine")
    .option("--yes", "do not ask before loading another host with more than 1,000 requests/s")
    .addHelpText("after", "\nExample:\n  volley calibrate plans/demo.json")
    .action(async (path: string, options: CalibrateOptions) => {
      const { calibrate } = await import("../actions/calibrate.ts");
      await calibrate(path, options);
    });
}
