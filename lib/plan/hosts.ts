import { BlockList, isIP } from "node:net";
import type { Problem } from "./problems.ts";
import type { Plan } from "./schema.ts";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

const LINK_LOCAL = new BlockList();
LINK_LOCAL.addSubnet("169.254.0.0", 16, "ipv4");
LINK_LOCAL.addSubnet("fe80::", 10, "ipv6");

function isIn(list: BlockList, host: string): boolean {
  const address = host.replace(/^\[|\]$/g, "");
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 6 ? "ipv6" : "ipv4");
}

/** Whether a URL's host is this machine itself: `localhost` or a loopback address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || isIn(LOOPBACK, host);
}

/** Whether a name must not lead to an address: link-local never, loopback only for a name that says so. */
export function isForbiddenAddress(host: string, address: string): boolean {
  return isIn(LINK_LOCAL, address) || (isIn(LOOPBACK, address) && !isLoopback(host));
}

/** Whether a host is allowed by a list of exact names and wildcards such as `*.example.com`. */
export function matchesHost(host: string, allowed: readonly string[]): boolean {
  return allowed.some((each) =>
    each.startsWith("*.")
      ? host.toLowerCase().endsWith(each.slice(1).toLowerCase())
      : host.toLowerCase() === each.toLowerCase(),
  );
}

/**
 * A problem for each host that the plan would load without leave. Loopback is always allowed; link-local addresses
 * never are, for the metadata services of clouds live there.
 */
export function hostProblems(plan: Pick<Plan, "chains" | "allowedHosts">): Problem[] {
  const problems = new Map<string, Problem>();
  for (const [index, chain] of plan.chains.entries()) {
    for (const target of chain.targets) {
      const host = new URL(target.url).hostname;
      const where = `$.chains[${index}].targets`;
      if (isIn(LINK_LOCAL, host)) {
        const expected = "a host that is not link-local (metadata services are never a target)";
        problems.set(host, { where, found: `the host ${host}`, expected });
      } else if (!isLoopback(host) && !matchesHost(host, plan.allowedHosts) && !problems.has(host)) {
        const expected = `loopback, or leave to load it: "allowedHosts": ["${host}"] in the plan, or --allow-host ${host}`;
        problems.set(host, { where, found: `the host ${host}`, expected });
      }
    }
  }
  return [...problems.values()];
}
