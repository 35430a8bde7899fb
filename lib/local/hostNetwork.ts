import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readlinkSync } from "node:fs";

/** How long a process may take to enter its namespace, in ms. */
const MAX_MS = 5_000;

/**
 * What a process does in its namespace before it becomes the command: it waits for the line that says its network is
 * ready, runs the host's setup, and passes that line to the command as its last argument.
 */
const SCRIPT = `read -r last || exit 1
[ -z "$VOLLEY_HOST_SETUP" ] || eval "$VOLLEY_HOST_SETUP" </dev/null >&2
exec "$@" "$last"`;

/** A process in its own network namespace, with its own address. */
export interface IsolatedProcess {
  child: ChildProcess;
  address: string;
}

/**
 * Processes in separate network namespaces, each joined to this one by a pair of interfaces. Everything disappears with
 * the processes, however they end: no name outlives them.
 */
export class HostNetwork {
  /**
   * The address by which the processes reach servers in this namespace; it exists once the first process has started.
   */
  readonly address: string;
  readonly processes: IsolatedProcess[] = [];
  readonly #subnet: string;

  constructor() {
    // Separate networks for concurrent runs on one machine.
    this.#subnet = `10.83.${process.pid % 256}`;
    this.address = `${this.#subnet}.1`;
  }

  /** Whether namespaces can be created here: on Linux, as root, and not forbidden by a container. */
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

  /** Starts a command in a separate namespace; it begins when `release` passes its last argument. */
  async start(command: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
    const child = spawn("unshare", ["-n", "sh", "-c", SCRIPT, "sh", ...command], {
      env,
      stdio: ["pipe", "ignore", "inherit"],
      // In a separate process group, so that a terminal's Ctrl-C only reaches the runner.
      detached: true,
    });
    // If it dies early, its exit reports that.
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

  /** Lets all processes begin, each with the same last argument. Their standard input stays open for the command. */
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
