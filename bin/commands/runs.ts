import { Command, Option } from "commander";
import type { RunsOptions, ServeOptions } from "../actions/runs.ts";
import { parsePort, parseStore, withTextOptions } from "../options.ts";

/** `volley runs`. */
export function runsCommand(): Command {
  return withTextOptions(new Command("runs"))
    .description("List the runs with their verdicts, running ones first.")
    .option("--out <folder>", "the folder with runs/<id>/", ".")
    .option("--stack <name>", "list the runs in AWS, in this stack")
    .addOption(storeOption("list the runs in a bucket"))
    .option("--json", "print a JSON object for each run")
    .addHelpText("after", "\nExamples:\n  volley runs\n  volley runs --stack volley --json | jq .state")
    .action(async (options: RunsOptions) => {
      const { printRuns } = await import("../actions/runs.ts");
      await printRuns(options);
    });
}

/** `volley serve`. */
export function serveCommand(): Command {
  return new Command("serve")
    .description("Serve a page over all runs on loopback: trends, verdicts, live runs, any two compared.")
    .option("--out <folder>", "the folder with runs/<id>/", ".")
    .option("--stack <name>", "show the runs in AWS, in this stack")
    .addOption(storeOption("show the runs in a bucket"))
    .option("--port <port>", "the port to listen on; 0 takes a free one", parsePort, 8080)
    .addHelpText("after", "\nExamples:\n  volley serve\n  volley serve --stack volley --port 0")
    .action(async (options: ServeOptions) => {
      const { serve } = await import("../actions/runs.ts");
      await serve(options);
    });
}

/** A bucket to which `volley run --store` wrote. */
function storeOption(description: string): Option {
  return new Option("--store <uri>", `${description}: s3:<bucket>`).argParser(parseStore).conflicts("stack");
}
