import { Command } from "commander";
import { loadOptions, type PlanOptions, withPlanOptions } from "../options.ts";
import { type OutputOptions, textStyle } from "../terminal.ts";

/** `volley lint PLAN`. */
export function lintCommand(): Command {
  return withPlanOptions(new Command("lint"))
    .description("Check a plan and say what in it is likely not meant. Sends nothing.")
    .addHelpText(
      "after",
      `
Example:
  volley lint plans/evening.json

Exit code: 0 the plan can be run, with warnings or without; 2 it cannot.`,
    )
    .action(async (path: string, options: PlanOptions & OutputOptions) => {
      const { loadPlan } = await import("../../lib/planfile/loadPlan.ts");
      const { lintPlan } = await import("../../lib/planfile/lint.ts");
      const { wrapText } = await import("../../lib/report/table.ts");
      const { columns } = textStyle(process.stdout, options);
      const warnings = lintPlan(loadPlan(path, loadOptions(options)));
      for (const { where, text } of warnings) process.stdout.write(`${wrapText(`${where}: ${text}`, columns)}\n`);
      const count = warnings.length === 1 ? "1 warning" : `${warnings.length} warnings`;
      process.stdout.write(`${path}: can be run, ${count}\n`);
    });
}
