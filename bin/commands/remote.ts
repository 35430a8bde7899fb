import { Command } from "commander";
import type { RemoteOptions, Stack } from "../actions/remote.ts";
import { parsePort } from "../options.ts";

/** `volley watch RUN`, `volley abort RUN`, `volley fetch RUN` and `volley list`, of a deployment in AWS. */
export function remoteCommands(): Command[] {
  return [watchCommand(), fetchCommand(), abortCommand(), listCommand()];
}

function remoteCommand(name: string, description: string, example: string): Command {
  return new Command(name)
    .description(description)
    .requiredOption("--stack <name>", "the stack that `cdk deploy` has put up (required)")
    .addHelpText("after", `\nExample:\n  ${example}`);
}

function watchCommand(): Command {
  const example = "volley watch evening-20261124-… --stack volley";
  return remoteCommand("watch", "Follow a run in AWS, from anywhere, to its report.", example)
    .argument("<run>", "the run's id")
    .option("--dashboard [port]", "serve the report's page on loopback while the run goes", parsePort)
    .option("--json", "print events as JSON lines instead of text")
    .action(async (runId: string, options: RemoteOptions & Stack) => {
      const { watchRun } = await import("../actions/remote.ts");
      await watchRun(runId, options);
    });
}

function fetchCommand(): Command {
  const description = "Download a run from AWS into a folder, where report, compare and export find it.";
  return remoteCommand("fetch", description, "volley fetch evening-20261124-… --stack volley")
    .argument("<run>", "the run's id")
    .option("--out <folder>", "the folder in which runs/<id>/ is made", ".")
    .action(async (runId: string, options: Stack & { out: string }) => {
      const { fetchInto } = await import("../actions/remote.ts");
      await fetchInto(runId, options);
    });
}

function abortCommand(): Command {
  const description = "Stop a run in AWS: its workers stop within 2 s, and what was measured is reported.";
  return remoteCommand("abort", description, "volley abort evening-… --stack volley")
    .argument("<run>", "the run's id")
    .action(async (runId: string, options: Stack) => {
      const { abortRun } = await import("../actions/remote.ts");
      await abortRun(runId, options);
    });
}

function listCommand(): Command {
  return remoteCommand("list", "List the runs in AWS, the newest first.", "volley list --stack volley").action(
    async (options: Stack) => {
      const { listRuns } = await import("../actions/remote.ts");
      await listRuns(options);
    },
  );
}
