import { Command } from "commander";
import type { GatewayOptions } from "../actions/gateway.ts";
import { parsePort } from "../options.ts";

/** `volley gateway`. */
export function gatewayCommand(): Command {
  return new Command("gateway")
    .description("Run the stand-in gateway on loopback until Ctrl-C.")
    .option("--port <port>", "the port to listen on; 0 takes a free one", parsePort, 8545)
    .option("--config <file>", "settings: JSON as in a plan's `gateway`")
    .option("--redis <url>", "send each relay's operations to a real Redis, such as redis://127.0.0.1:6379")
    .option(
      "--postgres <url>",
      "send each relay's queries to a real PostgreSQL, such as postgres://me@127.0.0.1/gateway",
    )
    .addHelpText(
      "after",
      `
Examples:
  volley gateway
  volley run plans/option-b.json --origin http://127.0.0.1:8545
  curl -s http://127.0.0.1:8545/metrics | grep gateway_requests_total`,
    )
    .action(async (options: GatewayOptions) => {
      const { runGateway } = await import("../actions/gateway.ts");
      await runGateway(options);
    });
}
