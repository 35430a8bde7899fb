import { Command } from "commander";
import { parseOrigin } from "../options.ts";

/** `volley init SOURCE`. */
export function initCommand(): Command {
  return new Command("init")
    .description("Write a first plan from a URL, a vegeta target file, a HAR file, a k6 script or an access log.")
    .argument("<source>", "a URL, or a file")
    .option("--origin <url>", "where an access log's paths are sent (required for one)", parseOrigin)
    .option("--out <file>", "the plan's file, or - for standard output", "plan.json")
    .addHelpText(
      "after",
      `
Examples:
  volley init https://gateway.example/rpc
  volley init targets.txt --out evening.json
  volley init browser.har
  volley init access.log --origin https://gateway.example`,
    )
    .action(async (source: string, { origin, out }: { origin?: string; out: string }) => {
      const { writeFileSync } = await import("node:fs");
      const { dirname } = await import("node:path");
      const { InputError } = await import("../../lib/plan/problems.ts");
      const { firstPlan } = await import("../../lib/planfile/firstPlan.ts");
      const { plan, notes } = firstPlan(source, out === "-" ? "." : dirname(out), origin);
      const text = `${JSON.stringify(plan, null, 2)}\n`;
      for (const note of notes) process.stderr.write(`${note}\n`);
      if (out === "-") {
        process.stdout.write(text);
        return;
      }
      try {
        writeFileSync(out, text, { flag: "wx" });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        throw new InputError(out, [{ where: "--out", found: "a file that is there", expected: "one that is not yet" }]);
      }
      process.stdout.write(`${out}: look at its rates and its SLO, then\n  volley ping ${out}\n  volley run ${out}\n`);
    });
}
