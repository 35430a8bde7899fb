/** A reference to a secret that cannot be resolved. */
export class SecretError extends Error {
  override readonly name = "SecretError";
}

/** Resolves `env://NAME` from environment variables. Throws a SecretError where there is none. */
export function environmentSecret(reference: string, environment: NodeJS.ProcessEnv): string {
  const name = reference.slice("env://".length);
  const value = environment[name];
  if (value === undefined) throw new SecretError(`the environment variable ${name} is not set (${reference})`);
  return value;
}
