import { setTimeout as sleep } from "node:timers/promises";
import { GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { type InsideInput, lookInside } from "../lib/doctor/inside.ts";
import type { Guards } from "../lib/plan/guards.ts";
import { availableConcurrency } from "./ports/concurrency.ts";
import { deployedSecret, deployedStore, environment, revealing } from "./ports/environment.ts";

/** The state of the workers' function in another region. */
async function workerState(region: string): Promise<string> {
  const FunctionName = environment("VOLLEY_REGION_WORKER");
  const client = new LambdaClient({ region });
  const { State } = await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
  return State ?? "unknown";
}

/** Checks the deployment from inside, for `volley doctor`. */
export async function handler(input: InsideInput) {
  return lookInside(input, {
    store: await deployedStore(),
    guards: JSON.parse(environment("VOLLEY_GUARDS")) as Guards,
    concurrency: availableConcurrency,
    workerState,
    secret: deployedSecret,
    reveal: revealing(deployedSecret),
    sleep,
  });
}
