import { Command, Option } from "commander";
import type { RunOptions } from "../actions/run.ts";
import { parsePort, parseStore, withPlanOptions, withTextOptions } from "../options.ts";

/** `volley run PLAN`. */
export function runCommand(): Command {
  return withPlanOptions(withTextOptions(new Command("run")))
    .description("Run a plan on this machine: the state machine, a process for each worker, a report at the end.")
    .option("--out <folder>", "the folder in which runs/<id>/ is made", ".")
    .option("--store <uri>", "keep the run in a bucket instead of the folder: s3:<bucket>", parseStore)
    .addOption(new Option("--mode <mode>", "where the workers run, instead of the plan's").choices(["lambda", "fleet"]))
    .option("--stack <name>", "run it in AWS, in the stack that `cdk deploy` has put up, instead of on this machine")
    .option("--dashboard [port]", "serve the report's page on loopback while the run goes", parsePort)
    .option("--yes", "load hosts other than this machine with more than 1,000 requests/s without being asked")
    .option("--json", "print events as JSON lines instead of text")
    .option("--quiet", "print no progress, only the report")
    .addHelpText(
      "after",
      `
Examples:
  volley run plans/demo.json
  volley run plans/demo.json --origin http://127.0.0.1:8080   the same plan against a server of yours
  volley run plans/demo.json --dashboard                      the report's page, updating while the run goes
  volley run plans/demo.json --json | jq .event               events for programs
  volley run plans/evening.json --stack volley                in AWS; volley watch, abort and list go with it

Ctrl-C stops the workers and reports what was measured; a second Ctrl-C leaves at once.`,
    )
    .action(async (path: string, options: RunOptions) => {
      const { run } = await import("../actions/run.ts");
      await run(path, options);
    });
}
