import { Command } from "commander";
import { type PlanOptions, withPlanOptions, withTextOptions } from "../options.ts";
import type { OutputOptions } from "../terminal.ts";

/** `volley plan PLAN`. */
export function planCommand(): Command {
  return withPlanOptions(withTextOptions(new Command("plan")))
    .description("Check a plan and show its workers, estimated cost and the memory it needs. Sends nothing.")
    .option("--json", "print workers, estimate and memory as JSON")
    .addHelpText(
      "after",
      `
Examples:
  volley plan plans/option-a.json
  volley plan plans/option-b.json
  volley plan plans/option-b.json --json | jq .workerMemory.neededMb`,
    )
    .action(async (path: string, options: PlanOptions & OutputOptions) => {
      const { showPlan } = await import("../actions/plan.ts");
      showPlan(path, options);
    });
}
