import { ping, pingedChains } from "../../lib/attack/ping.ts";
import { environmentSecret } from "../../lib/attack/secrets.ts";
import { isTargetUrl } from "../../lib/plan/httpUrl.ts";
import { checkPlan } from "../../lib/plan/load.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { loadPlan } from "../../lib/planfile/loadPlan.ts";
import { type OneTarget, oneLinerPlan } from "../../lib/planfile/oneLiner.ts";
import { pingText } from "../../lib/render/pingText.ts";
import { type OutputOptions, textStyle } from "../terminal.ts";

export type PingOptions = OneTarget & OutputOptions;

/** Sends one request to a URL, or to each target of a plan; the exit code is 1 if a response is not a relay. */
export async function pingAll(target: string, options: PingOptions): Promise<void> {
  const plan = planOf(target, options);
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

function planOf(target: string, options: PingOptions): Plan {
  if (!isTargetUrl(target)) return loadPlan(target, { allowHosts: options.allowHost ?? [] });
  const raw = oneLinerPlan({ ...options, url: target }, { name: "ping", rps: 1, duration: "1s" });
  return checkPlan(raw, ".", "volley ping");
}
