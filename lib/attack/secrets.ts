/** A reference to a secret that cannot be resolved. */
export class SecretError extends Error {
  override readonly name = "SecretError";
}

/** Resolves `env://NAME` from environment variables whose names begin with `prefix`. Throws a SecretError otherwise. */
export function environmentSecret(reference: string, environment: NodeJS.ProcessEnv, prefix = ""): string {
  const name = reference.slice("env://".length);
  if (!name.startsWith(prefix)) {
    throw new SecretError(`${reference} is refused: in a deployment a variable's name begins with ${prefix}`);
  }
  const value = environment[name];
  if (value === undefined) throw new SecretError(`the environment variable ${name} is not set (${reference})`);
  return value;
}
