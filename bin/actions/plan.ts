import { loadPlan } from "../../lib/planfile/loadPlan.ts";
import { renderPlan } from "../../lib/render/planText.ts";
import { loadOptions, type PlanOptions } from "../options.ts";
import { type OutputOptions, textStyle } from "../terminal.ts";

/** Checks a plan, and prints what it would do. */
export function showPlan(path: string, options: PlanOptions & OutputOptions): void {
  const plan = loadPlan(path, loadOptions(options));
  process.stdout.write(renderPlan(plan, textStyle(process.stdout, options).columns));
}
