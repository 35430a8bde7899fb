import { environmentSecret, SecretError } from "../lib/attack/secrets.ts";
import { openStore, type Store } from "../lib/results/store.ts";

/** An environment variable that the deployment sets. Throws where it is missing. */
export function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`the environment variable ${name} is not set`);
  return value;
}

/** The store that this deployment keeps its runs in. */
export function deployedStore(): Store {
  return openStore(environment("VOLLEY_STORE"));
}

/** An object that must be there, as JSON. Throws where it is not. */
export async function readJson<T>(store: Store, key: string): Promise<T> {
  const text = await store.get(key);
  if (text === undefined) throw new Error(`there is no ${key} in the store`);
  return JSON.parse(text) as T;
}

/** The value of a reference to a secret. Rejects with a SecretError where there is none. */
export async function deployedSecret(reference: string): Promise<string> {
  if (reference.startsWith("env://")) return environmentSecret(reference, process.env);
  throw new SecretError(
    `${reference} needs a deployment in AWS; on this machine name an environment variable: env://NAME`,
  );
}
