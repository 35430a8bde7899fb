import { Command, InvalidArgumentError } from "commander";
import { TOLERANCES, type Tolerances } from "../../lib/report/tolerances.ts";
import type { CompareOptions } from "../actions/compare.ts";
import { withTextOptions } from "../options.ts";

/** `volley compare A B…`. */
export function compareCommand(): Command {
  return withTextOptions(new Command("compare"))
    .description("Compare runs with the first one, and say which differences are significant.")
    .argument("<run...>", "two or more runs: ids, or folders")
    .option("--out <folder>", "the folder with runs/<id>/", ".")
    .option("--tolerance <figure=share>", "how much worse a figure may get (repeatable)", tolerance, TOLERANCES)
    .option("--json", "print the differences as JSON")
    .option("--html <file>", "also write them as a page")
    .addHelpText(
      "after",
      `
Examples:
  volley compare runs/<before> runs/<after>
  volley compare <before> <after> --tolerance p99=0.2 --tolerance success=0.01

Figures: ${Object.entries(TOLERANCES)
        .map(([name, share]) => `${name} (${share})`)
        .join(", ")}
Exit code: 0 nothing got worse beyond its tolerance, 1 something did, 2 bad input.`,
    )
    .action(async (runs: string[], options: CompareOptions) => {
      const { compare } = await import("../actions/compare.ts");
      await compare(runs, options);
    });
}

function tolerance(text: string, earlier: Tolerances): Tolerances {
  const [, name, share] = /^(\w+)=(\d*\.?\d+)$/.exec(text) ?? [];
  if (name === undefined || !(name in TOLERANCES)) {
    throw new InvalidArgumentError(`expected one of ${Object.keys(TOLERANCES).join(", ")}, = and a share such as 0.1`);
  }
  return { ...earlier, [name]: Number(share) };
}
