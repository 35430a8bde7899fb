import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readlinkSync } from "node:fs";

/** How long a process may take to come into a namespace of its own, in ms. */
const MAX_MS = 5_000;

/**
 * What a process does in its namespace before it becomes the command: it waits for the line with which its network is
 * ready, runs what the host is to be set up with, and gives the rest of the line to the command as its last argument.
 */
const SCRIPT = `read -r last || exit 1
[ -z "$VOLLEY_HOST_SETUP" ] || eval "$VOLLEY_HOST_SETUP" </dev/null >&2
exec "$@" "$last"`;

/** A process in a network namespace of its own, with an address of its own. */
export interface IsolatedProcess {
  child: ChildProcess;
  address: string;
}

/**
 * Processes each in a network namespace of its own, joined to this one by a pair of interfaces. Everything is gone with
 * the processes, however they end: nothing of it has a name that outlives them.
 */
export class HostNetwork {
  /** The address by which the processes reach servers in this namespace; there once one of them is. */
  readonly address: string;
  readonly processes: IsolatedProcess[] = [];
  readonly #subnet: string;

  constructor() {
    // Two runs on one machine have two networks.
    this.#subnet = `10.83.${process.pid % 256}`;
    this.address = `${this.#subnet}.1`;
  }

  /** Whether namespaces can be made here: Linux, root, and not forbidden by a container. */
  static isPossible(): boolean {
    if (process.getuid?.() !== 0) return false;
    try {
      execFileSync("unshare", ["-n", "ip", "link", "add", "one0", "type", "veth", "peer", "name", "two0"], {
        stdio: "ignore",
      });
      return true;
    } catch {
      return false;
    }
  }

  /** Starts a command in a namespace of its own; it begins when `release` gives it its last argument. */
  async start(command: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
    const child = spawn("unshare", ["-n", "sh", "-c", SCRIPT, "sh", ...command], {
      env,
      stdio: ["pipe", "ignore", "inherit"],
      // In a group of its own, so that a terminal's Ctrl-C reaches the runner alone.
      detached: true,
    });
    // One that dies early is told by its exit.
    child.stdin?.on("error", () => {});
    const number = this.processes.length;
    const address = `${this.#subnet}.${number + 10}`;
    this.processes.push({ child, address });
    await namespaceOf(child);
    this.#join(child.pid ?? 0, number, address);
  }

  #join(pid: number, number: number, address: string): void {
    const here = `vly${process.pid % 100_000}-${number}`;
    const ip = (...args: string[]): void => void execFileSync("ip", args);
    const inside = (...args: string[]): void =>
      void execFileSync("nsenter", ["--target", String(pid), "--net", "ip", ...args]);
    ip("link", "add", here, "type", "veth", "peer", "name", "eth0", "netns", String(pid));
    ip("addr", "add", `${this.address}/32`, "dev", here);
    ip("link", "set", here, "up");
    inside("link", "set", "lo", "up");
    inside("addr", "add", `${address}/32`, "dev", "eth0");
    inside("link", "set", "eth0", "up");
    inside("route", "add", this.address, "dev", "eth0", "scope", "link");
    ip("route", "add", `${address}/32`, "dev", here);
  }

  /** Lets all processes begin, each with the same last argument. Their standard input stays open, and is theirs. */
  release(lastArgument: string): void {
    for (const { child } of this.processes) child.stdin?.write(`${lastArgument}\n`);
  }
}

async function namespaceOf({ pid }: ChildProcess): Promise<void> {
  const own = readlinkSync("/proc/self/ns/net");
  const untilMs = performance.now() + MAX_MS;
  while (performance.now() < untilMs) {
    try {
      if (readlinkSync(`/proc/${pid}/ns/net`) !== own) return;
    } catch {
      throw new Error("a host's process ended before it had its network: unshare, ip and nsenter are needed");
    }
    await new Promise((done) => setTimeout(done, 10));
  }
  throw new Error("a host's process did not come into its namespace");
}
