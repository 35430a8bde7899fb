import { planJsonSchema } from "../../lib/plan/schema.ts";
import { reportJsonSchema } from "../../lib/report/schema.ts";

/** Prints the JSON Schema of the plan, or of report.json. */
export function printSchema(of: "plan" | "report"): void {
  const schema = of === "plan" ? planJsonSchema() : reportJsonSchema();
  process.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
}
