import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Activities } from "./activities.ts";

const VOLLEY = fileURLToPath(new URL("../../bin/volley", import.meta.url));

/** The activity of a fleet on this machine. */
export const LOCAL_ACTIVITY = "arn:aws:states:local:000000000000:activity:volley";

/** How long the hosts may take to come, in ms. */
const MOST_MS = 30_000;

/** Hosts on this machine, each a process of `volley host`, and the activity that they ask. */
export interface LocalFleet {
  activities: Activities;
  /** The hosts' processes. */
  pids: number[];
  stop(): Promise<void>;
}

/** Starts so many hosts, and waits until all of them ask for work. Rejects with how many came when they do not. */
export async function startFleet(hosts: number, storeUri: string): Promise<LocalFleet> {
  const activities = new Activities(LOCAL_ACTIVITY);
  const endpoint = await activities.listen();
  const args = ["host", "--activity", LOCAL_ACTIVITY, "--store", storeUri, "--endpoint", endpoint];
  const children = Array.from(
    { length: hosts },
    (_, index): ChildProcess =>
      // In a group of its own, so that a terminal's Ctrl-C reaches the runner alone.
      spawn(VOLLEY, [...args, "--name", `host-${index + 1}`], { stdio: "ignore", detached: true }),
  );
  const stop = async (): Promise<void> => {
    await activities.close();
    await Promise.all(children.map(stopHost));
  };
  const untilMs = Date.now() + MOST_MS;
  while (activities.hosts.length < hosts) {
    if (Date.now() > untilMs) {
      const came = activities.hosts.length;
      await stop();
      throw new Error(
        `the run needs ${hosts} hosts, and ${came} came within ${MOST_MS / 1_000} s: start more, or lower the rate`,
      );
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  return { activities, pids: children.flatMap(({ pid }) => pid ?? []), stop };
}

async function stopHost(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
  await exited;
  clearTimeout(timer);
}
