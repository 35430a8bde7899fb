/** How many concurrent invocations this account allows, without those reserved by functions. */
export async function availableConcurrency(): Promise<number> {
  // Loaded on demand: a run on one machine has no account.
  const { GetAccountSettingsCommand, LambdaClient } = await import("@aws-sdk/client-lambda");
  const { AccountLimit } = await new LambdaClient().send(new GetAccountSettingsCommand({}));
  return AccountLimit?.UnreservedConcurrentExecutions ?? Number.POSITIVE_INFINITY;
}
