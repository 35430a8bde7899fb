import { writeFileSync } from "node:fs";
import { InputError, show } from "../../lib/plan/problems.ts";
import { compareHtml } from "../../lib/render/compareHtml.ts";
import { compareRuns, compareText } from "../../lib/report/compare.ts";
import type { Tolerances } from "../../lib/report/tolerances.ts";
import { openRun } from "../runs.ts";
import { type OutputOptions, textStyle } from "../terminal.ts";

export interface CompareOptions extends OutputOptions {
  out: string;
  tolerance: Tolerances;
  html?: string;
}

/** Compares runs with the first one; the exit code is 1 if something is worse beyond its tolerance. */
export async function compare(runs: string[], options: CompareOptions): Promise<void> {
  if (runs.length < 2) {
    const expected = "two runs or more: the one before, and those that are compared with it";
    throw new InputError("volley compare", [{ where: "<run...>", found: `one run, ${show(runs[0])}`, expected }]);
  }
  const [first, ...others] = await Promise.all(runs.map((run) => openRun(run, options.out)));
  if (!first) return;
  const comparisons = others.map(({ report }) => compareRuns(first.report, report, options.tolerance));
  if (options.html !== undefined) writeFileSync(options.html, compareHtml(comparisons));
  for (const comparison of comparisons) {
    const { before, after, differences } = comparison;
    const result = { before, after, differences };
    process.stdout.write(
      options.json
        ? `${JSON.stringify(result)}\n`
        : `${compareText(comparison, textStyle(process.stdout, options).columns)}\n`,
    );
    if (differences.some(({ isWorse }) => isWorse)) process.exitCode = 1;
  }
}
