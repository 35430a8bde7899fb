import { Command } from "commander";
import type { RemoteOptions, Stack } from "../actions/remote.ts";
import { parsePort, parseSend, SEND_HELP } from "../options.ts";

/** `volley watch RUN`, `volley abort RUN`, `volley fetch RUN` and `volley list`, for a deployment in AWS. */
export function remoteCommands(): Command[] {
  return [watchCommand(), fetchCommand(), abortCommand(), listCommand()];
}

function remoteCommand(name: string, description: string, example: string): Command {
  return new Command(name)
    .description(description)
    .requiredOption("--stack <name>", "the name of the deployed stack (required)")
    .addHelpText("after", `\nExample:\n  ${example}`);
}

function watchCommand(): Command {
  const example = "volley watch evening-20261124-… --stack volley";
  return remoteCommand("watch", "Follow a run in AWS and print its report.", example)
    .argument("<run>", "the run's id")
    .option("--dashboard [port]", "serve the live report on loopback", parsePort)
    .option("--send <to>", SEND_HELP, parseSend)
    .option("--json", "print events as JSON lines instead of text")
    .action(async (runId: string, options: RemoteOptions & Stack) => {
      const { watchRun } = await import("../actions/remote.ts");
      await watchRun(runId, options);
    });
}

function fetchCommand(): Command {
  const description = "Download a run from AWS into a folder, for report, compare and export.";
  return remoteCommand("fetch", description, "volley fetch evening-20261124-… --stack volley")
    .argument("<run>", "the run's id")
    .option("--out <folder>", "the folder for runs/<id>/", ".")
    .action(async (runId: string, options: Stack & { out: string }) => {
      const { fetchInto } = await import("../actions/remote.ts");
      await fetchInto(runId, options);
    });
}

function abortCommand(): Command {
  const description = "Stop a run in AWS within 2 s, and report what was measured.";
  return remoteCommand("abort", description, "volley abort evening-… --stack volley")
    .argument("<run>", "the run's id")
    .action(async (runId: string, options: Stack) => {
      const { abortRun } = await import("../actions/remote.ts");
      await abortRun(runId, options);
    });
}

function listCommand(): Command {
  return remoteCommand("list", "List the runs in AWS, newest first.", "volley list --stack volley").action(
    async (options: Stack) => {
      const { listRuns } = await import("../actions/remote.ts");
      await listRuns(options);
    },
  );
}
