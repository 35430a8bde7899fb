import { Command } from "commander";
import { loadPlan } from "../../lib/planfile/loadPlan.ts";
import { renderPlan } from "../../lib/render/planText.ts";
import { loadOptions, type PlanOptions, withPlanOptions } from "../options.ts";
import { type OutputOptions, textStyle, withTextOptions } from "../terminal.ts";

/** `volley plan PLAN`. */
export function planCommand(): Command {
  return withPlanOptions(withTextOptions(new Command("plan")))
    .description("Check a plan and show what it would do: assignments and an estimate. Sends nothing.")
    .addHelpText(
      "after",
      `
Examples:
  volley plan plans/option-a.json
  volley plan plans/option-b.json`,
    )
    .action((path: string, options: PlanOptions & OutputOptions) => {
      const plan = loadPlan(path, loadOptions(options));
      process.stdout.write(renderPlan(plan, textStyle(process.stdout, options).columns));
    });
}
