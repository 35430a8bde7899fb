import { cleanText } from "../../lib/plan/terminal.ts";
import { lintPlan } from "../../lib/planfile/lint.ts";
import { loadPlan } from "../../lib/planfile/loadPlan.ts";
import { wrapText } from "../../lib/report/table.ts";
import { loadOptions, type PlanOptions } from "../options.ts";
import { type OutputOptions, textStyle } from "../terminal.ts";

/** Checks a plan, and prints likely mistakes in it. */
export function lint(path: string, options: PlanOptions & OutputOptions): void {
  const { columns } = textStyle(process.stdout, options);
  const warnings = lintPlan(loadPlan(path, loadOptions(options)));
  for (const { where, text } of warnings)
    process.stdout.write(`${wrapText(cleanText(`${where}: ${text}`), columns)}\n`);
  const count = warnings.length === 1 ? "1 warning" : `${warnings.length} warnings`;
  process.stdout.write(`${path}: can be run, ${count}\n`);
}
