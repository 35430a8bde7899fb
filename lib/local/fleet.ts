import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Activities } from "../stepfunctions/activities.ts";
import type { HostNetwork } from "./hostNetwork.ts";
import { Lifeline } from "./lifeline.ts";

const VOLLEY = fileURLToPath(new URL("../../bin/volley", import.meta.url));

/** The activity of a fleet on this machine. */
export const LOCAL_ACTIVITY = "arn:aws:states:local:000000000000:activity:volley";

/** How long to wait for the hosts, in ms. */
const MAX_MS = 30_000;

/** Hosts on this machine, each a `volley host` process that ends with this one, and the activity that they poll. */
export interface LocalFleet {
  activities: Activities;
  /** The hosts' process ids. */
  pids: number[];
  /** Makes the hosts' workers stop sending. */
  stopSending(): void;
  /** Kills the hosts; their workers end with them. */
  kill(): void;
  /** Shuts the hosts down cleanly. */
  stop(): Promise<void>;
}

/** Options for starting hosts. */
export interface FleetOptions {
  hosts: number;
  /** The store that they write to. */
  storeUri: string;
  /** The network that gives each host a separate namespace and address; without it they share the machine's. */
  network: HostNetwork | undefined;
}

/** Starts this many hosts, and waits until all of them poll for work. On timeout, rejects with how many did. */
export async function startFleet({ hosts, storeUri, network }: FleetOptions): Promise<LocalFleet> {
  const activities = new Activities(LOCAL_ACTIVITY);
  const commands = Array.from({ length: hosts }, (_, index) => {
    const name = `host-${index + 1}`;
    const where = ["--activity", LOCAL_ACTIVITY, "--store", storeUri];
    return [VOLLEY, "host", "--lifeline", ...where, "--name", name, "--endpoint"];
  });
  const children = network
    ? await startIsolated(network, commands, activities)
    : await startHere(commands, await activities.listen());
  const lifelines = children.map(({ stdin }) => new Lifeline(stdin as Writable));
  const stop = async (): Promise<void> => {
    await activities.close();
    await Promise.all(children.map(stopHost));
    for (const lifeline of lifelines) lifeline.close();
  };
  const untilMs = Date.now() + MAX_MS;
  while (activities.hosts.length < hosts) {
    if (Date.now() > untilMs) {
      const came = activities.hosts.length;
      await stop();
      throw new Error(
        `the run needs ${hosts} hosts, and ${came} came within ${MAX_MS / 1_000} s: start more, or lower the rate`,
      );
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  return {
    activities,
    pids: children.flatMap(({ pid }) => pid ?? []),
    stopSending() {
      for (const lifeline of lifelines) lifeline.stop();
    },
    kill() {
      for (const child of children) child.kill("SIGKILL");
    },
    stop,
  };
}

async function startHere(commands: readonly string[][], endpoint: string): Promise<ChildProcess[]> {
  return commands.map(([program = "", ...args]) =>
    // In a separate process group, so that a terminal's Ctrl-C only reaches the runner.
    spawn(program, [...args, endpoint], { stdio: ["pipe", "ignore", "ignore"], detached: true }),
  );
}

async function startIsolated(
  network: HostNetwork,
  commands: readonly string[][],
  activities: Activities,
): Promise<ChildProcess[]> {
  for (const command of commands) await network.start(command, process.env);
  network.release(await activities.listen(network.address));
  return network.processes.map(({ child }) => child);
}

async function stopHost(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
  await exited;
  clearTimeout(timer);
}
