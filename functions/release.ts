import { setTimeout as sleep } from "node:timers/promises";
import { ListExecutionsCommand, SFNClient } from "@aws-sdk/client-sfn";
import { environment } from "./ports/environment.ts";
import { setHosts } from "./ports/fleetGroup.ts";

/** How long the list of executions may miss one that has just started, in ms. */
const LIST_LAG_MS = 20_000;

/** EventBridge's event: an execution that has ended, or a schedule's event, which names none. */
interface ReleaseEvent {
  detail?: { executionArn?: string };
}

/**
 * Releases the fleet's hosts when no execution is running. The list is eventually consistent: it may still contain the
 * execution that has just ended, and may miss one that has just started and is waiting for hosts, so it is read twice.
 */
export async function handler({ detail }: ReleaseEvent = {}): Promise<{ released: boolean }> {
  if (await isRunning(detail?.executionArn)) return { released: false };
  await sleep(Number(process.env.VOLLEY_LIST_LAG_MS ?? LIST_LAG_MS));
  if (await isRunning(detail?.executionArn)) return { released: false };
  await setHosts(environment("VOLLEY_FLEET_GROUP"), 0);
  return { released: true };
}

/** Whether an execution other than `ended` is running. */
async function isRunning(ended: string | undefined): Promise<boolean> {
  const { executions = [] } = await new SFNClient().send(
    new ListExecutionsCommand({ stateMachineArn: environment("VOLLEY_STATE_MACHINE"), statusFilter: "RUNNING" }),
  );
  return executions.some(({ executionArn }) => executionArn !== ended);
}
