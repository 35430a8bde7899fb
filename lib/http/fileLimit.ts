import { readdirSync, readFileSync } from "node:fs";

/**
 * Files that a worker keeps for other things than connections to the target: the store's sockets (the AWS SDK opens up
 * to 50), files that are written, look-ups of names, threads.
 */
const RESERVED = 128;

/**
 * How many connections this process can have at once: its limit of open files, less those that it has open and those
 * that it keeps free. AWS Lambda allows 1,024 files. Infinity where the limit is not known or there is none.
 */
export function mostConnections(): number {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    return connectionsWithin(limits, readdirSync("/proc/self/fd").length);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** The same, from the text of /proc/<pid>/limits and the number of files that are open. */
export function connectionsWithin(limits: string, open: number): number {
  const [, soft] = /^Max open files +(\d+)/m.exec(limits) ?? [];
  if (soft === undefined) return Number.POSITIVE_INFINITY;
  // Under a very low limit half of it still goes to connections.
  const left = Number(soft) - open;
  return Math.max(1, left - Math.min(RESERVED, Math.floor(left / 2)));
}
