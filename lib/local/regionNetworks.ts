import { execFileSync } from "node:child_process";
import { InputError, type Problem, show } from "../plan/problems.ts";
import { regionsOf } from "../plan/regions.ts";
import type { Plan } from "../plan/schema.ts";
import { HostNetwork } from "./hostNetwork.ts";

/** Packets that a delayed network holds: netem's default of 1,000 would drop them at a few thousand requests per second. */
const MOST_HELD = 100_000;

/** The round-trip time to the gateway that each region's network adds, in ms. */
export type RegionDelays = Readonly<Record<string, number>>;

/** Why a plan's regions cannot have networks with these delays on this machine. */
export function delayProblems(plan: Plan, delays: RegionDelays): Problem[] {
  const regions = regionsOf(plan);
  const problems = Object.keys(delays)
    .filter((name) => !regions.includes(name))
    .map((name): Problem => {
      const expected = regions.length === 0 ? "a plan with regions" : `one of ${regions.join(", ")}`;
      return { where: "--regions", found: show(name), expected };
    });
  if (!plan.gateway) {
    const expected = "the stand-in gateway: other targets cannot be reached from a region's network";
    problems.push({ where: "$.gateway", found: "no gateway in a run with --regions", expected });
  }
  return problems;
}

/** Whether a plan, as it was stored for a run, sends its load to the gateway from networks of regions. */
export function isDelayed(plan: Plan): boolean {
  if (!plan.gateway || regionsOf(plan).length === 0) return false;
  return plan.chains.some(({ targets }) => targets.some(({ url }) => new URL(url).hostname !== "127.0.0.1"));
}

/**
 * A network namespace for each region of a run on this machine, from which the gateway is as far away as the region's
 * delay says. They end with this process.
 */
export class RegionNetworks {
  readonly #network = new HostNetwork();
  readonly #pids = new Map<string, number>();

  /** Rejects with an InputError if this machine cannot have such networks. */
  static async start(delays: RegionDelays): Promise<RegionNetworks> {
    const networks = new RegionNetworks();
    if (!HostNetwork.isPossible()) throw impossible("no network namespaces");
    for (const [region, delayMs] of Object.entries(delays)) await networks.#add(region, delayMs);
    return networks;
  }

  async #add(region: string, delayMs: number): Promise<void> {
    // It is never released: it waits, and holds its namespace, until its standard input is closed.
    await this.#network.start(["true"], {});
    const pid = this.#network.processes.at(-1)?.child.pid ?? 0;
    this.#pids.set(region, pid);
    const inside = ["--target", String(pid), "--net"];
    const netem = ["root", "netem", "delay", `${delayMs}ms`, "limit", String(MOST_HELD)];
    try {
      execFileSync("nsenter", [...inside, "tc", "qdisc", "add", "dev", "eth0", ...netem], { stdio: "pipe" });
    } catch (error) {
      this.stop();
      throw impossible(String((error as { stderr?: Buffer }).stderr ?? error).trim());
    }
  }

  /** The address at which the regions reach servers of this machine. */
  get address(): string {
    return this.#network.address;
  }

  /** The file of a region's network namespace; undefined if it shares the machine's. */
  namespaceOf(region: string | undefined): string | undefined {
    const pid = region === undefined ? undefined : this.#pids.get(region);
    return pid === undefined ? undefined : `/proc/${pid}/ns/net`;
  }

  /** Ends the networks, once nothing runs in them any more. */
  stop(): void {
    for (const { child } of this.#network.processes) child.kill();
  }
}

function impossible(found: string): InputError {
  const expected = "root, unshare, nsenter, ip and tc with netem; without --regions, regions are labels";
  return new InputError("--regions", [{ where: "this machine", found, expected }]);
}
