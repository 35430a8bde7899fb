import { Command, Option } from "commander";
import type { AttackOptions } from "../actions/attack.ts";
import { parseDuration, parsePositive, withTargetOptions, withTextOptions } from "../options.ts";

/** `volley attack URL`. */
export function attackCommand(): Command {
  return withTargetOptions(withTextOptions(new Command("attack")))
    .description("Load a URL or a file of targets without a plan, and report as run does.")
    .argument("[url]", "the URL; or --targets")
    .requiredOption("--rps <rate>", "requests per second (required)", parsePositive)
    .requiredOption("--duration <time>", "how long, such as 30s or 5m (required)", parseDuration)
    .option("--targets <file>", "a file of targets in vegeta's http or json format")
    .option("--workers <count>", "the number of workers; by default one for each 500 requests/s", parsePositive)
    .option("--name <name>", "the name of the run", "attack")
    .option("--out <folder>", "the folder for runs/<id>/", ".")
    .addOption(
      new Option("--format <format>", "the format of the result")
        .choices(["text", "json", "vegeta", "vegeta-json"])
        .default("text"),
    )
    .option("--quiet", "print no progress, only the report")
    .option("--yes", "do not ask before loading another host with more than 1,000 requests/s")
    .addHelpText(
      "after",
      `
Examples:
  volley attack http://127.0.0.1:8545 --rps 500 --duration 30s --body '{"jsonrpc":"2.0","method":"eth_blockNumber","params":[],"id":1}'
  volley attack https://gateway.example/health --rps 50 --duration 1m --format vegeta
  volley attack --targets targets.txt --rps 200 --duration 1m --format json | jq .verdict`,
    )
    .action(async (url: string | undefined, options: AttackOptions) => {
      const { attack } = await import("../actions/attack.ts");
      await attack(url, options);
    });
}
