import { setTimeout as sleep } from "node:timers/promises";

/** How long functions may take to be ready again, in ms, and how often they are asked. */
const WAKE_MS = 3 * 60_000;
const ASK_MS = 2_000;

/**
 * Wakes the deployment's functions that Lambda has put to sleep: one in a network that idled for weeks has no interfaces
 * any more, and its first calls fail. Resolves when all are ready, or after three minutes: calls that fail then are made
 * again by the state machine. Does nothing where the deployment names none.
 */
export async function wakeFunctions(): Promise<void> {
  const { VOLLEY_WAKES: names = "" } = process.env;
  if (names === "") return;
  // Loaded where it is used: most deployments have no network of their own.
  const { GetFunctionConfigurationCommand, InvokeCommand, LambdaClient } = await import("@aws-sdk/client-lambda");
  const client = new LambdaClient({ maxAttempts: 2 });
  const untilMs = performance.now() + WAKE_MS;
  const wake = async (FunctionName: string): Promise<void> => {
    while (performance.now() < untilMs) {
      const { State } = await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
      if (State !== "Inactive" && State !== "Pending") return;
      // The call is refused, and that wakes it.
      if (State === "Inactive") await client.send(new InvokeCommand({ FunctionName, Payload: "{}" })).catch(() => {});
      await sleep(ASK_MS);
    }
  };
  await Promise.all(names.split(",").map(wake));
}
