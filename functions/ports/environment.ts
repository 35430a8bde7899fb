import { environmentSecret, SecretError } from "../../lib/attack/secrets.ts";
import type { Guards } from "../../lib/plan/guards.ts";
import { SECRET_REFERENCE } from "../../lib/plan/placeholders.ts";
import { FLEET_WAIT_MS } from "../../lib/schedule/tempo.ts";
import type { StartTimes } from "../../lib/stages/planRun.ts";
import { searchOf } from "../../lib/store/keys.ts";
import { type LastWordsPlace, lastWordsPlace } from "../../lib/store/lastWords.ts";
import { openStore, type Store } from "../../lib/store/store.ts";

/** An environment variable set by the deployment. Throws if it is missing. */
export function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`the environment variable ${name} is not set`);
  return value;
}

/** The region of the deployment's store and keys, if this function is in another one. */
function homeRegion(): string | undefined {
  return process.env.VOLLEY_HOME_REGION;
}

/** The store of this deployment's runs. */
export async function deployedStore(): Promise<Store> {
  return openStore(environment("VOLLEY_STORE"), homeRegion());
}

/** Where a thread without a store can put an object in this deployment's store. */
export async function deployedPlace(key: string): Promise<LastWordsPlace> {
  return lastWordsPlace(environment("VOLLEY_STORE"), key, homeRegion());
}

/** The deployment's guards; undefined on a single machine, where the plan itself says what is allowed. */
export function deployedGuards(): Guards | undefined {
  const { VOLLEY_GUARDS: guards, AWS_LAMBDA_FUNCTION_NAME: lambda } = process.env;
  if (guards !== undefined) return JSON.parse(guards) as Guards;
  // A function without guards allows nothing; a person's machine is not a Lambda.
  return lambda === undefined ? undefined : NOTHING_ALLOWED;
}

const NOTHING_ALLOWED: Guards = { allowedHosts: [], maxRps: 0, maxDurationMs: 0, maxWorkers: 0, maxUsd: 0 };

/** How long a plan in fleet mode waits for its hosts, in ms. */
export function fleetWaitMs(): number {
  return Number(process.env.VOLLEY_FLEET_WAIT_MS ?? FLEET_WAIT_MS);
}

/**
 * How long a worker takes to read and check a MB of its plan, in ms: 63 on a full core, and a Lambda has only part of
 * one.
 */
const LEAD_PER_MB_MS = 300;

/** The timing for a run that is planned now. */
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
 * Resolves a reference to a secret: env:// from this process, secret:// from Secrets Manager, ssm:// from the Parameter
 * Store. Rejects with a SecretError if there is none.
 */
export async function deployedSecret(reference: string): Promise<string> {
  // A deployment's environment contains its role's credentials.
  const prefix = deployedGuards() ? "VOLLEY_SECRET_" : "";
  if (reference.startsWith("env://")) return environmentSecret(reference, process.env, prefix);
  // Loaded on demand: hardly any plan refers to these.
  const { storedSecret } = await import("./storedSecret.ts");
  return storedSecret(reference);
}

/** Resolves a reference to a secret. Rejects with a SecretError if it cannot be resolved. */
export type SecretReader = (reference: string) => Promise<string>;

/**
 * Resolves references as a run's worker or its Watch: from what Plan sealed, if it did, and otherwise as
 * `deployedSecret`. Reads and decrypts once.
 */
export function runSecrets(store: Store, runId: string): SecretReader {
  let opened: Promise<Map<string, string> | undefined> | undefined;
  return async (reference) => {
    if (reference.startsWith("env://")) return deployedSecret(reference);
    opened ??= import("./sealedSecrets.ts").then(({ openSecrets }) =>
      openSecrets(store, searchOf(runId) ?? runId, homeRegion()),
    );
    const secrets = await opened;
    if (!secrets) return deployedSecret(reference);
    const value = secrets.get(reference);
    if (value === undefined) throw new SecretError(`${reference} is not among the secrets that Plan read for this run`);
    return value;
  };
}

/** Seals the secrets that a run's plan refers to, if the deployment has a key for that. */
export async function sealForRun(store: Store, runId: string, secrets: ReadonlyMap<string, string>): Promise<void> {
  const { VOLLEY_SEALING_KEY: keyId } = process.env;
  const stored = new Map([...secrets].filter(([reference]) => !reference.startsWith("env://")));
  if (keyId === undefined || stored.size === 0) return;
  const { sealSecrets } = await import("./sealedSecrets.ts");
  await sealSecrets({ store, keyId }, runId, stored);
}

/** Returns a function that resolves the references to secrets in a header's value, and rejects with a SecretError. */
export function revealing(secret: SecretReader): (value: string) => Promise<string> {
  return async (value) => {
    const references = new Set(value.match(SECRET_REFERENCE) ?? []);
    const secrets = new Map<string, string>();
    for (const reference of references) secrets.set(reference, await secret(reference));
    return value.replace(SECRET_REFERENCE, (reference) => secrets.get(reference) ?? reference);
  };
}
