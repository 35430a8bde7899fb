import { writeFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { InputError, show } from "../../lib/plan/problems.ts";
import { compareHtml } from "../../lib/render/compareHtml.ts";
import { compareRuns, compareText, TOLERANCES, type Tolerances } from "../../lib/report/compare.ts";
import { openRun } from "../runs.ts";
import { type OutputOptions, textStyle, withTextOptions } from "../terminal.ts";

interface CompareOptions extends OutputOptions {
  out: string;
  tolerance: Tolerances;
  html?: string;
}

/** `volley compare A B…`. */
export function compareCommand(): Command {
  return withTextOptions(new Command("compare"))
    .description("Compare runs with the first one, chain by chain, and say which differences are real.")
    .argument("<run...>", "two or more runs: ids, or folders")
    .option("--out <folder>", "the folder in which runs/<id>/ lies", ".")
    .option("--tolerance <figure=share>", "how much worse a figure may become (repeatable)", tolerance, TOLERANCES)
    .option("--json", "print the differences as JSON")
    .option("--html <file>", "write them as a page, too")
    .addHelpText(
      "after",
      `
Examples:
  volley compare runs/<before> runs/<after>
  volley compare <before> <after> --tolerance p99=0.2 --tolerance success=0.01

Figures: ${Object.entries(TOLERANCES)
        .map(([name, share]) => `${name} (${share})`)
        .join(", ")}
Exit code: 0 nothing is worse beyond its tolerance, 1 something is, 2 bad input.`,
    )
    .action(async (runs: string[], options: CompareOptions) => {
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
    });
}

function tolerance(text: string, earlier: Tolerances): Tolerances {
  const [, name, share] = /^(\w+)=(\d*\.?\d+)$/.exec(text) ?? [];
  if (name === undefined || !(name in TOLERANCES)) {
    throw new InvalidArgumentError(`expected one of ${Object.keys(TOLERANCES).join(", ")}, = and a share such as 0.1`);
  }
  return { ...earlier, [name]: Number(share) };
}
