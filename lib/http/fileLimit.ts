import { readdirSync, readFileSync } from "node:fs";

/**
 * File descriptors reserved for other uses than connections to the target: the store's sockets (the AWS SDK opens up to
 * 50), files being written, DNS lookups, threads.
 */
const RESERVED = 128;

/**
 * How many connections this process can have at once: its open file limit, minus open files and reserved ones. AWS
 * Lambda allows 1,024 files. Infinity if the limit is unknown or there is none.
 */
export function mostConnections(): number {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    return connectionsWithin(limits, readdirSync("/proc/self/fd").length);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** The same, computed from the text of /proc/<pid>/limits and the number of open files. */
export function connectionsWithin(limits: string, open: number): number {
  const [, soft] = /^Max open files +(\d+)/m.exec(limits) ?? [];
  if (soft === undefined) return Number.POSITIVE_INFINITY;
  // Under a very low limit, half of it still goes to connections.
  const left = Number(soft) - open;
  return Math.max(1, left - Math.min(RESERVED, Math.floor(left / 2)));
}
