import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { hostsThere } from "../fleet/hosts.ts";
import type { Allowance } from "../plan/allowance.ts";
import { Callbacks } from "../stepfunctions/callbacks.ts";
import type { Callback } from "../stepfunctions/task.ts";
import type { Store } from "../store/store.ts";
import type { HostNetwork } from "./hostNetwork.ts";
import { Lifeline } from "./lifeline.ts";

const VOLLEY = fileURLToPath(new URL("../../bin/volley", import.meta.url));

/** How long to wait for the hosts, in ms. */
const MAX_MS = 30_000;

/** What a runner on this machine tells its hosts, besides what is in the store. */
export interface RunnerWord {
  /** Where task tokens are returned. */
  endpoint: string;
  runId: string;
  allowance: Allowance;
}

/** Options of a fleet on this machine. */
export interface FleetOptions {
  hosts: number;
  runId: string;
  store: Store;
  /** The store, as the hosts open it. */
  storeUri: string;
  /** The network that gives each host a separate namespace and address; without it they share the machine's. */
  network: HostNetwork | undefined;
}

/** The hosts of one run on this machine, each a `volley host` process that ends with this one. */
export class LocalFleet {
  readonly #options: FleetOptions;
  readonly #callbacks = new Callbacks();
  #children: ChildProcess[] = [];
  #lifelines: Lifeline[] = [];

  private constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Prepares the hosts' networks, if they have any; the hosts begin later. */
  static async prepare(options: FleetOptions): Promise<LocalFleet> {
    const fleet = new LocalFleet(options);
    const { network } = options;
    if (network) {
      for (const command of fleet.#commands()) await network.start(command, process.env);
      fleet.#children = network.processes.map(({ child }) => child);
    }
    return fleet;
  }

  /** Lets the hosts begin, and waits until all have announced themselves. On timeout, rejects with how many did. */
  async begin(allowance: Allowance): Promise<void> {
    const { network, hosts, runId, store } = this.#options;
    const endpoint = await this.#callbacks.listen(network?.address);
    const word = JSON.stringify({ endpoint, runId, allowance } satisfies RunnerWord);
    if (network) network.release(word);
    else this.#children = this.#commands().map((command) => startHere([...command, word]));
    // A host in its own network reads the word from its standard input first, and the lifeline writes there.
    this.#lifelines = this.#children.map(({ stdin }) => new Lifeline(stdin as Writable));
    const untilMs = Date.now() + MAX_MS;
    for (;;) {
      const there = (await hostsThere(store, Date.now())).filter((host) => host.runId === runId).length;
      if (there >= hosts) return;
      if (Date.now() > untilMs) {
        await this.stop();
        throw new Error(
          `the run needs ${hosts} hosts, and ${there} came within ${MAX_MS / 1_000} s: start more, or lower the rate`,
        );
      }
      await new Promise((done) => setTimeout(done, 100));
    }
  }

  /** Makes a task that waits for a host to return its token. */
  callback(): Callback {
    return this.#callbacks.open();
  }

  /** The hosts' process ids. */
  get pids(): number[] {
    return this.#children.flatMap(({ pid }) => pid ?? []);
  }

  /** Makes the hosts' workers stop sending. */
  stopSending(): void {
    for (const lifeline of this.#lifelines) lifeline.stop();
  }

  /** Kills the hosts; their workers end with them. */
  kill(): void {
    for (const child of this.#children) child.kill("SIGKILL");
  }

  /** Shuts the hosts down cleanly. */
  async stop(): Promise<void> {
    await this.#callbacks.close();
    await Promise.all(this.#children.map(stopHost));
    for (const lifeline of this.#lifelines) lifeline.close();
  }

  /** The hosts' commands, but for the runner's word. */
  #commands(): string[][] {
    const { hosts, storeUri } = this.#options;
    return Array.from({ length: hosts }, (_, index) => {
      return [VOLLEY, "host", "--lifeline", "--store", storeUri, "--name", `host-${index + 1}`, "--runner"];
    });
  }
}

function startHere([program = "", ...args]: readonly string[]): ChildProcess {
  // In a separate process group, so that a terminal's Ctrl-C only reaches the runner.
  return spawn(program, args, { stdio: ["pipe", "ignore", "ignore"], detached: true });
}

async function stopHost(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
  await exited;
  clearTimeout(timer);
}
