import { Command } from "commander";
import { type BackendUrls, connectBackends } from "../../lib/gateway/backends.ts";
import { startGateway } from "../../lib/gateway/gateway.ts";
import { gatewaySchema } from "../../lib/plan/schema.ts";
import { loadGateway } from "../../lib/planfile/loadPlan.ts";
import { parsePort } from "../options.ts";

interface GatewayOptions extends BackendUrls {
  port: number;
  config?: string;
}

/** `volley gateway`. */
export function gatewayCommand(): Command {
  return new Command("gateway")
    .description("Run the stand-in gateway on loopback, to try plans against, until Ctrl-C.")
    .option("--port <port>", "the port to listen on; 0 takes a free one", parsePort, 8545)
    .option("--config <file>", "its settings: JSON as in a plan's `gateway`")
    .option("--redis <url>", "do each relay's Redis operations on a real one, such as redis://127.0.0.1:6379")
    .option("--postgres <url>", "do each relay's queries on a real PostgreSQL, such as postgres://me@127.0.0.1/gateway")
    .addHelpText(
      "after",
      `
Examples:
  volley gateway
  volley run plans/option-b.json --origin http://127.0.0.1:8545
  curl -s http://127.0.0.1:8545/metrics | grep gateway_requests_total`,
    )
    .action(async ({ port, config, redis, postgres }: GatewayOptions) => {
      const settings = config === undefined ? gatewaySchema.parse({}) : loadGateway(config);
      const isBacked = redis !== undefined || postgres !== undefined;
      const backends = isBacked ? await connectBackends({ redis, postgres }) : undefined;
      const gateway = await startGateway({ ...settings, port }, { backends });
      process.stdout.write(`stand-in gateway at ${gateway.origin}; metrics at ${gateway.origin}/metrics\n`);
      for (const { name, endpoint } of settings.chains) {
        process.stdout.write(`  ${name}: ${gateway.origin}/api/gateway?endpoint=${endpoint}\n`);
      }
      const signal = await new Promise<string>((done) => {
        process.once("SIGINT", done);
        process.once("SIGTERM", done);
      });
      await gateway.close();
      for (const chain of gateway.truth().chains) {
        process.stdout.write(`${chain.name}: ${chain.requests} requests, ${chain.relays} relays\n`);
      }
      process.stdout.write(`stopped by ${signal}\n`);
    });
}
