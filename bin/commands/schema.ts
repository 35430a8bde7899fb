import { Argument, Command } from "commander";
import { planJsonSchema } from "../../lib/plan/schema.ts";
import { reportJsonSchema } from "../../lib/report/schema.ts";

/** `volley schema [plan|report]`. */
export function schemaCommand(): Command {
  return new Command("schema")
    .description("Print the JSON Schema of the plan, or of report.json.")
    .addArgument(new Argument("[of]", "what to print").choices(["plan", "report"]).default("plan"))
    .addHelpText(
      "after",
      `
Examples:
  volley schema > plan.schema.json
  volley schema report > report.schema.json`,
    )
    .action((of: "plan" | "report") => {
      const schema = of === "plan" ? planJsonSchema() : reportJsonSchema();
      process.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
    });
}
