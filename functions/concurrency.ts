import { GetAccountSettingsCommand, LambdaClient } from "@aws-sdk/client-lambda";

/** How many invocations this account allows at once, of those that no function has reserved for itself. */
export async function availableConcurrency(): Promise<number> {
  const { AccountLimit } = await new LambdaClient().send(new GetAccountSettingsCommand({}));
  return AccountLimit?.UnreservedConcurrentExecutions ?? Number.POSITIVE_INFINITY;
}
