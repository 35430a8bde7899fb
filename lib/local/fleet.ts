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

/** How long the hosts may take to come, in ms. */
const MAX_MS = 30_000;

/** Hosts on this machine, each a process of `volley host` that ends with this one, and the activity that they ask. */
export interface LocalFleet {
  activities: Activities;
  /** The hosts' processes. */
  pids: number[];
  /** Tells the hosts' workers to stop what they send. */
  stopSending(): void;
  /** Kills the hosts; their workers end with them. */
  kill(): void;
  /** Ends the hosts in order. */
  stop(): Promise<void>;
}

/** How hosts are started. */
export interface FleetOptions {
  hosts: number;
  /** The store that they write to. */
  storeUri: string;
  /** The network in which each has a namespace and an address of its own; without it they share the machine's. */
  network: HostNetwork | undefined;
}

/** Starts so many hosts, and waits until all of them ask for work. Rejects with how many came when they do not. */
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
    // In a group of its own, so that a terminal's Ctrl-C reaches the runner alone.
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
