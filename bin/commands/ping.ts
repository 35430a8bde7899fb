import { Command } from "commander";
import type { Plan } from "../../lib/plan/schema.ts";
import type { OneTarget } from "../../lib/planfile/oneLiner.ts";
import { withTargetOptions } from "../options.ts";
import { type OutputOptions, textStyle, withTextOptions } from "../terminal.ts";

type PingOptions = OneTarget & OutputOptions;

/** `volley ping URL|PLAN`. */
export function pingCommand(): Command {
  return withTargetOptions(withTextOptions(new Command("ping")))
    .description("Send one request to a URL, or to each target of a plan: its class, the time of each part, its body.")
    .argument("<target>", "a URL, or a plan's file")
    .option("--json", "print a JSON object for each request")
    .addHelpText(
      "after",
      `
Examples:
  volley ping http://127.0.0.1:8545 --body '{"jsonrpc":"2.0","method":"eth_blockNumber","params":[],"id":1}'
  volley ping plans/evening.json

Exit code: 0 each response is a valid relay, 1 one is not, 2 bad input.`,
    )
    .action(pingAll);
}

async function pingAll(target: string, options: PingOptions): Promise<void> {
  const plan = await planOf(target, options);
  const { ping, pingedChains } = await import("../../lib/attack/ping.ts");
  const { environmentSecret } = await import("../../lib/attack/secrets.ts");
  const { pingText } = await import("../../lib/render/pingText.ts");
  const { columns } = textStyle(process.stdout, options);
  for (const chain of pingedChains(plan)) {
    const result = await ping(plan, chain, async (reference) => environmentSecret(reference, process.env));
    const url = chain.targets[0]?.url ?? "";
    const text = options.json
      ? JSON.stringify({ chain: chain.name, url, ...result })
      : pingText(chain, result, columns);
    process.stdout.write(`${text}\n`);
    if (!result.isRelay) process.exitCode = 1;
  }
}

async function planOf(target: string, options: PingOptions): Promise<Plan> {
  const { isHttpUrl } = await import("../../lib/plan/httpUrl.ts");
  if (!isHttpUrl(target)) {
    const { loadPlan } = await import("../../lib/planfile/loadPlan.ts");
    return loadPlan(target, { allowHosts: options.allowHost });
  }
  const { checkPlan } = await import("../../lib/plan/load.ts");
  const { oneLinerPlan } = await import("../../lib/planfile/oneLiner.ts");
  const raw = oneLinerPlan({ ...options, url: target }, { name: "ping", rps: 1, duration: "1s" });
  return checkPlan(raw, ".", "volley ping");
}
