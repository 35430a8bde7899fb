import { splitRates } from "../../lib/plan/assign.ts";
import { estimate } from "../../lib/plan/estimate.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { workerMemory } from "../../lib/plan/workerMemory.ts";
import { loadPlan } from "../../lib/planfile/loadPlan.ts";
import { renderPlan } from "../../lib/render/planText.ts";
import { loadOptions, type PlanOptions } from "../options.ts";
import { type OutputOptions, textStyle } from "../terminal.ts";

/** Checks a plan, and prints what it would do. */
export function showPlan(path: string, options: PlanOptions & OutputOptions): void {
  const plan = loadPlan(path, loadOptions(options));
  process.stdout.write(
    options.json
      ? `${JSON.stringify(planned(plan), null, 2)}\n`
      : renderPlan(plan, textStyle(process.stdout, options).columns),
  );
}

/** What a plan would do, as data. */
function planned(plan: Plan): object {
  const workers = splitRates(plan).length;
  const memory = plan.mode === "lambda" ? { workerMemory: workerMemory(plan) } : {};
  return { name: plan.name, workers, estimate: estimate(plan), ...memory };
}
