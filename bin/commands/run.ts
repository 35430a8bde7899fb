import { Command, Option } from "commander";
import type { RunOptions } from "../actions/run.ts";
import {
  parsePort,
  parseRegions,
  parseSend,
  parseStore,
  SEND_HELP,
  withPlanOptions,
  withTextOptions,
} from "../options.ts";

/** `volley run PLAN`. */
export function runCommand(): Command {
  return withPlanOptions(withTextOptions(new Command("run")))
    .description("Run a plan on this machine, with a process for each worker, and write a report.")
    .option("--out <folder>", "the folder for runs/<id>/", ".")
    .option("--store <uri>", "keep the run in a bucket instead of a folder: s3:<bucket>", parseStore)
    .addOption(new Option("--mode <mode>", "where the workers run, instead of the plan's").choices(["lambda", "fleet"]))
    .option("--stack <name>", "run it in AWS, in this stack, instead of on this machine")
    .option(
      "--regions <delays>",
      "give regions a network with this round-trip time to the stand-in gateway, such as us-east-1=1ms,eu-west-1=40ms",
      parseRegions,
    )
    .option("--dashboard [port]", "serve the live report on loopback", parsePort)
    .option("--send <to>", SEND_HELP, parseSend)
    .option("--yes", "do not ask before loading another host with more than 1,000 requests/s")
    .option("--json", "print events as JSON lines instead of text")
    .option("--quiet", "print no progress, only the report")
    .addHelpText(
      "after",
      `
Examples:
  volley run plans/demo.json
  volley run plans/demo.json --origin http://127.0.0.1:8080   the same plan against your own server
  volley run plans/demo.json --dashboard                      with the live report
  volley run plans/demo.json --json | jq .event               events as JSON
  volley run plans/demo.json --send prometheus=http://127.0.0.1:9090/api/v1/write
  volley run plans/evening.json --stack volley                in AWS; see also watch, abort and list

Ctrl-C stops the workers and reports what was measured. A second Ctrl-C exits at once.`,
    )
    .action(async (path: string, options: RunOptions) => {
      const { run } = await import("../actions/run.ts");
      await run(path, options);
    });
}
