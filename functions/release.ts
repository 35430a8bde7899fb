import { ListExecutionsCommand, SFNClient } from "@aws-sdk/client-sfn";
import { environment } from "./environment.ts";
import { setHosts } from "./fleetGroup.ts";

/** What EventBridge tells of an execution that has ended. */
interface EndedEvent {
  detail?: { executionArn?: string };
}

/**
 * An execution has ended, however it did: when no other is running, the fleet's hosts are given back. The list is
 * eventually consistent and may still have the execution whose end this is.
 */
export async function handler({ detail }: EndedEvent = {}): Promise<{ released: boolean }> {
  const { executions = [] } = await new SFNClient().send(
    new ListExecutionsCommand({ stateMachineArn: environment("VOLLEY_STATE_MACHINE"), statusFilter: "RUNNING" }),
  );
  const others = executions.filter(({ executionArn }) => executionArn !== detail?.executionArn);
  if (others.length > 0) return { released: false };
  await setHosts(environment("VOLLEY_FLEET_GROUP"), 0);
  return { released: true };
}
