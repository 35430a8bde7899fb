import { environmentSecret } from "../../lib/attack/secrets.ts";
import type { Guards } from "../../lib/plan/guards.ts";
import { SECRET_REFERENCE } from "../../lib/plan/placeholders.ts";
import { FLEET_WAIT_MS } from "../../lib/schedule/tempo.ts";
import type { StartTimes } from "../../lib/stages/planRun.ts";
import { type LastWordsPlace, lastWordsPlace } from "../../lib/store/lastWords.ts";
import { openStore, type Store } from "../../lib/store/store.ts";

/** An environment variable that the deployment sets. Throws where it is missing. */
export function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`the environment variable ${name} is not set`);
  return value;
}

/** The store that this deployment keeps its runs in. */
export async function deployedStore(): Promise<Store> {
  return openStore(environment("VOLLEY_STORE"));
}

/** Where a thread that has no store may put an object of this deployment's store. */
export async function deployedPlace(key: string): Promise<LastWordsPlace> {
  return lastWordsPlace(environment("VOLLEY_STORE"), key);
}

/** What this deployment allows; undefined on one machine, where a person's own plan says it. */
export function deployedGuards(): Guards | undefined {
  const { VOLLEY_GUARDS: guards, AWS_LAMBDA_FUNCTION_NAME: lambda } = process.env;
  if (guards !== undefined) return JSON.parse(guards) as Guards;
  // A function that was given no guards allows nothing: a person's machine is no Lambda.
  return lambda === undefined ? undefined : NOTHING_ALLOWED;
}

const NOTHING_ALLOWED: Guards = { allowedHosts: [], maxRps: 0, maxDurationMs: 0, maxWorkers: 0, maxUsd: 0 };

/** How long a plan in fleet mode waits for its hosts, in ms. */
export function fleetWaitMs(): number {
  return Number(process.env.VOLLEY_FLEET_WAIT_MS ?? FLEET_WAIT_MS);
}

/** How long a worker takes to read and check a MB of its plan, in ms: 63 on a core, and a Lambda has a part of one. */
const LEAD_PER_MB_MS = 300;

/** When a run that is planned now is to begin. */
export function startTimes(): StartTimes {
  return {
    nowMs: Date.now(),
    leadMs: Number(environment("VOLLEY_LEAD_MS")),
    leadPerWorkerMs: Number(process.env.VOLLEY_LEAD_PER_WORKER_MS ?? 0),
    leadPerMbMs: Number(process.env.VOLLEY_LEAD_PER_MB_MS ?? LEAD_PER_MB_MS),
    ...(process.env.VOLLEY_CORES && { cores: Number(process.env.VOLLEY_CORES) }),
    ...(process.env.VOLLEY_WORKERS_PER_REDUCER && {
      workersPerReducer: Number(process.env.VOLLEY_WORKERS_PER_REDUCER),
    }),
  };
}

/**
 * The value of a reference to a secret: env:// of this process, secret:// of Secrets Manager, ssm:// of the Parameter
 * Store. Rejects with a SecretError where there is none.
 */
export async function deployedSecret(reference: string): Promise<string> {
  // A deployment's environment holds its role's credentials.
  const prefix = deployedGuards() ? "VOLLEY_SECRET_" : "";
  if (reference.startsWith("env://")) return environmentSecret(reference, process.env, prefix);
  // Loaded where it is used: hardly any plan refers to these.
  const { storedSecret } = await import("./storedSecret.ts");
  return storedSecret(reference);
}

/** A header's value with its references to secrets resolved. Rejects with a SecretError. */
export async function deployedReveal(value: string): Promise<string> {
  const references = new Set(value.match(SECRET_REFERENCE) ?? []);
  const secrets = new Map<string, string>();
  for (const reference of references) secrets.set(reference, await deployedSecret(reference));
  return value.replace(SECRET_REFERENCE, (reference) => secrets.get(reference) ?? reference);
}
