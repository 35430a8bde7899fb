import { type BackendUrls, connectBackends } from "../../lib/gateway/backends.ts";
import { startGateway } from "../../lib/gateway/gateway.ts";
import { gatewaySchema } from "../../lib/plan/gatewaySchema.ts";
import { loadGateway } from "../../lib/planfile/loadPlan.ts";

export interface GatewayOptions extends BackendUrls {
  port: number;
  config?: string;
}

/** Runs the stand-in gateway until Ctrl-C, then prints what it served. */
export async function runGateway({ port, config, redis, postgres }: GatewayOptions): Promise<void> {
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
}
