import { Command } from "commander";
import { loadPlan } from "../../lib/plan/load.ts";
import { renderPlan } from "../../lib/render/planText.ts";
import { collect, parseOrigin } from "../options.ts";
import { type OutputOptions, textStyle, withTextOptions } from "../terminal.ts";

/** `volley plan PLAN`. */
export function planCommand(): Command {
  return withTextOptions(new Command("plan"))
    .description("Check a plan and show what it would do: assignments and an estimate. Sends nothing.")
    .argument("<plan>", "the plan's JSON file")
    .option("--origin <url>", "send every target to this origin instead of its own", parseOrigin)
    .option("--allow-host <host>", "allow a host that is not loopback (repeatable)", collect, [])
    .addHelpText(
      "after",
      `
Examples:
  volley plan plans/option-a.json
  volley plan plans/option-b.json`,
    )
    .action((path: string, options: { origin?: string; allowHost: string[] } & OutputOptions) => {
      const plan = loadPlan(path, { ...(options.origin && { origin: options.origin }), allowHosts: options.allowHost });
      process.stdout.write(renderPlan(plan, textStyle(process.stdout, options).columns));
    });
}
