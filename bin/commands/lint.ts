import { Command } from "commander";
import { type PlanOptions, withPlanOptions } from "../options.ts";
import type { OutputOptions } from "../terminal.ts";

/** `volley lint PLAN`. */
export function lintCommand(): Command {
  return withPlanOptions(new Command("lint"))
    .description("Check a plan and warn of likely mistakes. Sends nothing.")
    .addHelpText(
      "after",
      `
Example:
  volley lint plans/evening.json

Exit code: 0 the plan can run, with or without warnings; 2 it cannot.`,
    )
    .action(async (path: string, options: PlanOptions & OutputOptions) => {
      const { lint } = await import("../actions/lint.ts");
      lint(path, options);
    });
}
