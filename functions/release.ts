import { ListExecutionsCommand, SFNClient } from "@aws-sdk/client-sfn";
import { environment } from "./environment.ts";
import { setHosts } from "./fleetGroup.ts";

/** An execution has ended, however it did: when no other is running, the fleet's hosts are given back. */
export async function handler(): Promise<{ released: boolean }> {
  const { executions = [] } = await new SFNClient().send(
    new ListExecutionsCommand({
      stateMachineArn: environment("VOLLEY_STATE_MACHINE"),
      statusFilter: "RUNNING",
      maxResults: 1,
    }),
  );
  if (executions.length > 0) return { released: false };
  await setHosts(environment("VOLLEY_FLEET_GROUP"), 0);
  return { released: true };
}
