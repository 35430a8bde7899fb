import { hostname } from "node:os";
import { Command, Option } from "commander";
import type { HostOptions } from "../actions/host.ts";
import { parseWorkers } from "../options.ts";

/** `volley host`. */
export function hostCommand(): Command {
  return new Command("host")
    .description("Work as a host of a fleet: take assignments of the runs that reserve it until stopped.")
    .option("--check", "show this host's limits and what it can carry, and exit; 1 if it is not tuned")
    .option("--self-test", "measure how many requests/s the workers can send here, and exit; 1 if they held none")
    .option("--store <uri>", "where runs are kept: s3:<bucket> or file:<folder>; or VOLLEY_STORE")
    .option("--endpoint <url>", "the endpoint of Step Functions, if not AWS's; or VOLLEY_ENDPOINT")
    .option("--name <name>", "the name of this host", hostname())
    .addOption(
      new Option("--workers <n>", "assignments at once, each in a process: a number, or auto for the host's cores")
        .env("VOLLEY_WORKERS")
        .argParser(parseWorkers)
        .default(1),
    )
    .addOption(new Option("--runner <json>", "what the runner on this machine says").hideHelp())
    .addOption(new Option("--lifeline", "end with the runner that holds the other end of standard input").hideHelp())
    .addHelpText(
      "after",
      `
Examples:
  volley host --check
  volley host --self-test --workers auto
  volley host --store s3:volley-runs --workers auto

As a service: fleet/volley-host.service. To tune the host: fleet/tune-system-limits.sh.`,
    )
    .action(async (options: HostOptions) => {
      const { runHost } = await import("../actions/host.ts");
      await runHost(options);
    });
}
