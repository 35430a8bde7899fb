import { Command } from "commander";
import { type PlanOptions, withPlanOptions, withTextOptions } from "../options.ts";
import type { OutputOptions } from "../terminal.ts";

/** `volley plan PLAN`. */
export function planCommand(): Command {
  return withPlanOptions(withTextOptions(new Command("plan")))
    .description("Check a plan and show its workers and estimated cost. Sends nothing.")
    .addHelpText(
      "after",
      `
Examples:
  volley plan plans/option-a.json
  volley plan plans/option-b.json`,
    )
    .action(async (path: string, options: PlanOptions & OutputOptions) => {
      const { showPlan } = await import("../actions/plan.ts");
      showPlan(path, options);
    });
}
