import { setTimeout as sleep } from "node:timers/promises";
import { ListExecutionsCommand, SFNClient } from "@aws-sdk/client-sfn";
import { environment } from "./ports/environment.ts";
import { setHosts } from "./ports/fleetGroup.ts";

/** How long the list of executions may lack one that has just been started, in ms. */
const LIST_LAG_MS = 20_000;

/** What EventBridge sends: an execution that has ended, or a schedule's event, which names none. */
interface ReleaseEvent {
  detail?: { executionArn?: string };
}

/**
 * Gives the fleet's hosts back when no execution is running. The list is eventually consistent: it may still have the
 * execution whose end this is, and may lack one that was just started and waits for hosts, so it is read twice.
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
