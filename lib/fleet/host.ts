import { setTimeout as sleep } from "node:timers/promises";
import {
  ActivityDoesNotExist,
  GetActivityTaskCommand,
  InvalidToken,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  type SFNClient,
  TaskTimedOut,
} from "@aws-sdk/client-sfn";
import { HEARTBEAT_MS } from "../schedule/tempo.ts";

/** How long a host waits after an API error before it polls again, in ms. */
const PAUSE_MS = 2_000;

/** A host's external dependencies. */
export interface HostPorts {
  client: SFNClient;
  /** Runs an assignment's handler; aborting the signal ends it. */
  run(input: unknown, signal: AbortSignal): Promise<unknown>;
  /** Reports what the host does. */
  say(text: string): void;
}

/**
 * A host of the fleet: polls an activity for assignments and runs them one at a time. Ends when the signal aborts.
 * Rejects with ActivityDoesNotExist; retries after other API errors.
 */
export async function serveActivity(
  { activityArn, workerName }: { activityArn: string; workerName: string },
  ports: HostPorts,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    let task: { taskToken?: string | undefined; input?: string | undefined };
    try {
      const command = new GetActivityTaskCommand({ activityArn, workerName });
      // A poll waits for up to a minute; the response may take a little longer.
      task = await ports.client.send(command, { abortSignal: signal, requestTimeout: 70_000 });
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ActivityDoesNotExist) throw error;
      ports.say(`cannot ask for a task: ${(error as Error).message}`);
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => {});
      continue;
    }
    if (task.taskToken !== undefined) await runTask(task.taskToken, task.input ?? "{}", ports, signal);
  }
}

async function runTask(
  taskToken: string,
  input: string,
  { client, run, say }: HostPorts,
  signal: AbortSignal,
): Promise<void> {
  const given = new AbortController();
  const heartbeat = setInterval(() => {
    client.send(new SendTaskHeartbeatCommand({ taskToken })).catch((error: Error) => {
      // Another host has the task by now: this one would double the load.
      if (error instanceof TaskTimedOut || error instanceof InvalidToken) given.abort(error);
    });
  }, HEARTBEAT_MS);
  try {
    const output = await run(JSON.parse(input), AbortSignal.any([signal, given.signal]));
    await client.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) }));
    say(`done: ${JSON.stringify(output)}`);
  } catch (error) {
    const { name, message } = error as Error;
    say(`failed: ${name}: ${message}`);
    await client
      .send(new SendTaskFailureCommand({ taskToken, error: name.slice(0, 256), cause: message.slice(0, 4_000) }))
      .catch(() => {
        // The task was abandoned in the meantime.
      });
  } finally {
    clearInterval(heartbeat);
  }
}
