/**
 * How many concurrent invocations this account allows in this function's region, or in another one, without those
 * reserved by functions.
 */
export async function availableConcurrency(region?: string): Promise<number> {
  // Loaded on demand: a run on one machine has no account.
  const { GetAccountSettingsCommand, LambdaClient } = await import("@aws-sdk/client-lambda");
  const { AccountLimit } = await new LambdaClient(region === undefined ? {} : { region }).send(
    new GetAccountSettingsCommand({}),
  );
  return AccountLimit?.UnreservedConcurrentExecutions ?? Number.POSITIVE_INFINITY;
}
