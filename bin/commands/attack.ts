import { Command, Option } from "commander";
import type { AttackOptions } from "../actions/attack.ts";
import { parseDuration, parsePositive, withTargetOptions, withTextOptions } from "../options.ts";

/** `volley attack URL`. */
export function attackCommand(): Command {
  return withTargetOptions(withTextOptions(new Command("attack")))
    .description("Load one URL, or a file of targets, without a plan: the same run, ledger and report.")
    .argument("[url]", "the URL; or --targets")
    .requiredOption("--rps <rate>", "requests per second (required)", parsePositive)
    .requiredOption("--duration <time>", "how long, such as 30s or 5m (required)", parseDuration)
    .option("--targets <file>", "a file of targets in vegeta's http or json format, instead of a URL")
    .option("--workers <count>", "how many processes send; by default one for each 500 requests/s", parsePositive)
    .option("--name <name>", "what the run is called", "attack")
    .option("--out <folder>", "the folder in which runs/<id>/ is made", ".")
    .addOption(
      new Option("--format <format>", "what is printed at the end")
        .choices(["text", "json", "vegeta", "vegeta-json"])
        .default("text"),
    )
    .option("--quiet", "print no progress, only the report")
    .option("--yes", "load hosts other than this machine with more than 1,000 requests/s without being asked")
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
