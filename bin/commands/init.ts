import { Command } from "commander";
import type { InitOptions } from "../actions/init.ts";
import { parseOrigin } from "../options.ts";

/** `volley init SOURCE`. */
export function initCommand(): Command {
  return new Command("init")
    .description("Write a first plan from a URL, a vegeta target file, a HAR file, a k6 script or an access log.")
    .argument("<source>", "a URL, or a file")
    .option("--origin <url>", "where to send the paths of an access log (required for one)", parseOrigin)
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
    .action(async (source: string, options: InitOptions) => {
      const { init } = await import("../actions/init.ts");
      await init(source, options);
    });
}
