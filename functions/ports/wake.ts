import { setTimeout as sleep } from "node:timers/promises";

/** How long functions may take to become active again, in ms, and how often they are polled. */
const WAKE_MS = 3 * 60_000;
const ASK_MS = 2_000;

/**
 * Wakes the deployment's functions that Lambda has made inactive: after weeks of idling, a function in a network loses
 * its network interfaces, and its first calls fail. Resolves when all are active, or after three minutes; the state
 * machine retries calls that still fail. Does nothing if the deployment names no functions.
 */
export async function wakeFunctions(): Promise<void> {
  const { VOLLEY_WAKES: names = "" } = process.env;
  if (names === "") return;
  // Loaded on demand: most deployments have no separate network.
  const { GetFunctionConfigurationCommand, InvokeCommand, LambdaClient } = await import("@aws-sdk/client-lambda");
  const client = new LambdaClient({ maxAttempts: 2 });
  const untilMs = performance.now() + WAKE_MS;
  const wake = async (FunctionName: string): Promise<void> => {
    while (performance.now() < untilMs) {
      const { State } = await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
      if (State !== "Inactive" && State !== "Pending") return;
      // The call is rejected, but wakes the function.
      if (State === "Inactive") await client.send(new InvokeCommand({ FunctionName, Payload: "{}" })).catch(() => {});
      await sleep(ASK_MS);
    }
  };
  await Promise.all(names.split(",").map(wake));
}
