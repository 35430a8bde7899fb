import { Command } from "commander";
import type { ResumeOptions } from "../actions/resume.ts";
import { withTextOptions } from "../options.ts";

/** `volley resume RUN`. */
export function resumeCommand(): Command {
  return withTextOptions(new Command("resume"))
    .description("Continue a run whose runner died: send the rest of the schedule, or report what is there.")
    .argument("<run>", "the run's id, or its folder")
    .option("--out <folder>", "the folder with runs/<id>/", ".")
    .option("--json", "print events as JSON lines instead of text")
    .option("--quiet", "print no progress, only the report")
    .addHelpText("after", "\nExample:\n  volley resume evening-20261124-101500-a1b2")
    .action(async (run: string, options: ResumeOptions) => {
      const { resume } = await import("../actions/resume.ts");
      await resume(run, options);
    });
}
