import {
  InvalidToken,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  TaskDoesNotExist,
  TaskTimedOut,
} from "@aws-sdk/client-sfn";
import type { Left } from "../results/left.ts";
import { HEARTBEAT_MS } from "../schedule/tempo.ts";
import { leftKey } from "../store/keys.ts";
import type { HostPorts } from "./host.ts";
import type { HostTask } from "./tasks.ts";

/** The error with which a host that leaves returns its task; the definition tries it again. */
const LEAVES = "Volley.HostLeaves";

/**
 * How long the worker of a host that leaves goes on if no other host takes over, in ms. The state machine then still waits
 * for another host, for up to 18 s: when a run has its report, no worker sends.
 */
const SUCCESSOR_MS = 15_000;

/** The host that runs a task. */
interface Runner {
  name: string;
  /** Aborts when the host is stopped. */
  signal: AbortSignal;
}

/**
 * Runs a claimed task, with heartbeats, and returns its token with the result or the error. Returns whether it ran: a
 * task whose token has expired does not, because another host has the assignment by now.
 */
export async function runTask(task: HostTask, ports: HostPorts, runner: Runner): Promise<boolean> {
  const running = new RunningTask(task, ports, runner);
  return running.run();
}

class RunningTask {
  readonly #task: HostTask;
  readonly #ports: HostPorts;
  readonly #runner: Runner;
  /** Aborts when the worker must end although the host goes on. */
  readonly #ended = new AbortController();
  #heartbeat: NodeJS.Timeout | undefined;
  #successor: NodeJS.Timeout | undefined;
  #isOver = false;
  #givingBack: Promise<void> | undefined;

  constructor(task: HostTask, ports: HostPorts, runner: Runner) {
    this.#task = task;
    this.#ports = ports;
    this.#runner = runner;
  }

  async run(): Promise<boolean> {
    const { client, leaving, say } = this.#ports;
    const { taskToken, input } = this.#task;
    await this.#beat();
    if (this.#ended.signal.aborted) return false;
    this.#heartbeat = setInterval(() => void this.#beat(), HEARTBEAT_MS);
    void leaving?.then(({ atMs }) => this.#leave(atMs));
    try {
      const output = await this.#ports.run(input, AbortSignal.any([this.#runner.signal, this.#ended.signal]));
      this.#isOver = true;
      say(`done: ${JSON.stringify(output)}`);
      if (this.#givingBack) return true;
      await client.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) }));
    } catch (error) {
      this.#isOver = true;
      const { name, message } = error as Error;
      say(`failed: ${name}: ${message}`);
      if (this.#givingBack) return true;
      if (this.#runner.signal.aborted) this.#givingBack = this.#giveBack("stopped");
      else await this.#fail(name, message);
    } finally {
      clearInterval(this.#heartbeat);
      clearTimeout(this.#successor);
      await this.#givingBack;
    }
    return true;
  }

  async #beat(): Promise<void> {
    const { taskToken } = this.#task;
    await this.#ports.client.send(new SendTaskHeartbeatCommand({ taskToken })).catch((error: Error) => {
      // Another host has the task by now: this one would double the load.
      if (isOver(error)) this.#ended.abort(error);
    });
  }

  /** Gives the task back if it would not be done before the host is taken away. */
  #leave(atMs: number): void {
    const { invokeAt, timeoutSeconds } = this.#task.input.assignment;
    if (this.#isOver || Date.parse(invokeAt) + timeoutSeconds * 1_000 <= atMs) return;
    // The worker goes on until its successor takes the next lease.
    this.#successor = setTimeout(() => this.#ended.abort(new Error("no other host took over")), SUCCESSOR_MS);
    this.#givingBack = this.#giveBack("spot");
  }

  async #giveBack(why: Left["why"]): Promise<void> {
    clearInterval(this.#heartbeat);
    const { runId, assignment } = this.#task.input;
    const left: Left = { host: this.#runner.name, why };
    const key = leftKey(runId, assignment.id, Date.now());
    await this.#ports.store.put(key, JSON.stringify(left)).catch(() => {});
    await this.#fail(LEAVES, `${left.host} leaves: ${why}`);
  }

  async #fail(error: string, cause: string): Promise<void> {
    const { taskToken } = this.#task;
    await this.#ports.client
      .send(new SendTaskFailureCommand({ taskToken, error: error.slice(0, 256), cause: cause.slice(0, 4_000) }))
      .catch(() => {
        // The task was given up meanwhile.
      });
  }
}

function isOver(error: Error): boolean {
  return error instanceof TaskTimedOut || error instanceof InvalidToken || error instanceof TaskDoesNotExist;
}
