import { setTimeout as sleep } from "node:timers/promises";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { SecretError } from "../../lib/attack/secrets.ts";

/**
 * How long to retry a store that throttles or fails, in ms: the Parameter Store serves 40 requests per second, and a
 * thousand workers ask at the same time.
 */
const PATIENCE_MS = 60_000;

/** The pause before the n-th try is random, below both `FIRST_PAUSE_MS` × 2^n and `LONGEST_PAUSE_MS`. */
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 4_000;

/** Names of transient errors of AWS's services, besides HTTP 5xx. */
const PASSING =
  /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|ServiceUnavailable|InternalS|Timeout|ECONN|EPIPE/;

/**
 * The value of a secret:// or ssm:// reference. Rejects with a SecretError that contains the reference, but never the
 * value.
 */
export async function storedSecret(reference: string): Promise<string> {
  const [, kind, name = ""] = /^(\w+):\/\/(.+)$/.exec(reference) ?? [];
  try {
    const value = await patiently(() => (kind === "ssm" ? parameter(name) : secret(name)));
    if (value !== undefined) return value;
  } catch (error) {
    throw new SecretError(`${reference} cannot be read: ${(error as Error).name}: ${(error as Error).message}`);
  }
  throw new SecretError(`${reference} has no text`);
}

/** Retries until there is a response or a permanent error, with random pauses that spread out concurrent callers. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  const untilMs = performance.now() + PATIENCE_MS;
  for (let tries = 0; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      const pauseMs = Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries);
      if (!passes(error) || performance.now() + pauseMs > untilMs) throw error;
      await sleep(pauseMs);
    }
  }
}

function passes(error: unknown): boolean {
  const { name, code, $metadata } = error as { name?: string; code?: string; $metadata?: { httpStatusCode?: number } };
  return PASSING.test(`${name} ${code}`) || ($metadata?.httpStatusCode ?? 0) >= 500;
}

// We retry ourselves: the SDK gives up after three tries.
const ONCE = { maxAttempts: 1 };

async function secret(name: string): Promise<string | undefined> {
  const client = new SecretsManagerClient(ONCE);
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: name }));
  client.destroy();
  return SecretString;
}

async function parameter(name: string): Promise<string | undefined> {
  const client = new SSMClient(ONCE);
  const command = new GetParameterCommand({ Name: `/${name.replace(/^\/+/, "")}`, WithDecryption: true });
  const { Parameter } = await client.send(command);
  client.destroy();
  return Parameter?.Value;
}
