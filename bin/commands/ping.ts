import { Command } from "commander";
import type { PingOptions } from "../actions/ping.ts";
import { withTargetOptions, withTextOptions } from "../options.ts";

/** `volley ping URL|PLAN`. */
export function pingCommand(): Command {
  return withTargetOptions(withTextOptions(new Command("ping")))
    .description("Send one request to a URL, or to each target of a plan, and print its class, timings and body.")
    .argument("<target>", "a URL or a plan")
    .option("--json", "print a JSON object for each request")
    .addHelpText(
      "after",
      `
Examples:
  volley ping http://127.0.0.1:8545 --body '{"jsonrpc":"2.0","method":"eth_blockNumber","params":[],"id":1}'
  volley ping plans/evening.json

Exit code: 0 every response is a relay, 1 some are not, 2 bad input.`,
    )
    .action(async (target: string, options: PingOptions) => {
      const { pingAll } = await import("../actions/ping.ts");
      await pingAll(target, options);
    });
}
