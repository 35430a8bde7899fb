/** How many invocations this account allows at once, of those that no function has reserved for itself. */
export async function availableConcurrency(): Promise<number> {
  // Loaded where it is used: on one machine there is no account.
  const { GetAccountSettingsCommand, LambdaClient } = await import("@aws-sdk/client-lambda");
  const { AccountLimit } = await new LambdaClient().send(new GetAccountSettingsCommand({}));
  return AccountLimit?.UnreservedConcurrentExecutions ?? Number.POSITIVE_INFINITY;
}
