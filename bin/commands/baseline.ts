import { Command } from "commander";
import type { BaselineOptions } from "../actions/baseline.ts";

/** `volley baseline NAME [RUN]`. */
export function baselineCommand(): Command {
  return new Command("baseline")
    .description("Name a run as a baseline, or show which run a name stands for.")
    .argument("<name>", "the baseline's name, such as nightly")
    .argument("[run]", "the run's id; without one the name's run is printed")
    .option("--out <folder>", "the folder with runs/<id>/", ".")
    .option("--stack <name>", "a baseline in AWS, which scheduled runs are compared with")
    .addHelpText(
      "after",
      `
Examples:
  volley baseline nightly evening-20261124-101500-a1b2 --stack volley
  volley baseline nightly --stack volley
  volley compare baseline:nightly <run>`,
    )
    .action(async (name: string, run: string | undefined, options: BaselineOptions) => {
      const { baseline } = await import("../actions/baseline.ts");
      await baseline(name, run, options);
    });
}
