import { Argument, Command } from "commander";

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
    .action(async (of: "plan" | "report") => {
      const { printSchema } = await import("../actions/schema.ts");
      printSchema(of);
    });
}
