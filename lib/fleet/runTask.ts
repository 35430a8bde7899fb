import {
  InvalidToken,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  TaskDoesNotExist,
  TaskTimedOut,
} from "@aws-sdk/client-sfn";
import { HEARTBEAT_MS } from "../schedule/tempo.ts";
import type { HostPorts } from "./host.ts";
import type { HostTask } from "./tasks.ts";

/** The error with which a host that is about to be taken away returns its task; the definition tries it again. */
const LEAVES = "Volley.HostLeaves";

/**
 * Runs a claimed task, with heartbeats, and returns its token with the result or the error. Returns whether it ran: a
 * task whose token has expired does not, because another host has the assignment by now.
 */
export async function runTask(
  { taskToken, input }: HostTask,
  { client, run, say, leaving }: HostPorts,
  signal: AbortSignal,
): Promise<boolean> {
  const given = new AbortController();
  const beat = (): Promise<unknown> =>
    client.send(new SendTaskHeartbeatCommand({ taskToken })).catch((error: Error) => {
      // Another host has the task by now: this one would double the load.
      if (isOver(error)) given.abort(error);
    });
  await beat();
  if (given.signal.aborted) return false;
  const heartbeat = setInterval(() => void beat(), HEARTBEAT_MS);
  let isHandedOver = false;
  void leaving?.then(async () => {
    isHandedOver = true;
    // The worker goes on until its successor takes the next lease.
    clearInterval(heartbeat);
    await fail(client, taskToken, LEAVES, "the host is about to be taken away");
  });
  try {
    const output = await run(input, AbortSignal.any([signal, given.signal]));
    if (!isHandedOver) await client.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) }));
    say(`done: ${JSON.stringify(output)}`);
  } catch (error) {
    const { name, message } = error as Error;
    say(`failed: ${name}: ${message}`);
    if (!isHandedOver) await fail(client, taskToken, signal.aborted ? LEAVES : name, message);
  } finally {
    clearInterval(heartbeat);
  }
  return true;
}

function isOver(error: Error): boolean {
  return error instanceof TaskTimedOut || error instanceof InvalidToken || error instanceof TaskDoesNotExist;
}

async function fail(client: HostPorts["client"], taskToken: string, error: string, cause: string): Promise<void> {
  await client
    .send(new SendTaskFailureCommand({ taskToken, error: error.slice(0, 256), cause: cause.slice(0, 4_000) }))
    .catch(() => {
      // The task was given up meanwhile.
    });
}
