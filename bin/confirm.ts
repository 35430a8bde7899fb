import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { isLoopback, originsOf } from "../lib/plan/hosts.ts";
import { InputError } from "../lib/plan/problems.ts";
import type { Plan } from "../lib/plan/schema.ts";
import { stoppedBy } from "./exitCodes.ts";

/** Above this rate, in requests per second over all chains, a person must confirm the load on a host. */
const CONFIRM_ABOVE_RPS = 1_000;

/**
 * Makes sure that a person intends a high rate on hosts other than this machine: with `--yes`, or by typing the host's
 * name. Throws an InputError without confirmation.
 */
export async function confirmLoad(plan: Plan, path: string, yes: boolean): Promise<void> {
  const rps = plan.chains.reduce((sum, chain) => sum + chain.rps, 0);
  const origins = plan.gateway
    ? []
    : plan.chains.flatMap(({ targets, data }) => targets.flatMap(({ url }) => originsOf(url, data)));
  const hosts = [...new Set(origins.map((origin) => new URL(origin).hostname))].filter((host) => !isLoopback(host));
  if (yes || rps <= CONFIRM_ABOVE_RPS || hosts.length === 0) return;
  const [host = ""] = hosts;
  const found = `${rps} requests/s to ${hosts.join(", ")}`;
  const refused = (expected: string): InputError => new InputError(path, [{ where: "$.chains", found, expected }]);
  if (!process.stdin.isTTY) throw refused("--yes, to say that this is meant");
  const question = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C, or the end of the input, leaves the question unanswered and the line unfinished.
  const closed = once(question, "close").then(() => undefined);
  const asked = question.question(`${found}: type ${host} to go on: `).catch(() => undefined);
  const answer = await Promise.race([asked, closed]);
  question.close();
  if (answer === undefined) {
    process.stderr.write("\nnothing was sent\n");
    process.exit(stoppedBy("SIGINT"));
  }
  if (answer.trim() !== host) throw refused(`${host} typed, to say that this is meant`);
}
