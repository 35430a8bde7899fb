import { Agent } from "node:https";
import { environment } from "./environment.ts";

/** How long a call may take, in ms: as long as a Lambda lives. */
const CALL_MS = 900_000;

/** How often TCP shows that a silent connection is in use, in ms: networks forget one after some minutes. */
const KEEP_ALIVE_MS = 30_000;

/**
 * Calls a deployment's worker in another region once, and resolves with its answer. Rejects with the worker's error under
 * its name, as Step Functions names it.
 */
export async function callWorker(region: string, payload: unknown): Promise<unknown> {
  const { InvokeCommand, LambdaClient } = await import("@aws-sdk/client-lambda");
  const httpsAgent = new Agent({ keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS });
  // A second call could reach a worker that runs: the state machine decides about that.
  const client = new LambdaClient({ region, maxAttempts: 1, requestHandler: { requestTimeout: CALL_MS, httpsAgent } });
  const FunctionName = environment("VOLLEY_REGION_WORKER");
  try {
    const answer = await client.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(payload) }));
    const result: unknown = JSON.parse(answer.Payload?.transformToString() || "null");
    if (answer.FunctionError === undefined) return result;
    const { errorType = "Lambda.Unknown", errorMessage = "" } = result as { errorType?: string; errorMessage?: string };
    throw Object.assign(new Error(errorMessage), { name: errorType });
  } finally {
    client.destroy();
  }
}
